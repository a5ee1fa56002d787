//! Hooks that fail or panic.

use coldspark_emulator::script;

use crate::common::{Profile, assert_response, failure, profile};
use crate::reports::Reports;

#[test]
fn an_error_of_a_hook_is_logged_and_changes_nothing() {
    let reports = Reports::open();
    let session = reports
        .function("echo")
        .start(script::exchange("h-1", "text"));
    for hook in ["before", "after"] {
        reports.next().expect(hook, "h-1", "good").answer("fail");
    }
    assert_response(&session.requests(3)[1], "h-1", b"text");
    for hook in ["before", "after"] {
        let line = format!("a hook {hook} the answer failed: Hook.Failed: as told request_id=h-1");
        session.assert_logged(&["ERROR", &line]);
    }
    session.assert_logged(&["the last hook of h-1"]);
}

#[test]
fn a_panic_before_an_answer_changes_it_only_where_the_process_ends() {
    for (handler, event) in [("echo", "text"), ("stream", "flush")] {
        let reports = Reports::open();
        let session = reports
            .function(handler)
            .start(script::exchange("h-1", event));
        reports
            .next()
            .expect("before", "h-1", "good")
            .answer("panic");
        let (posted, log) = match profile() {
            Profile::Unwind => {
                reports.pass("after", "h-1", "good");
                (session.requests(3)[1].clone(), session.stderr())
            }
            Profile::Abort => {
                let (requests, exit) = session.exit_after(2);
                exit.assert_failed_with(&["the hook panics"]);
                (requests[1].clone(), exit.stderr)
            }
        };
        assert_eq!(log.matches("the hook panics").count(), 1, "{log}");
        match (profile(), handler) {
            (Profile::Unwind, "echo") => assert_response(&posted, "h-1", b"text"),
            (Profile::Unwind, _) => assert_eq!(posted.text(), "flush and more"),
            (Profile::Abort, "echo") => {
                failure(&posted, "h-1")
                    .assert_type("Function.Panic")
                    .assert_says(&["the hook panics"]);
            }
            (Profile::Abort, _) => {
                let trailer = posted.trailer("Lambda-Runtime-Function-Error-Type");
                assert_eq!(trailer, Some("Function.Panic"));
            }
        }
    }
}

#[test]
fn a_panic_behind_an_answer_leaves_it_as_it_was() {
    let reports = Reports::open();
    let session = reports
        .function("echo")
        .start(script::exchange("h-1", "text"));
    reports.pass("before", "h-1", "good");
    reports
        .next()
        .expect("after", "h-1", "good")
        .answer("panic");
    let (requests, log) = match profile() {
        Profile::Unwind => (session.requests(3), session.stderr()),
        Profile::Abort => {
            let (requests, exit) = session.exit_after(2);
            (requests, exit.stderr)
        }
    };
    assert_response(&requests[1], "h-1", b"text");
    assert_eq!(log.matches("the hook panics").count(), 1, "{log}");
}
