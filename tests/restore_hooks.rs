//! SnapStart: hooks that fail or panic.

mod common;

use std::thread;
use std::time::Duration;

use coldspark_emulator::script::{self, Call, Step};
use common::{Profile, init_failure, profile, restore_failure, restored, snap_start};

const SOURCE: &str = "fixture-restore.rs:";

#[test]
fn a_before_snapshot_hook_that_fails_is_an_init_error() {
    let session = snap_start("before 2 fails").start([script::status(202)]);
    let (requests, exit) = session.exit_after(1);
    let failure = init_failure(&requests[0]);
    failure.assert_type("Runtime.BeforeSnapshotError");
    assert_eq!(
        failure.message,
        "a before-snapshot hook failed: Hook.Failed: before 2 as told"
    );
    assert_eq!(failure.stack_trace, ["a frame"]);
    exit.assert_failed_with(&[
        "the init phase failed: Runtime.BeforeSnapshotError",
        "as told",
    ]);
    // It comes first, and is the last.
    assert_eq!(session.process.stdout(), "before 2\n");
}

#[test]
fn an_after_restore_hook_that_fails_is_a_restore_error() {
    let steps = [script::status(200), script::status(202)];
    let session = snap_start("after 1 fails").start(steps);
    let (requests, exit) = session.exit_after(2);
    let failure = restore_failure(&requests[1]);
    failure.assert_type("Runtime.AfterRestoreError");
    assert_eq!(
        failure.message,
        "an after-restore hook failed: Hook.Failed: after 1 as told"
    );
    assert_eq!(failure.stack_trace, ["a frame"]);
    assert_eq!(requests[1].connection, 2);
    exit.assert_failed_with(&["the restore failed: Runtime.AfterRestoreError", "as told"]);
    assert_eq!(exit.stderr.lines().count(), 1, "{}", exit.stderr);
    assert!(session.process.stdout().ends_with("after 1\n"));
}

#[test]
fn an_error_of_rust_in_a_hook_brings_its_type() {
    let session = snap_start("before 1 parses").start([script::status(202)]);
    let (requests, _) = session.exit_after(1);
    init_failure(&requests[0])
        .assert_type("Runtime.BeforeSnapshotError")
        .assert_says(&["ParseIntError: invalid digit"]);
}

#[test]
fn a_panic_of_a_before_snapshot_hook_is_its_error() {
    let session = snap_start("before 1 panics").start([script::status(202)]);
    let (requests, exit) = session.exit_after(1);
    init_failure(&requests[0])
        .assert_type("Runtime.BeforeSnapshotError")
        .assert_says(&["Function.Panic: panicked at", SOURCE, "before 1 panicked"]);
    exit.assert_failed_with(&["before 1 panicked", SOURCE]);
}

#[test]
fn a_panic_of_an_after_restore_hook_is_its_error() {
    let steps = [script::status(200), script::status(202)];
    let session = snap_start("after 2 panics").start(steps);
    let (requests, exit) = session.exit_after(2);
    restore_failure(&requests[1])
        .assert_type("Runtime.AfterRestoreError")
        .assert_says(&["Function.Panic: panicked at", SOURCE, "after 2 panicked"]);
    exit.assert_failed_with(&["after 2 panicked", SOURCE]);
}

#[test]
fn a_panic_of_another_thread_is_the_hooks_error_when_panics_abort() {
    let steps = match profile() {
        Profile::Abort => vec![script::status(200).into(), script::status(202).into()],
        Profile::Unwind => restored(),
    };
    let session = snap_start("after 1 panics elsewhere").start(steps);
    match profile() {
        Profile::Abort => {
            let (requests, exit) = session.exit_after(2);
            restore_failure(&requests[1])
                .assert_type("Runtime.AfterRestoreError")
                .assert_says(&["a thread of a hook"]);
            exit.assert_failed_with(&["a thread of a hook"]);
        }
        Profile::Unwind => {
            session.requests(4);
            session.assert_logged(&["ERROR", "a thread of a hook"]);
        }
    }
}

#[test]
fn a_panic_of_the_handler_after_a_restore_is_the_events_error() {
    let [event, taken] = script::exchange("loud", "panic");
    let session = snap_start("all is well").start([script::status(200).into(), event, taken]);
    let requests = match profile() {
        Profile::Abort => session.exit_after(3).0,
        Profile::Unwind => session.requests(4),
    };
    common::failure(&requests[2], "loud").assert_type("Function.Panic");
}

#[test]
fn a_failed_restore_that_nobody_hears_still_ends_the_process() {
    for step in [
        Step::from(script::status(403)),
        script::status(500).into(),
        Step::close_after_request(),
    ] {
        for (handler, problem) in [
            ("after 1 fails", "after 1 as told"),
            ("after 1 panics", "after 1 panicked"),
        ] {
            let steps = [script::status(200).into(), step.clone()];
            let session = snap_start(handler).start(steps);
            let (requests, exit) = session.exit_after(2);
            restore_failure(&requests[1]).assert_type("Runtime.AfterRestoreError");
            exit.assert_failed_with(&[problem, "POST restore/error"]);
        }
    }
}

#[test]
fn an_init_step_that_fails_takes_no_snapshot() {
    let session = snap_start("init fails").start([script::status(202)]);
    let (requests, exit) = session.exit_after(1);
    init_failure(&requests[0]).assert_type("Init.Impossible");
    exit.assert_failed_with(&["Init.Impossible"]);
    assert_eq!(session.process.stdout(), "");
}

#[test]
fn a_threads_panic_while_the_snapshot_is_awaited_is_reported_when_panics_abort() {
    if profile() == Profile::Unwind {
        coldspark_emulator::left_to_another_form(
            "with unwinding a thread's panic does not end the process",
        );
        return;
    }
    for refused in [false, true] {
        let waits = Step::park().only(Call::RestoreNext);
        let mut steps = vec![waits];
        if refused {
            // The environment was restored already.
            steps.push(Step::from(script::status(403)));
        }
        steps.push(Step::from(script::status(202)));
        let count = steps.len();
        let session = snap_start("before 1 leaves a thread").start(steps);
        let asked = |session: &common::Session| session.api.requests().len() == 1;
        while !asked(&session) {
            thread::sleep(Duration::from_millis(2));
        }
        session.process.write_stdin("!");
        let (requests, exit) = session.exit_after(count);
        let failure = if refused {
            restore_failure(&requests[2])
        } else {
            init_failure(&requests[1])
        };
        failure
            .assert_type("Function.Panic")
            .assert_says(&["a thread while the snapshot is awaited"]);
        exit.assert_failed_with(&["a thread while the snapshot is awaited"]);
    }
}
