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
