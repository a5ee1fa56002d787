//! The example on the official SDK: its folder is in `COLDSPARK_TEST_OUTSIDE`.

use aws_server::{Reply, Server};
use coldspark_emulator::script;
use coldspark_emulator::skipped;
use serde_json::json;

use super::{common, function, push, restored, snap_start, snapshots, start};
use common::{Function, wait_disconnected};

const ITEM: &str = r#"{"Item":{"article":{"S":"rope"},"price":{"N":"350"}}}"#;

/// The example with this server for DynamoDB; None, with a word, where it is not built.
fn example(server: &Server) -> Option<Function> {
    if common::outside("sdk").is_none() {
        skipped("examples/sdk is not built, or COLDSPARK_TEST_OUTSIDE does not say where");
        return None;
    }
    let function = function("sdk")
        .handler("price")
        .env("AWS_REGION", "eu-central-1")
        // The SDK looks at it before it passes the trace on.
        .env("AWS_LAMBDA_FUNCTION_NAME", "sdk");
    // The one of the service comes first.
    let function = function.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    Some(function.env("AWS_ENDPOINT_URL_DYNAMODB", server.url()))
}

fn dynamodb() -> Server {
    Server::start(None, |_| Reply::json(200, ITEM))
}

#[test]
fn it_answers_and_notices_connections_that_were_closed() {
    let server = dynamodb();
    let Some(function) = example(&server) else {
        return;
    };
    let function = function
        .env("AWS_ACCESS_KEY_ID", "A")
        .env("AWS_SECRET_ACCESS_KEY", "S");
    let session = start(function, &json!("rope"));
    for number in 1..=5 {
        let answer = &session.requests(2 * number + 1)[2 * number - 1];
        assert_eq!(answer.json(), json!({ "article": "rope", "price": 350 }));
        server.close_connections();
        wait_disconnected(&server.address());
        push(&session, &json!("rope"));
    }
    session.requests(13);
    let requests = server.requests();
    // None was made twice.
    assert_eq!((requests.len(), server.connections()), (6, 6));
    assert_eq!(
        requests[0].header("x-amzn-trace-id"),
        Some(script::TRACE_ID)
    );
}

#[test]
fn a_restore_brings_it_new_credentials() {
    let server = dynamodb();
    let Some(function) = example(&server) else {
        return;
    };
    let credentials = snapshots::endpoint(300);
    let function = function
        .env("AWS_ACCESS_KEY_ID", "OLD")
        .env("AWS_SECRET_ACCESS_KEY", "OLD");
    let function = snap_start(function, format!("{}/x", credentials.url()));
    let _session = restored(function, &json!("rope"), 2);
    let keys = snapshots::keys(&server);
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| key.starts_with("KEY")), "{keys:?}");
}
