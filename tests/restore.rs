//! SnapStart: the order of things around the snapshot, the call that waits for it, and the
//! connections.

mod common;

use std::thread;
use std::time::Duration;

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::{self, Request, Step};
use common::{Client, assert_next, client, function, limit, restored, snap_start};
use serde_json::json;

#[track_caller]
fn assert_restore_next(request: &Request) {
    assert!(request.is_complete(), "{:?}", request.fault);
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("GET", "/2018-06-01/runtime/restore/next")
    );
    assert_eq!(request.text(), "");
}

#[test]
fn hooks_run_around_the_snapshot_and_the_loop_follows() {
    let session = snap_start("all is well").start(restored());
    let requests = session.requests(4);
    assert_restore_next(&requests[0]);
    assert_next(&requests[1]);
    assert_eq!(
        requests[2].json(),
        json!({
            "happened": ["init", "before 2", "before 1", "after 1", "after 2"],
            "restores": 1,
        })
    );
    assert_next(&requests[3]);
    assert_eq!(session.stderr(), "");
}

#[test]
fn no_connection_outlives_the_snapshot() {
    let session = snap_start("all is well").start(restored());
    let connections = session.requests(4).into_iter().map(|r| r.connection);
    assert_eq!(connections.collect::<Vec<_>>(), [1, 2, 2, 2]);
    session.api.wait_closed(1, limit());
    assert_eq!(session.api.connections(), 2);
}

#[test]
fn a_connection_that_init_opened_is_closed_before_the_snapshot() {
    let session = snap_start("init connects").start(restored());
    let connections = session.requests(4).into_iter().map(|r| r.connection);
    // ureq opens none ahead.
    let ahead = usize::from(client() == Client::Own);
    assert_eq!(
        connections.collect::<Vec<_>>(),
        [1, 2, 2, 2].map(|number| number + ahead)
    );
    session.api.wait_closed(1, limit());
}

#[test]
fn without_snapstart_no_hook_runs() {
    for kind in [None, Some("on-demand"), Some("provisioned-concurrency")] {
        let mut function = function("fixture-restore").handler("before 1 fails");
        if let Some(kind) = kind {
            function = function.env("AWS_LAMBDA_INITIALIZATION_TYPE", kind);
        }
        let session = function.start(script::exchange("a", "1"));
        let requests = session.requests(3);
        assert_next(&requests[0]);
        assert_eq!(
            requests[1].json(),
            json!({ "happened": ["init"], "restores": 0 })
        );
        assert_eq!(session.process.stdout(), "");
    }
}

#[test]
fn a_function_without_hooks_takes_part_too() {
    let function = function("hello").env("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start");
    let session = function.start(restored());
    let requests = session.requests(4);
    assert_restore_next(&requests[0]);
    common::assert_response(&requests[2], "a", b"1");
}

#[test]
fn the_snapshot_is_taken_after_the_hooks() {
    let session = snap_start("before 1 waits").start(restored());
    while !session.process.stdout().contains("before 1") {
        thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(session.api.connections(), 0);
    session.process.write_stdin("go on\n");
    assert_restore_next(&session.requests(4)[0]);
}

#[test]
fn the_first_event_is_asked_for_after_the_hooks() {
    let session = snap_start("after 2 waits").start(restored());
    while !session.process.stdout().contains("after 2") {
        thread::sleep(Duration::from_millis(2));
    }
    session.api.wait_closed(1, limit());
    assert_eq!(session.api.connections(), 1);
    session.process.write_stdin("go on\n");
    assert_next(&session.requests(4)[1]);
}

#[test]
fn the_wait_for_the_restore_has_no_limit() {
    let session = snap_start("all is well").start([] as [Step; 0]);
    assert_restore_next(&session.requests(1)[0]);
    thread::sleep(Duration::from_millis(500));
    assert_eq!(session.requests(1).len(), 1);
    assert_eq!(session.process.stdout(), "before 2\nbefore 1\n");
    for step in restored() {
        session.api.push(step);
    }
    assert_eq!(session.requests(4)[2].json()["restores"], 1);
}

#[test]
fn a_refused_wait_ends_the_process_with_what_the_status_means() {
    for (status, meaning) in [
        (202, "unexpected"),
        (204, "unexpected"),
        (403, "not allowed in this state"),
        (404, "there is no SnapStart"),
        (500, "the environment cannot recover"),
    ] {
        let session = snap_start("all is well").start([script::status(status)]);
        let (requests, exit) = session.exit_after(1);
        assert_restore_next(&requests[0]);
        exit.assert_failed_with(&["GET restore/next", &format!("status {status}, {meaning}")]);
        assert_eq!(session.process.stdout(), "before 2\nbefore 1\n");
    }
}

#[test]
fn a_connection_that_breaks_while_it_waits_is_replaced() {
    for breaking in [Step::close_after_request(), Step::reset()] {
        let steps = [vec![breaking], restored()].concat();
        let session = snap_start("all is well").start(steps);
        let requests = session.requests(5);
        assert_restore_next(&requests[0]);
        assert_restore_next(&requests[1]);
        assert_eq!(requests[3].json()["restores"], 1);
    }
}

#[test]
fn a_body_that_breaks_off_does_not_undo_a_restore() {
    let reply = Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
    let mut steps = restored();
    steps[0] = Step::from(reply).then_close();
    let session = snap_start("all is well").start(steps);
    assert_eq!(session.requests(4)[2].json()["restores"], 1);
}

#[test]
fn a_reply_that_is_no_http_ends_the_process() {
    for reply in ["nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-"] {
        let step = Step::from(script::raw(reply)).then_close();
        let session = snap_start("all is well").start([step]);
        let (_, exit) = session.exit_after(1);
        exit.assert_failed_with(&["GET restore/next"]);
    }
}

#[test]
fn a_runtime_api_that_is_gone_ends_the_process() {
    let refusing = common::Refusing::new();
    let process = snap_start("all is well").start_at(refusing.address());
    process
        .wait()
        .assert_failed_with(&["GET restore/next", "cannot connect"]);
}
