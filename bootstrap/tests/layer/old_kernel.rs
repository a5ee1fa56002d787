//! Where memfd_create and pidfd_open are refused, everything works as well.

use crate::common::function::runner;
use crate::common::{Function, Package, process, workers};

fn start(handler: &str, package: Package) -> Function {
    Function::start_with(handler, package, process::refuse_new_calls)
}

#[test]
fn a_worker_is_fed_and_supervised() {
    let script = workers::answering(
        "[ \"$event\" != bad ] || { sleep 1000 & exit 3; }\nprintf '%s' \"$event\" >&6",
    );
    let mut function = start(
        "worker:handler",
        Package::new().executable("handler", script),
    );
    for _ in 0..3 {
        let event = "x".repeat(1_000_000);
        assert!(function.invoke(event.clone()).text() == event);
        assert_eq!(function.invoke("small").text(), "small");
        // The sleeper holds the pipes, so that only the process's end can tell.
        function
            .invoke("bad")
            .assert_error("Runtime.WorkerExited", &["status: 3"]);
    }
    let files = process::descriptors(function.pid());
    let unlinked = |target: &str| target.starts_with("/tmp/") && target.ends_with("(deleted)");
    assert_eq!(
        files.iter().filter(|(_, target)| unlinked(target)).count(),
        3,
        "{files:?}"
    );
}

#[test]
fn an_executable_is_fed_and_followed() {
    let script = "sleep 1000 & read -r -N 3 event; printf %s \"$event\"; [ \"$event\" != bad ]";
    let package = Package::new().executable("handler", workers::raw(script));
    let mut function = start("exec:handler", package);
    assert_eq!(function.invoke("one").text(), "one");
    function
        .invoke("bad")
        .assert_error("Function.ExitStatus", &["status: 1"]);
    assert_eq!(function.invoke("two").text(), "two");
}

#[test]
fn a_shell_function_is_called() {
    let script = "handler() { [ \"$1\" != bad ] || exit 4; cat; }";
    let mut function = start("f.handler", Package::new().file("f.sh", 0o644, script));
    assert_eq!(function.invoke("one").text(), "one");
    function
        .invoke("bad")
        .assert_error("Runtime.WorkerExited", &["status: 4"]);
    assert_eq!(function.invoke("two").text(), "two");
}

/// What the system refuses, and what to do about it.
#[test]
fn the_error_says_what_the_system_refuses_and_what_to_do() {
    if runner().is_some() {
        coldspark_emulator::left_to_another_form("qemu's own threads would not start");
        return;
    }
    for (error, text) in [
        (
            libc::EAGAIN,
            "; the limit of processes and threads is reached",
        ),
        (libc::ENOMEM, "; give the function more memory"),
        (libc::EPERM, "Operation not permitted (os error 1)"),
    ] {
        let package = Package::new().executable("handler", workers::answering(""));
        // Which of them starts a process is the C library's choice.
        let calls = [libc::SYS_clone, libc::SYS_clone3];
        let function = Function::start_with("worker:handler", package, |command| {
            process::refuse_with(command, &calls, error);
        });
        let message = function.assert_init_error("Runtime.SystemError", &["cannot start /"]);
        assert!(message.ends_with(text), "{message}");
    }
}

#[test]
fn an_event_without_a_seed_is_not_handed_over() {
    if runner().is_some() {
        coldspark_emulator::left_to_another_form("qemu needs the call itself");
        return;
    }
    let package = Package::new().executable("handler", workers::answering("printf ok >&6"));
    let mut function = Function::start_with("worker:handler", package, |command| {
        process::refuse_with(command, &[libc::SYS_getrandom], libc::EPERM);
    });
    let why = "cannot make the event's random seed: Operation not permitted";
    function
        .invoke("{}")
        .assert_error("Runtime.SystemError", &[why]);
}
