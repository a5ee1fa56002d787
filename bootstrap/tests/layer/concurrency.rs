//! Several events at a time, as on Lambda Managed Instances, in all modes.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::common::concurrent::{error, response};
use crate::common::{Concurrent, Package, workers};

/// Leaves a file, and waits until there are so many of them; gives the process's id.
fn meet(count: usize) -> String {
    format!(
        ": >in-$BASHPID; while set -- in-*; [ $# -lt {count} ]; do sleep 0.01; done; id=$BASHPID"
    )
}

/// No event of four is answered before all have come, and each has a process of its own.
fn four_at_a_time(handler: &str, package: Package) {
    let function = Concurrent::start(handler, package, 4);
    let answers = function.invoke(&["1", "2", "3", "4"]);
    let ids: HashSet<_> = answers.iter().collect();
    assert_eq!(ids.len(), 4, "{answers:?}");
}

#[test]
fn workers_answer_side_by_side() {
    let body = format!("{}; printf '%s' $id >&6", meet(4));
    let package = Package::new().executable("handler", workers::answering(&body));
    four_at_a_time("worker:handler", package);
}

#[test]
fn executables_answer_side_by_side() {
    let body = format!("cd \"$LAMBDA_TASK_ROOT\"; {}; printf '%s' $id", meet(4));
    let package = Package::new().executable("handler", workers::raw(&body));
    four_at_a_time("exec:handler", package);
}

#[test]
fn shell_functions_answer_side_by_side() {
    let script = format!("handler() {{ {}; printf '%s' $id; }}", meet(4));
    let package = Package::new().file("function.sh", 0o644, script);
    four_at_a_time("function.handler", package);
}

#[test]
fn workers_are_started_in_the_init_phase_and_the_first_one_is_enough_for_single_events() {
    let package = Package::new().executable("handler", workers::answering(workers::COUNTING));
    let function = Concurrent::start("worker:handler", package, 3);
    let children = function.children();
    assert_eq!(children.len(), 3, "{children:?}");
    let answers = [1, 2, 3].map(|_| function.invoke(&["x"]).remove(0));
    let first = answers[0].split(' ').next().expect("an id");
    assert_eq!(answers, [1, 2, 3].map(|count| format!("{first} {count}")));
    assert_eq!(function.children(), children);
}

#[test]
fn without_the_setting_there_is_one_worker() {
    let package = Package::new().executable("handler", workers::answering(workers::COUNTING));
    let function = Concurrent::start("worker:handler", package, 1);
    assert_eq!(function.children().len(), 1);
    function.invoke(&["x", "y", "z"]);
    assert_eq!(function.children().len(), 1);
}

#[test]
fn a_worker_that_ends_costs_its_own_event_and_the_error_has_its_own_words() {
    let body = "case $event in\n\
        hold) echo 'words of another' >&2; : >held; until [ -e go ]; do sleep 0.01; done;;\n\
        die) until [ -e held ]; do sleep 0.01; done; echo 'last words' >&2; exit 3;;\n\
        esac; printf '%s' \"$event\" >&6";
    let package = Package::new().executable("handler", workers::answering(body));
    let function = Concurrent::start("worker:handler", package, 2);
    let held = function.submit("hold");
    let (error_type, message) = error(function.submit("die"));
    assert_eq!(error_type, "Runtime.WorkerExited", "{message}");
    assert!(message.contains("last words"), "{message}");
    assert!(!message.contains("another"), "{message}");
    assert_eq!(function.invoke(&["next"]), ["next"]);
    std::fs::write(function.package.task().join("go"), "").expect("a file");
    assert_eq!(response(held), "hold");
    assert!(function.log().contains("words of another"));
}

#[test]
fn the_error_of_an_executable_that_fails_has_its_own_words() {
    let body = "cd \"$LAMBDA_TASK_ROOT\"; read -r event\n\
        case $event in\n\
        hold) echo 'words of another' >&2; : >held; until [ -e go ]; do sleep 0.01; done;;\n\
        die) until [ -e held ]; do sleep 0.01; done; echo 'last words' >&2; exit 3;;\n\
        esac; printf '%s' \"$event\"";
    let package = Package::new().executable("handler", workers::raw(body));
    let function = Concurrent::start("exec:handler", package, 2);
    let held = function.submit("hold");
    let (error_type, message) = error(function.submit("die"));
    assert_eq!(error_type, "Function.ExitStatus", "{message}");
    assert!(message.contains("last words"), "{message}");
    assert!(!message.contains("another"), "{message}");
    std::fs::write(function.package.task().join("go"), "").expect("a file");
    assert_eq!(response(held), "hold");
}

/// The process ignores SIGTERM; whoever waits for an event has ended long before.
#[test]
fn at_the_end_an_event_in_hand_has_its_200_ms_beside_workers_that_wait() {
    let body = "trap '' TERM\n: >held; while :; do sleep 0.01; done";
    let package = Package::new().executable("handler", workers::answering(body));
    let mut function = Concurrent::start("worker:handler", package, 2);
    let _in_hand = function.submit("hold");
    let held = function.package.task().join("held");
    function.wait_until("in hand", |_| held.exists());
    let begun = Instant::now();
    assert_eq!(function.shut_down().code(), Some(0));
    // No less; how much more, the test of the shutdown says.
    assert!(begun.elapsed() >= Duration::from_millis(200));
}
