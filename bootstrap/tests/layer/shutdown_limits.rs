//! SIGTERM: how long the end may take, and that nothing is started any more.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use coldspark_emulator::emulator::{Invocation, Outcome};
use coldspark_emulator::skipped;

use crate::common::{Concurrent, Package, process, workers};

/// What Lambda gives a runtime to end.
const LIMIT: Duration = Duration::from_millis(300);

/// Whether it holds in one of ten runs: a busy machine may be late in some, but not in all.
#[track_caller]
fn sometimes(what: &str, mut holds: impl FnMut() -> bool) {
    assert!((0..10).any(|_| holds()), "never: {what}");
}

/// Whether a process that wants no end, with an event in hand or `idle`, is gone in time.
#[track_caller]
fn ends_in_time(handler: &str, package: Package, idle: bool) -> bool {
    let mut function = Concurrent::start(handler, package, 1);
    match idle {
        true => assert_eq!(function.invoke(&["x"]), ["x"]),
        false => {
            let _held = function.submit("x");
            function.wait_until("in hand", |function| {
                function.package.task().join("held").exists()
            });
        }
    }
    let begun = Instant::now();
    let status = function.shut_down();
    let took = begun.elapsed();
    assert_eq!(status.code(), Some(0), "{}", function.log());
    took < LIMIT && !function.log().contains("the shutdown hooks took")
}

#[test]
fn all_is_over_within_what_lambda_allows() {
    let hold = ": >\"$LAMBDA_TASK_ROOT/held\"; trap '' TERM; while :; do sleep 1; done";
    let stubborn = "trap '' TERM\n".to_owned()
        + &workers::answering("printf x >&6")[12..]
        + "while :; do sleep 1; done\n";
    let cases: [(&str, &dyn Fn() -> Package, bool); 4] = [
        (
            "worker:handler",
            &|| Package::new().executable("handler", workers::raw(&stubborn)),
            true,
        ),
        (
            "worker:handler",
            &|| Package::new().executable("handler", workers::answering(hold)),
            false,
        ),
        (
            "exec:handler",
            &|| Package::new().executable("handler", workers::raw(hold)),
            false,
        ),
        (
            "f.handler",
            &|| Package::new().file("f.sh", 0o644, format!("handler() {{ {hold}; }}")),
            false,
        ),
    ];
    for (handler, package, idle) in cases {
        sometimes(handler, || ends_in_time(handler, package(), idle));
    }
}

#[test]
fn a_worker_has_150_ms_to_end_by_itself_and_50_after_sigterm() {
    // Each of its waits is many times what it has, so that only the order counts.
    let body = workers::answering("printf x >&6")
        + "trap 'echo told >&2; sleep 1; echo \"not killed\" >&2' TERM\n\
        sleep 1.5 & wait; wait; echo 'not told' >&2\n";
    let package = Package::new().executable("handler", body);
    let mut function = Concurrent::start("worker:handler", package, 1);
    assert_eq!(function.invoke(&["x"]), ["x"]);
    function.shut_down();
    let log = function.log();
    assert!(log.contains("told") && !log.contains("not"), "{log}");
}

#[test]
fn no_worker_is_started_for_one_that_was_told_to_end() {
    let body = workers::answering(": >held; while :; do sleep 0.01; done")
        .replace("echo ready", ": >started-$$; echo ready");
    let package = Package::new().executable("handler", body);
    let mut function = Concurrent::start("worker:handler", package, 1);
    let _held = function.submit("x");
    function.wait_until("in hand", |function| {
        function.package.task().join("held").exists()
    });
    function.shut_down();
    let files = fs::read_dir(function.package.task()).expect("the package");
    let names = files.flatten().map(|file| file.file_name());
    let started = names.filter(|name| name.to_string_lossy().starts_with("started-"));
    assert_eq!(started.count(), 1, "{}", function.log());
}

/// Whether an event that comes during the end is answered before it; it starts no process.
#[track_caller]
fn a_late_event_is_refused() -> bool {
    let script = workers::raw(
        "cd \"$LAMBDA_TASK_ROOT\"; event=$(cat); : >ran-$event\n\
         trap ': >told' TERM; while :; do sleep 0.01; done",
    );
    let package = Package::new().executable("handler", script);
    let mut function = Concurrent::start("exec:handler", package, 2);
    let has = |function: &Concurrent, name: &str| function.package.task().join(name).exists();
    let _held = function.submit("1");
    function.wait_until("in hand", |function| has(function, "ran-1"));
    function.terminate();
    function.wait_until("told", |function| {
        has(function, "told") || !function.is_running()
    });
    let mut late = Invocation::new("2");
    late.timeout = Duration::from_secs(3);
    let late = function.emulator.submit(late);
    function.shut_down();
    assert!(!has(&function, "ran-2"), "{}", function.log());
    match late.wait().outcome {
        Outcome::FunctionError { error_type, .. } => {
            assert_eq!(error_type.as_deref(), Some("Runtime.ProcessEnded"));
            true
        }
        _ => false,
    }
}

#[test]
fn an_event_that_comes_later_starts_no_process() {
    sometimes("an answer", a_late_event_is_refused);
}

#[test]
fn a_process_that_is_being_started_gets_the_signal_too() {
    let script = workers::raw("cd \"$LAMBDA_TASK_ROOT\"; : >ran; exec sleep 1000");
    let package = Package::new().executable("handler", script);
    // One of several pollers, of which another one is told of the end.
    let mut function = Concurrent::start("exec:handler", package, 2);
    // Executing it waits until the lease is given back.
    let Some(lease) = process::lease(&function.package.task().join("handler")) else {
        return skipped("a file's lease, which holds up its execution, is not to be had");
    };
    let _held = function.submit("x");
    function.wait_until("being started", |function| {
        function
            .children()
            .iter()
            .any(|child| process::waits(*child))
    });
    let child = function.children()[0];
    function.terminate();
    // It would end at once if it did not wait for the start.
    for _ in 0..100 {
        assert!(function.is_running(), "{}", function.log());
        thread::sleep(Duration::from_millis(2));
    }
    drop(lease);
    assert_eq!(function.shut_down().code(), Some(0), "{}", function.log());
    function.wait_until("without processes", |_| !process::is_running(child));
}
