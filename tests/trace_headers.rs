//! What X-Ray and W3C Trace Context get.

mod common;

use coldspark_emulator::script;
use common::log::logging;
use common::{assert_response, function};
use serde_json::{Value, json};

#[test]
fn a_traceparent_is_made_of_the_x_ray_header() {
    let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
    let made = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8";
    for (header, expected) in [
        (
            format!("{root};Parent=53995c3f42cd8ad8;Sampled=1"),
            Some(format!("{made}-01")),
        ),
        (
            format!("{root};Parent=53995c3f42cd8ad8;Sampled=0"),
            Some(format!("{made}-00")),
        ),
        (root.to_owned(), None),
        ("Root=2-x;Parent=;".to_owned(), None),
        ("\u{e9}=;=".to_owned(), None),
    ] {
        let event = script::event("l-1", "\"\"").without_header("Lambda-Runtime-Trace-Id");
        let event = event.header("Lambda-Runtime-Trace-Id", &header);
        let steps: [script::Step; 2] = [event.into(), script::status(202).into()];
        let session = logging("traceparent").start(steps);
        let requests = session.requests(3);
        assert_response(&requests[1], "l-1", json!(expected).to_string().as_bytes());
        let warned = session
            .stderr()
            .contains("WARN coldspark::traceparent: no traceparent");
        assert_eq!(warned, expected.is_none(), "{header}: {}", session.stderr());
    }
    let event = script::event("l-1", "\"\"").without_header("Lambda-Runtime-Trace-Id");
    let steps: [script::Step; 2] = [event.into(), script::status(202).into()];
    let session = logging("traceparent").start(steps);
    assert_response(&session.requests(3)[1], "l-1", b"null");
    assert_eq!(session.stderr(), "");

    // A caller without X-Ray: one warning, not one for each event.
    let event = |id| script::event(id, "\"\"").without_header("Lambda-Runtime-Trace-Id");
    let steps = ["l-1", "l-2", "l-3"].map(|id| -> [script::Step; 2] {
        let event = event(id).header("Lambda-Runtime-Trace-Id", root);
        [event.into(), script::status(202).into()]
    });
    let session = logging("traceparent").start(steps.concat());
    session.requests(7);
    assert_eq!(session.stderr().matches("no traceparent").count(), 1);
    session.assert_logged(&["no traceparent", "request_id=l-1"]);
}

#[test]
fn x_ray_gets_the_cause_of_an_error() {
    let header = "Lambda-Runtime-Function-XRay-Error-Cause";
    let long = "\u{e9}".repeat(100_000);
    let failure = json!({ "error_type": "A.B", "message": long, "stack_trace": vec![long; 50] });
    let steps = [
        script::exchange(
            "a",
            r#"{"error_type":"A.B","message":"\u00e9\r\nX: y","stack_trace":["f"]}"#,
        ),
        script::exchange("b", failure.to_string()),
    ];
    let session = function("fixture-functions")
        .handler("fail")
        .start(steps.concat());
    let requests = session.requests(5);
    let cause = |index: usize| {
        let text = requests[index].header(header).expect("a cause");
        assert!(text.len() <= 8192, "{} bytes", text.len());
        serde_json::from_str::<Value>(text).unwrap()
    };
    let exception =
        json!({ "type": "A.B", "message": "\u{e9}\r\nX: y", "stack": [{ "label": "f" }] });
    assert_eq!(cause(1)["exceptions"], json!([exception]));
    assert_eq!(cause(1)["paths"], json!([]));
    assert!(cause(1)["working_directory"].is_string());
    let message = cause(3)["exceptions"][0]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(message.starts_with("\u{e9}\u{e9}") && message.ends_with("..."));
}
