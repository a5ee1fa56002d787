//! Streamed responses under AWS's own Runtime Interface Emulator, which collects them and drops
//! their trailers.
//!
//! Needs what tests/rie.rs needs; scripts/test sees to it.

mod common;

use common::Rie;
use serde_json::json;

fn start() -> Rie {
    Rie::start("fixture-stream", "script", "/")
}

#[test]
#[ignore = "needs the Runtime Interface Emulator: run scripts/test"]
fn a_stream_is_taken_whole_and_the_next_event_served() {
    let rie = start();
    for _ in 0..3 {
        let event = json!([{"Write": "Hello, "}, "Flush", "Nothing", {"Write": "World"}]);
        let answer = rie.invoke(event.to_string().as_bytes());
        assert_eq!(answer, (200, b"Hello, World".to_vec()), "{}", rie.log());
        assert_eq!(rie.invoke_json(&json!([{"Whole": "1"}])), (200, json!(1)));
        assert_eq!(rie.invoke(b"[]"), (200, Vec::new()), "{}", rie.log());
    }
    let (status, body) = rie.invoke(json!([{"Bytes": 5_000_000}]).to_string().as_bytes());
    assert_eq!((status, body.len()), (200, 5_000_000), "{}", rie.log());
    assert_eq!(rie.log().matches("INIT START").count(), 1, "{}", rie.log());
}

#[test]
#[ignore = "needs the Runtime Interface Emulator: run scripts/test"]
fn a_prelude_is_passed_on_as_it_is() {
    let rie = start();
    let event = json!([
        {"Prelude": {"status": 404, "headers": [["A", "b"]], "cookies": ["c=d"]}},
        {"Write": "gone"}
    ]);
    let (status, body) = rie.invoke(event.to_string().as_bytes());
    let head = br#"{"statusCode":404,"headers":{"A":"b"},"cookies":["c=d"]}"#;
    let expected = [head.as_slice(), &[0; 8], b"gone"].concat();
    assert_eq!((status, body), (200, expected), "{}", rie.log());
}

#[test]
#[ignore = "needs the Runtime Interface Emulator: run scripts/test"]
fn errors_before_and_within_a_stream_keep_the_process() {
    let rie = start();
    // The longest error there can be in trailers.
    for message in ["short".to_owned(), "long\r\n".repeat(5000)] {
        let fail = json!({"Fail": {"error_type": "A.B", "message": message}});
        let (status, error) = rie.invoke_json(&json!([{"Write": "x"}, fail]));
        assert_eq!(
            (status, &error["errorType"]),
            (200, &json!("A.B")),
            "{}",
            rie.log()
        );
        let event = json!([{"Write": "half"}, "Flush", fail]).to_string();
        let answer = rie.invoke(event.as_bytes());
        assert_eq!(answer, (200, b"half".to_vec()), "{}", rie.log());
        assert!(
            !rie.log().contains("the answer was not taken"),
            "{}",
            rie.log()
        );
    }
    assert_eq!(rie.log().matches("INIT START").count(), 1, "{}", rie.log());
}
