//! The worker starts as early as it can, and the connection is made meanwhile.

use std::ffi::CString;
use std::fs::{self, File};
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::common::function::runner;
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

/// How often the file of a worker is opened and closed until it is ready, in turns.
#[allow(unsafe_code)]
fn turns(handler: &str, file: &Path, package: Package) -> usize {
    // SAFETY: inotify_init1(2) takes an integer; the new descriptor is nobody else's.
    let mut watch = unsafe { File::from_raw_fd(libc::inotify_init1(libc::IN_NONBLOCK)) };
    let path = CString::new(file.as_os_str().as_bytes()).expect("a path");
    // SAFETY: the path is a live, zero-terminated text, which the call reads.
    let added = unsafe {
        libc::inotify_add_watch(
            watch.as_raw_fd(),
            path.as_ptr(),
            libc::IN_OPEN | libc::IN_CLOSE,
        )
    };
    assert!(added >= 0, "{}", std::io::Error::last_os_error());
    let function = Function::start(handler, package);
    function.wait_idle();
    let mut count = 0;
    // Equal events in a row are one, so each is taken; without a name all have the same size.
    let mut event = [0; size_of::<libc::inotify_event>()];
    while watch.read_exact(&mut event).is_ok() {
        count += 1;
    }
    count
}

/// A worker of the package is read from the disk before it is started, which only time shows
/// otherwise. One of a layer is found later.
#[test]
fn a_worker_of_the_package_is_read_ahead() {
    let script = workers::raw("echo ready >&4; read -r -u 3 line");
    for handler in ["worker:handler.worker", "handler.worker"] {
        let package = Package::new().executable("handler.worker", &script);
        let file = package.task().join("handler.worker");
        let ahead = turns(handler, &file, package);
        let package = Package::new().layer_file("handler.worker", 0o755, &script);
        let file = package.layer().join("handler.worker");
        let late = turns(handler, &file, package);
        assert!(late > 0 && ahead > late, "{handler}: {ahead}, {late}");
    }
}

/// Its log, its process and SIGTERM are looked at where it waits: no thread is started for them.
#[test]
fn with_one_event_at_a_time_the_bootstrap_has_one_thread() {
    if runner().is_some() {
        eprintln!("skipped: what runs the binary has threads of its own");
        return;
    }
    let worker = workers::answering("echo logged >&2");
    let exec = workers::raw("echo logged >&2");
    for (handler, package) in [
        (
            "worker:handler",
            Package::new().executable("handler", worker),
        ),
        ("exec:handler", Package::new().executable("handler", exec)),
        (
            "f.handler",
            Package::new().file("f.sh", 0o644, "handler() { echo logged >&2; }"),
        ),
    ] {
        let mut function = Function::start(handler, package);
        for _ in 0..2 {
            function.invoke("{}").text();
            let threads = fs::read_dir(format!("/proc/{}/task", function.pid()));
            assert_eq!(threads.expect("its threads").count(), 1, "{handler}");
        }
    }
}
