//! Pollers and streams that the process has no descriptor for.

use coldspark_emulator::script;
use serde_json::json;

use crate::common::{Concurrent, assert_response, failure, function, serial};

#[test]
fn a_poller_without_a_descriptor_stops_alone() {
    let fixture = function("fixture-concurrent")
        .handler("work")
        // One of them is that of the extension.
        .env("FIXTURE_DESCRIPTORS", "4")
        .with_descriptors(100);
    let function = Concurrent::start_function(fixture, "8", 8);
    function.wait_until("told of the pollers that stop", |function| {
        let stderr = function.process.stderr();
        stderr.matches("a poller stops, and ").count() >= 5
    });
    let events = vec![json!({ "do": "wait", "milliseconds": 10 }); 20];
    assert_eq!(function.invoke(&events).len(), 20);
    let release = serial(99, &json!({ "do": "release" }));
    assert!(!function.emulator.invoke(release).is_error());
}

#[test]
fn there_are_as_many_pollers_as_descriptors_suffice_for() {
    let fixture = function("fixture-concurrent").handler("work");
    let function = Concurrent::start_function(fixture.with_descriptors(40), "64", 64);
    let answers = function.invoke(&[json!({ "do": "wait", "milliseconds": 0 })]);
    assert_eq!(answers[0]["concurrency"], 16);
    let stderr = function.process.stderr();
    let told = "only 16 of 64 pollers are used: the process may have 40 descriptors";
    assert!(stderr.contains(told), "{stderr}");
    // A stream has a connection of its own.
    let fixture = crate::common::function("fixture-stream").handler("script");
    let function = Concurrent::start_function(fixture.with_descriptors(40), "64", 64);
    let event = json!([{"Write": "x"}]);
    let events: Vec<_> = (0..64).map(|number| serial(number, &event)).collect();
    let tickets: Vec<_> = events
        .into_iter()
        .map(|event| function.emulator.submit(event))
        .collect();
    for ticket in tickets {
        let finished = ticket.wait();
        assert!(!finished.outcome.is_error(), "{finished:?}");
    }
    let stderr = function.process.stderr();
    assert!(stderr.contains("only 8 of 64 pollers"), "{stderr}");
}

#[test]
fn a_stream_without_a_descriptor_is_answered_over_the_kept_connection() {
    for actions in [
        json!(["Descriptors", {"Write": "x"}]),
        json!(["Descriptors", {"Write": "x"}, "Flush"]),
        json!(["Descriptors", "Stubborn", {"Write": "x"}, "Flush"]),
        json!(["Descriptors", "Stubborn", {"Bytes": 100_000}]),
    ] {
        let mut steps = Vec::from(script::exchange("one", actions.to_string()));
        steps.extend(script::exchange("after", r#"[{"Whole":"still there"}]"#));
        let session = function("fixture-stream")
            .handler("script")
            .with_descriptors(64)
            .start(steps);
        let requests = session.requests(5);
        failure(&requests[1], "one")
            .assert_type("Runtime.StreamUnavailable")
            .assert_says(&["could not be streamed", "cannot connect"]);
        assert_response(&requests[3], "after", b"still there");
    }
}
