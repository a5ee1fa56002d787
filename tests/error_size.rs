//! Errors that are larger than what may be sent: AWS's emulator does not answer them, and refuses
//! every call that follows.

mod common;

use coldspark_emulator::emulator::{Config, Emulator, Invocation, Outcome};
use coldspark_emulator::script::{self, Request, Step};
use common::{Failure, Profile, failure, function, init_failure, limit, profile};
use serde_json::{Value, json};

/// What the body of an error may have, as that of a response.
const LIMIT: usize = 6 * 1024 * 1024 + 100;
const LONG: usize = 7 * 1024 * 1024;

/// The message begins as it should, fills what may be sent, and says what was cut.
#[track_caller]
fn assert_cut(request: &Request, failure: &Failure, begins: &str) {
    let size = request.body.len();
    assert!((LIMIT - 8..=LIMIT).contains(&size), "{size} bytes");
    assert_said(&failure.message, begins);
}

#[track_caller]
fn assert_said(message: &str, begins: &str) {
    let (text, note) = message.rsplit_once("... (cut: ").expect("a note");
    assert!(text.starts_with(begins), "{:?}", text.get(..100));
    assert!(
        note.starts_with('7') && note.ends_with("and 6291556 may be sent)"),
        "{note}"
    );
}

#[test]
fn a_long_error_is_cut_to_what_may_be_sent() {
    let text = "x\0\u{e9}\u{1f980}\"";
    // As JSON it has as many bytes as it takes in the event.
    let bytes = json!(text).to_string().len() - 2;
    let message = text.repeat(LONG / bytes + 1);
    let event = json!({ "error_type": "A.B", "message": message }).to_string();
    let session = function("fixture-functions")
        .handler("fail")
        .start(script::exchange("e", event));
    let answer = &session.requests(3)[1];
    let failure = failure(answer, "e");
    failure.assert_type("A.B");
    assert_cut(answer, &failure, &text.repeat(10));
    let cause = answer.header("Lambda-Runtime-Function-XRay-Error-Cause");
    assert!(cause.expect("a cause").len() < 9000);
}

#[test]
fn a_long_stack_trace_goes_before_the_message() {
    let frames: Vec<String> = (0..LONG / 100).map(|n| format!("{n:097}")).collect();
    let event = json!({ "error_type": "A.B", "message": "short", "stack_trace": frames });
    let session = function("fixture-functions")
        .handler("fail")
        .start(script::exchange("e", event.to_string()));
    let answer = &session.requests(3)[1];
    let failure = failure(answer, "e");
    assert_said(&failure.message, "short");
    assert!(failure.stack_trace.is_empty());
}

#[test]
fn a_long_error_type_is_not_in_the_header() {
    for length in [201, 5_000, 1_100_000] {
        let error_type = "A.".to_owned() + &"B".repeat(length - 2);
        let event = json!({ "error_type": error_type, "message": "m" }).to_string();
        let session = function("fixture-functions")
            .handler("fail")
            .start(script::exchange("e", event));
        let failure = failure(&session.requests(3)[1], "e");
        assert_eq!(failure.header, "Function.Unknown");
        assert!(failure.error_type == error_type, "{length}");
        assert_eq!(failure.message, "m");
    }
}

#[test]
fn a_panic_with_a_long_text_is_reported_and_cut() {
    let event = json!("p".repeat(LONG)).to_string();
    let session = function("fixture-functions")
        .handler("panic")
        .start(script::exchange("e", event));
    let answer = match profile() {
        Profile::Unwind => session.requests(3).swap_remove(1),
        Profile::Abort => session.exit_after(2).0.swap_remove(1),
    };
    let failure = failure(&answer, "e");
    failure.assert_type("Function.Panic");
    assert_cut(&answer, &failure, "panicked at ");
}

#[test]
fn a_long_error_of_the_init_step_is_cut() {
    for handler in ["long error", "long panic"] {
        let session = function("fixture-init")
            .handler(handler)
            .start([script::status(202)]);
        let (requests, _) = session.exit_after(1);
        assert_cut(&requests[0], &init_failure(&requests[0]), "");
    }
}

#[test]
fn a_long_error_of_a_hook_is_cut() {
    for (handler, steps) in [
        ("before 2 is long", vec![script::status(202)]),
        (
            "after 1 is long",
            vec![script::status(200), script::status(202)],
        ),
    ] {
        let count = steps.len();
        let session = function("fixture-restore")
            .handler(handler)
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
            .start(steps.into_iter().map(Step::from));
        let (requests, _) = session.exit_after(count);
        let error = requests[count - 1].json();
        assert!(requests[count - 1].body.len() <= LIMIT);
        assert_said(error["errorMessage"].as_str().expect("a message"), "");
    }
}

#[test]
fn the_environment_outlives_a_long_error() {
    let emulator = Emulator::start(Config::default()).expect("a Runtime API");
    let process = function("fixture-functions")
        .handler("fail")
        .start_at(emulator.address());
    let fail = |message: &str| {
        let event = json!({ "error_type": "A.B", "message": message }).to_string();
        let ticket = emulator.submit(Invocation {
            timeout: limit(),
            ..Invocation::new(event)
        });
        match ticket.wait().outcome {
            Outcome::FunctionError { json, .. } => {
                let error: Value = serde_json::from_slice(&json).expect("JSON");
                error["errorMessage"]
                    .as_str()
                    .expect("a message")
                    .to_owned()
            }
            other => panic!("{other:?}"),
        }
    };
    assert_said(&fail(&"x".repeat(LONG)), "xxx");
    assert_eq!(fail("short"), "short");
    drop(process);
}
