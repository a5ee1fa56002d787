//! The worker starts as early as it can, and the connection is made meanwhile.

use std::fs;

use crate::common::{Function, Package, workers};

#[test]
fn the_connection_is_made_while_the_worker_starts() {
    let script = "until [ -e go ]; do sleep 0.01; done; echo ready >&4; read -r -u 3 line";
    let package = Package::new().executable("handler", workers::raw(script));
    let function = Function::start("worker:handler", package);
    function.wait_until("connected", |function| function.api.connections() == 1);
    assert!(function.api.requests().is_empty());
    fs::write(function.package.task().join("go"), "").unwrap();
    function.wait_idle();
    assert_eq!(function.api.connections(), 1);
}

#[test]
fn the_first_event_waits_for_a_worker_that_is_ready() {
    let script = "sleep 0.1; printf ready >ready; echo ready >&4; read -r -u 3 line";
    let package = Package::new().executable("handler", workers::raw(script));
    let function = Function::start("worker:handler", package);
    function.wait_idle();
    assert!(function.package.task().join("ready").exists());
}

#[test]
fn a_wrapper_script_that_nothing_runs_is_said_once() {
    const NAME: &str = "AWS_LAMBDA_EXEC_WRAPPER";
    let script = workers::answering("printf '%s' \"$event\" >&6");
    for (wrapper, times) in [("/opt/wrap \"it\"", 1), ("", 0)] {
        let package = Package::new().executable("handler", &script).layer_file(
            "wrap \"it\"",
            0o755,
            workers::raw("exit 9"),
        );
        let mut function = Function::start_env("worker:handler", package, &[(NAME, wrapper)]);
        for _ in 0..3 {
            assert_eq!(function.invoke("{}").text(), "{}");
        }
        let log = function.log();
        assert_eq!(log.matches(NAME).count(), times, "{log}");
        assert_eq!(log.matches("/opt/wrap").count(), times, "{log}");
        assert_eq!(log.matches("OS-only").count(), times, "{log}");
    }
}
