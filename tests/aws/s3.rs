//! The example for S3, against moto: its folder is in `COLDSPARK_TEST_OUTSIDE`.

use std::fs;

use coldspark_emulator::skipped;
use serde_json::json;

use super::moto::moto;
use super::oracles::python;
use super::{common, function, push, start};

/// Far more than the function may need for it.
const BYTES: usize = 64 << 20;
const MOST_KB: u64 = 24 << 10;

#[test]
fn objects_are_copied_in_constant_memory_and_presigned() {
    if common::outside("s3").is_none() {
        return skipped("examples/s3 is not built, or COLDSPARK_TEST_OUTSIDE does not say where");
    }
    let Some(python) = python("moto") else { return };
    let (_moto, url) = moto(&python);
    let object: Vec<u8> = (0..BYTES).map(|number| (number % 251) as u8).collect();
    ureq::put(format!("{url}/bucket"))
        .send_empty()
        .expect("a bucket");
    ureq::put(format!("{url}/bucket/from"))
        .send(&object[..])
        .expect("an object");
    let function = function("s3")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ENDPOINT_URL_S3", &url)
        .env("AWS_ACCESS_KEY_ID", "A")
        .env("AWS_SECRET_ACCESS_KEY", "S")
        .env("AWS_SESSION_TOKEN", "T")
        .env("BUCKET", "bucket");
    let session = start(function, &json!({ "copy": ["from", "to"] }));
    push(&session, &json!({ "presign": "to" }));
    let answers = session.requests(5);
    assert_eq!(answers[1].json(), json!({ "bytes": BYTES }));
    let status = fs::read_to_string(format!("/proc/{}/status", session.process.id()));
    let status = status.expect("the process is there");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    assert!(peak.is_some_and(|peak| peak < MOST_KB), "{peak:?} kB");
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
