//! The example for S3, against moto, and against a server with a large object: the example's folder is in
//! `COLDSPARK_TEST_OUTSIDE`.

mod large;

use std::fs;

use coldspark_emulator::{script, skipped};
use serde_json::json;

use super::moto::moto;
use super::oracles::python;
use super::{Function, Session, common, function, push, start};

/// Far more than the function may need for it.
const BYTES: usize = 64 << 20;
const MOST_KB: u64 = 24 << 10;

/// The example, with a bucket at this URL.
fn example(url: &str) -> Function {
    function("s3")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ENDPOINT_URL_S3", url)
        .env("AWS_ACCESS_KEY_ID", "A")
        .env("AWS_SECRET_ACCESS_KEY", "S")
        .env("AWS_SESSION_TOKEN", "T")
        .env("BUCKET", "bucket")
}

/// Looks at the largest resident memory that the function has had.
#[track_caller]
fn assert_little_memory(session: &Session) {
    let status = fs::read_to_string(format!("/proc/{}/status", session.process.id()));
    let status = status.expect("the process is there");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    assert!(peak.is_some_and(|peak| peak < MOST_KB), "{peak:?} kB");
    println!("peak resident memory: {} kB", peak.unwrap_or_default());
}

#[test]
fn a_gigabyte_is_copied_in_constant_memory() {
    if common::outside("s3").is_none() {
        return skipped("examples/s3 is not built, or COLDSPARK_TEST_OUTSIDE does not say where");
    }
    let server = large::Server::start();
    // More time than a minute, for a busy machine.
    let order = json!({ "copy": ["from", "to"] }).to_string();
    let event = script::event_within(large::LIMIT, "event", order);
    let session = example(&server.url()).start([event, script::status(202)]);
    let written = server.wait();
    assert_eq!(written, Ok(large::BYTES));
    assert_eq!(
        session.requests(3)[1].json(),
        json!({ "bytes": large::BYTES })
    );
    assert_little_memory(&session);
}

#[test]
fn objects_are_copied_in_constant_memory_and_presigned() {
    if common::outside("s3").is_none() {
        return skipped("examples/s3 is not built, or COLDSPARK_TEST_OUTSIDE does not say where");
    }
    let Some(python) = python("moto") else { return };
    let moto = moto(&python);
    let url = moto.url();
    let object: Vec<u8> = (0..BYTES).map(|number| (number % 251) as u8).collect();
    ureq::put(format!("{url}/bucket"))
        .send_empty()
        .expect("a bucket");
    ureq::put(format!("{url}/bucket/from"))
        .send(&object[..])
        .expect("an object");
    let session = start(example(&url), &json!({ "copy": ["from", "to"] }));
    push(&session, &json!({ "presign": "to" }));
    let answers = session.requests(5);
    assert_eq!(answers[1].json(), json!({ "bytes": BYTES }));
    assert_little_memory(&session);
    let presigned = answers[3].json();
    let mut copy = ureq::get(presigned["url"].as_str().expect("a URL"))
        .call()
        .expect("a copy");
    let copy = copy
        .body_mut()
        .with_config()
        .limit(2 * BYTES as u64)
        .read_to_vec();
    assert!(copy.expect("its bytes") == object);
}
