//! Functions under the crate lambda-simulator.

use coldspark_simulators::Environment;
use serde_json::json;

const ORDERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/orders");

/// Whether a panic ends the functions' processes.
fn aborts() -> bool {
    std::env::var("COLDSPARK_TEST_PROFILE").is_ok_and(|profile| profile == "abort")
}

#[test]
fn hello_returns_its_events() {
    let hello = Environment::start("hello", "hello", false, &[]);
    for event in [
        json!({}),
        json!({"a": [1, 2.5, "\u{1F980}"]}),
        json!("text"),
        json!(null),
        json!("x".repeat(1_000_000)),
    ] {
        assert!(hello.invoke(event.clone()) == event);
    }
    assert_eq!(hello.log(), "");
}

#[test]
fn errors_have_their_types_and_keep_the_process() {
    let variables = [("LAMBDA_TASK_ROOT", ORDERS)];
    let orders = Environment::start("orders", "orders.create", false, &variables);
    for _ in 0..2 {
        let receipt = orders.invoke(json!({"items": [{"article": "rope", "quantity": 2}]}));
        assert_eq!(
            (&receipt["pieces"], &receipt["total"]),
            (&json!(2), &json!(700))
        );
        let (unknown, _) = orders.fail(json!({"items": [{"article": "moon", "quantity": 1}]}));
        assert_eq!(unknown, "Order.UnknownArticle");
        assert_eq!(orders.fail(json!([])).0, "Runtime.InvalidEvent");
    }
}

#[test]
fn a_failed_init_step_is_reported() {
    let variables = [("LAMBDA_TASK_ROOT", "/nowhere")];
    let mut orders = Environment::start("orders", "orders.create", false, &variables);
    assert_eq!(orders.exit().code(), Some(1));
    let told = orders.init_error().expect("an init error");
    assert!(told.contains("/nowhere/prices.json"), "{told}");
}

#[test]
fn an_event_has_its_context() {
    let function = Environment::start("fixture-functions", "context", false, &[]);
    let id = function.submit(json!({}));
    let outcome = function.outcome(&id);
    let context = outcome.response.expect("a response").payload;
    assert_eq!(context["request_id"], json!(id));
    let told = &outcome.invocation;
    assert_eq!(context["function_arn"], json!(told.invoked_function_arn));
    assert_eq!(context["trace_id"], json!(told.trace_id));
    assert_eq!(context["deadline_ms"], json!(told.deadline_ms()));
}

#[test]
fn a_process_that_is_stopped_between_events_works_on() {
    let hello = Environment::start("hello", "hello", true, &[]);
    for number in 0..20 {
        assert_eq!(hello.invoke(json!(number)), json!(number));
        hello.wait_until_frozen();
    }
    let streams = Environment::start("fixture-stream", "script", true, &[]);
    let script = json!([{"Write": "\"first "}, "Flush", {"Write": "second\""}]);
    for _ in 0..5 {
        assert_eq!(streams.invoke(script.clone()), json!("first second"));
        streams.wait_until_frozen();
    }
}

#[test]
fn a_stream_is_collected_and_an_error_before_it_is_reported() {
    let streams = Environment::start("fixture-stream", "script", false, &[]);
    let script = json!([{"Write": "\"first "}, "Flush", {"Write": "second\""}]);
    assert_eq!(streams.invoke(script.clone()), json!("first second"));
    let fail = json!([{"Fail": {"error_type": "Stream.Failed", "message": "as told"}}]);
    assert_eq!(
        streams.fail(fail),
        ("Stream.Failed".to_owned(), "as told".to_owned())
    );
    assert_eq!(streams.invoke(script), json!("first second"));
}

#[test]
fn several_are_in_hand_at_a_time() {
    let variables = [("AWS_LAMBDA_MAX_CONCURRENCY", "4")];
    let function = Environment::start("fixture-concurrent", "work", false, &variables);
    // Each waits for the others.
    let meet = json!({"do": "meet", "count": 4});
    let ids: Vec<_> = (0..4).map(|_| function.submit(meet.clone())).collect();
    for id in ids {
        let response = function.outcome(&id).response.expect("a response").payload;
        assert_eq!(response["request_id"], json!(id));
    }
}

#[test]
fn a_panic_is_reported() {
    let mut function = Environment::start("fixture-functions", "panic", false, &[]);
    let (_, message) = function.fail(json!("on purpose"));
    assert!(message.contains("on purpose"), "{message}");
    if aborts() {
        assert!(!function.exit().success());
    } else {
        function.fail(json!("again"));
    }
}

#[test]
fn hooks_run_at_sigterm() {
    let variables = [("AWS_LAMBDA_MAX_CONCURRENCY", "2")];
    let mut function = Environment::start("fixture-concurrent", "work", false, &variables);
    function.invoke(json!({"do": "wait", "milliseconds": 0}));
    // What Lambda sends SIGTERM for.
    assert_eq!(function.extensions(), 1, "{}", function.log());
    function.terminate();
    assert_eq!(function.exit().code(), Some(0), "{}", function.log());
    let log = function.log();
    assert!(log.contains("the hook that was registered first"), "{log}");
}
