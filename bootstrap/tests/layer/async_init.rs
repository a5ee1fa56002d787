//! COLDSPARK_ASYNC_INIT: a worker that needs longer than Lambda's init phase.

use std::fs;

use crate::common::function::event;
use crate::common::{Function, Package, workers};

/// A worker that gets ready when the test says so, and then does `body` for each event.
fn slow(body: &str) -> Package {
    let script = workers::answering(body).replace(
        "echo ready",
        "echo loading; until [ -e go ]; do sleep 0.01; done\necho ready",
    );
    Package::new().executable("handler", script)
}

fn go(function: &Function) {
    fs::write(function.package.task().join("go"), "").expect("a file");
}

/// That it takes the real time once shows that the moment is before Lambda's 10 seconds.
#[test]
fn the_first_event_waits_for_a_worker_that_is_not_ready_in_time() {
    let settings = [("COLDSPARK_ASYNC_INIT", "1")];
    let mut function = Function::start_env("worker:handler", slow("printf $$ >&6"), &settings);
    let failing = slow(":").executable(
        "handler",
        workers::raw("until [ -e go ]; do sleep 0.01; done; exit 7"),
    );
    let mut failed = Function::start_env("worker:handler", failing, &settings);
    // Both ask for an event although their workers have said nothing.
    function.wait_idle();
    failed.wait_idle();
    let worker = function.worker();
    let log = function.log();
    assert!(
        log.contains("loading\n") && log.contains("the first event waits for it"),
        "{log}"
    );
    function.send(event("first", "{}"));
    go(&function);
    assert_eq!(function.receive().text(), worker.to_string());
    assert_eq!(function.invoke("{}").text(), worker.to_string());
    // What goes wrong then is the event's error, and the next one starts another worker.
    failed.send(event("first", "{}"));
    go(&failed);
    let texts = ["before it was ready", "status: 7"];
    failed
        .receive()
        .assert_error("Runtime.WorkerExited", &texts);
    failed
        .invoke("{}")
        .assert_error("Runtime.WorkerExited", &texts);
}

#[test]
fn where_there_is_time_or_nobody_asks_the_init_phase_waits() {
    for variables in [
        &[("COLDSPARK_INIT_TIMEOUT_MS", "11000")][..],
        &[
            ("COLDSPARK_INIT_TIMEOUT_MS", "11000"),
            ("COLDSPARK_ASYNC_INIT", "1"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start"),
        ],
        &[
            ("COLDSPARK_INIT_TIMEOUT_MS", "11000"),
            ("COLDSPARK_ASYNC_INIT", "true"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "provisioned-concurrency"),
        ],
        // Shorter than Lambda's limit, it comes first.
        &[
            ("COLDSPARK_INIT_TIMEOUT_MS", "300"),
            ("COLDSPARK_ASYNC_INIT", "1"),
        ],
    ] {
        let function = Function::start_env("worker:handler", slow(":"), variables);
        function.assert_init_error("Runtime.InitTimeout", &["was not ready within"]);
    }
}

#[test]
fn another_value_is_refused() {
    let settings = [("COLDSPARK_ASYNC_INIT", "maybe")];
    let function = Function::start_env("worker:handler", slow(":"), &settings);
    function.assert_init_error(
        "Runtime.ConfigInvalid",
        &["COLDSPARK_ASYNC_INIT", "\"maybe\""],
    );
}
