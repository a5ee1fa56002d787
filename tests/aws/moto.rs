//! Calls of services that others wrote: moto's.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::oracles::python;
use super::others::Running;
use super::{common, fixture, push, start};

pub(crate) fn moto(python: &Path) -> Running {
    Running::start(|port| {
        let mut command = Command::new(python.with_file_name("moto_server"));
        command
            .args(["-H", "127.0.0.1", "-p", port])
            .stderr(Stdio::null());
        command
    })
}

#[test]
fn services_of_moto_understand_the_calls() {
    let Some(python) = python("moto") else { return };
    let moto = moto(&python);
    let calls = [
        (
            0,
            "CreateTable",
            json!({ "TableName": "t", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "k", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "k", "KeyType": "HASH" }] }),
        ),
        (
            0,
            "PutItem",
            json!({ "TableName": "t", "Item": { "k": { "S": "a" }, "v": { "N": "7" } } }),
        ),
        (
            0,
            "GetItem",
            json!({ "TableName": "t", "Key": { "k": { "S": "a" } } }),
        ),
        (1, "CreateQueue", json!({ "QueueName": "q" })),
        (1, "ListQueues", json!({})),
        (
            2,
            "CreateSecret",
            json!({ "Name": "shop", "SecretString": "hidden" }),
        ),
        (
            3,
            "PutParameter",
            json!({ "Name": "p", "Value": "v", "Type": "SecureString" }),
        ),
        (4, "CreateKey", json!({})),
        (
            5,
            "PutEvents",
            json!({ "Entries": [{ "Source": "s", "DetailType": "t", "Detail": "{}" }] }),
        ),
        (6, "ListStateMachines", json!({})),
        (7, "ListStreams", json!({})),
        (8, "ListDeliveryStreams", json!({})),
        (9, "CreateLogGroup", json!({ "logGroupName": "g" })),
    ];
    let session = start(
        fixture(&moto.url()),
        &json!({ "call": [0, "ListTables", {}] }),
    );
    for (service, operation, input) in &calls {
        push(&session, &json!({ "call": [service, operation, input] }));
    }
    for event in [
        json!({ "secret": "shop" }),
        json!({ "parameter": "p" }),
        json!({ "call": [0, "GetItem", { "TableName": "none", "Key": {} }] }),
        json!({ "request": { "service": 10, "method": "GET", "path": "/2015-03-31/functions/" } }),
    ] {
        push(&session, &event);
    }
    let count = calls.len() + 5;
    let requests = session.requests(2 * count + 1);
    let answer = |number: usize| &requests[2 * number + 1];
    for (number, (_, operation, _)) in calls.iter().enumerate() {
        let answer = answer(number + 1);
        assert!(
            answer.path.ends_with("/response"),
            "{operation}: {}",
            answer.text()
        );
    }
    assert_eq!(answer(3).json()["Item"]["v"]["N"], "7");
    assert_eq!(answer(count - 4).json(), "hidden");
    assert_eq!(answer(count - 3).json(), "v");
    common::failure(answer(count - 2), "event").assert_says(&["DynamoDB GetItem"]);
    assert_eq!(answer(count - 1).json()["status"], 200);
}
