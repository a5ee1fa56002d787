//! Init steps that fail: reported once, then the process ends.

mod common;

use std::fs;
use std::path::Path;

use coldspark_emulator::script::{self, Step};
use common::{
    Profile, assert_response, function, init_failure, init_failure_path, limit, profile,
    wait_disconnected,
};

#[test]
fn an_error_of_the_init_step_is_reported_and_ends_the_process() {
    let session = function("fixture-init")
        .handler("error")
        .start([script::status(202)]);
    let (requests, exit) = session.exit_after(1);
    assert_eq!(
        (requests[0].method.as_str(), &requests[0].path),
        ("POST", &init_failure_path())
    );
    let failure = init_failure(&requests[0]);
    failure.assert_type("Init.Impossible");
    assert_eq!(failure.message, "two\nlines of \u{e9}t\u{e9}");
    assert_eq!(requests[0].header("Lambda-Runtime-Invocation-Id"), None);
    exit.assert_failed_with(&["the init phase failed: Init.Impossible: two\\nlines of"]);
    assert_eq!(exit.stderr.lines().count(), 1, "{}", exit.stderr);
}

#[test]
fn an_error_of_rust_in_the_init_step_brings_its_type() {
    let session = function("fixture-init")
        .handler("parse")
        .start([script::status(202)]);
    let (requests, exit) = session.exit_after(1);
    let failure = init_failure(&requests[0]);
    assert_eq!(
        (failure.header.as_str(), failure.error_type.as_str()),
        ("Function.ParseIntError", "ParseIntError")
    );
    exit.assert_failed_with(&["ParseIntError: invalid digit"]);
}

#[test]
fn a_missing_file_of_the_package_is_reported_with_its_path() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-such-package");
    let session = function("orders")
        .env("LAMBDA_TASK_ROOT", &folder)
        .start([script::status(202)]);
    let (requests, exit) = session.exit_after(1);
    let failure = init_failure(&requests[0]);
    failure.assert_type("Orders.NoPrices");
    let path = folder.join("prices.json");
    failure.assert_says(&[&path.to_string_lossy(), "No such file"]);
    exit.assert_failed_with(&["the init phase failed: Orders.NoPrices"]);
}

#[test]
fn a_wrong_file_of_the_package_is_reported_with_the_place() {
    let name = format!("bad-prices-{}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("prices.json"), "{\n\"rope\": -1}").expect("a file");
    let session = function("orders")
        .env("LAMBDA_TASK_ROOT", &folder)
        .start([script::status(202)]);
    let (requests, exit) = session.exit_after(1);
    init_failure(&requests[0])
        .assert_type("Orders.BadPrices")
        .assert_says(&["prices.json", "line 2 column 10"]);
    exit.assert_failed_with(&["Orders.BadPrices"]);
    fs::remove_dir_all(&folder).expect("the folder");
}

#[test]
fn a_panic_of_the_init_step_is_reported_and_ends_the_process() {
    let session = function("fixture-init")
        .handler("panic")
        .start([script::status(202)]);
    let (requests, exit) = session.exit_after(1);
    init_failure(&requests[0])
        .assert_type("Function.Panic")
        .assert_says(&["the init step panicked on purpose", "fixture-init.rs:"]);
    exit.assert_failed_with(&["the init step panicked on purpose", "fixture-init.rs:"]);
}

#[test]
fn a_panic_of_another_thread_in_the_init_step_ends_the_process_when_panics_abort() {
    let steps = match profile() {
        Profile::Abort => vec![script::status(202).into()],
        Profile::Unwind => script::exchange("a", "1").to_vec(),
    };
    let session = function("fixture-init")
        .handler("panic-thread")
        .start(steps);
    match profile() {
        Profile::Abort => {
            let (requests, exit) = session.exit_after(1);
            init_failure(&requests[0])
                .assert_type("Function.Panic")
                .assert_says(&["a thread of init panicked"]);
            exit.assert_failed_with(&["a thread of init panicked"]);
        }
        Profile::Unwind => {
            assert_eq!(session.requests(3)[1].json()["handler"], "panic-thread");
            session.assert_logged(&["ERROR", "a thread of init panicked"]);
        }
    }
}

#[test]
fn a_failed_init_that_nobody_hears_still_ends_the_process() {
    let breaking = [
        Step::close_after_request(),
        Step::reset(),
        Step::from(script::status(202)).cut_at(12),
    ];
    for breaking in breaking {
        let session = function("fixture-init").handler("error").start([breaking]);
        let (requests, exit) = session.exit_after(1);
        init_failure(&requests[0]).assert_type("Init.Impossible");
        exit.assert_failed_with(&["the init phase failed: Init.Impossible", "POST init/error"]);
    }
    let refusing = common::Refusing::new();
    for (handler, problem) in [
        ("error", "Init.Impossible"),
        ("panic", "panicked on purpose"),
    ] {
        let exit = function("fixture-init")
            .handler(handler)
            .start_at(refusing.address())
            .wait();
        exit.assert_failed_with(&[problem, "POST init/error", "cannot connect"]);
    }
}

#[test]
fn a_connection_that_init_opens_is_used_for_the_first_event() {
    let session = function("fixture-init")
        .handler("connect")
        .start(script::exchange("a", "1"));
    let requests = session.requests(3);
    assert_eq!(requests[1].json()["handler"], "connect");
    assert_eq!(session.api.connections(), 1);
}

#[test]
fn a_connection_that_is_lost_within_init_is_replaced() {
    let [event, taken] = script::exchange("a", "1");
    let session = function("fixture-init").handler("connect-wait").start([
        Step::close_unread(),
        event,
        taken,
    ]);
    if common::client() == common::Client::Own {
        session.api.wait_closed(1, limit());
        wait_disconnected(&session.api.address());
    }
    session.process.write_stdin("go on\n");
    let requests = session.requests(3);
    assert_response(&requests[1], "a", &requests[1].body);
    assert_eq!(requests[1].json()["handler"], "connect-wait");
    assert_eq!(session.stderr(), "");
}

#[test]
fn an_init_step_that_opens_a_connection_and_fails_reports_on_it() {
    let refusing = common::Refusing::new();
    let exit = function("fixture-init")
        .handler("connect")
        .start_at(refusing.address())
        .wait();
    exit.assert_failed_with(&["GET invocation/next", "cannot connect"]);
}

#[test]
fn what_the_init_step_logs_is_logged() {
    let session = function("fixture-init")
        .handler("log")
        .start(script::exchange("a", "1"));
    session.requests(3);
    assert_eq!(
        session.stderr(),
        "WARN fixture_init: logged in init runs=1\n"
    );
}
