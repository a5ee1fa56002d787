//! What a handler learns of its invocation.

mod common;

use coldspark_emulator::script;
use common::{assert_response, function};

#[test]
fn every_field_arrives() {
    let client_context = r#"{"client":{"app_title":"caf\u00e9 \"x\""},"custom":{}}"#;
    let identity = r#"{"cognitoIdentityId":"eu-1:7","cognitoIdentityPoolId":"pool"}"#;
    let event = script::event("8476a536-e9f4-11e8-9739-2dfe598c3fcd", "{}")
        .set_header("Lambda-Runtime-Deadline-Ms", "4102444800123")
        .set_header("Lambda-Runtime-Invocation-Id", "nonce-1")
        .header("Lambda-Runtime-Client-Context", client_context)
        .header("Lambda-Runtime-Cognito-Identity", identity)
        .header("Lambda-Runtime-Aws-Tenant-Id", "tenant \u{f6}");
    let steps = [event, script::status(202)];
    let session = function("fixture-functions")
        .handler("context")
        .start(steps);
    let context = session.requests(3)[1].json();
    assert_eq!(
        context["request_id"],
        "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
    );
    assert_eq!(context["invocation_id"], "nonce-1");
    assert_eq!(context["deadline_ms"], 4_102_444_800_123_u64);
    assert_eq!(context["function_arn"], script::FUNCTION_ARN);
    assert_eq!(context["trace_id"], script::TRACE_ID);
    assert_eq!(context["client_context"], client_context);
    assert_eq!(context["cognito_identity"], identity);
    assert_eq!(context["tenant_id"], "tenant \u{f6}");
    let debug = context["debug"].as_str().expect("a text");
    assert!(
        debug.contains("8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        "{debug}"
    );
    let left = context["time_left_ms"].as_u64().expect("a number");
    assert!(left > 0 && left < 4_102_444_800_123, "{left}");
}

#[test]
fn the_state_of_the_init_step_is_shared_by_all_events() {
    let steps = [script::exchange("a", "1"), script::exchange("b", "2")];
    let session = function("fixture-init")
        .handler("a handler of no name")
        .env("LAMBDA_TASK_ROOT", "/some/folder")
        .start(steps.concat());
    let requests = session.requests(5);
    for (at, id) in [(1, "a"), (3, "b")] {
        assert_response(&requests[at], id, &requests[1].body);
        let state = requests[at].json();
        assert_eq!(state["runs"], 1);
        assert_eq!(state["handler"], "a handler of no name");
        assert_eq!(state["task_root"], "/some/folder");
    }
}

#[test]
fn the_task_root_has_a_default() {
    for empty in [false, true] {
        let mut function = function("fixture-init").handler("any");
        if empty {
            function = function.env("LAMBDA_TASK_ROOT", "");
        }
        let session = function.start(script::exchange("a", "1"));
        assert_eq!(session.requests(3)[1].json()["task_root"], "/var/task");
    }
}

#[test]
fn a_named_handler_goes_before_the_one_for_any_name() {
    for (handler, named) in [("named", true), ("other", false), ("", true)] {
        let session = function("fixture-init")
            .handler(handler)
            .start(script::exchange("a", "1"));
        let answer = session.requests(3)[1].json();
        let state = if named { &answer["named"] } else { &answer };
        assert_eq!(state["handler"], handler, "{answer}");
    }
}
