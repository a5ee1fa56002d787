//! What is not answered in time is reported shortly before the deadline.

use crate::common::function::urgent;
use crate::common::{Function, Package, process, workers};

const TIMEOUT: &str = "Runtime.HandlerTimeout";
/// Makes the moment come soon: an event with a minute to go is given up after 300 ms.
const SOON: [(&str, &str); 1] = [("COLDSPARK_DEADLINE_MARGIN_MS", "59700")];

#[test]
fn a_worker_that_does_not_answer_is_killed_with_what_it_started() {
    let script = workers::answering(
        "if [ \"$event\" = bad ]; then echo stuck >&2; sleep 1000 & echo $! >pid; wait; fi\n\
         printf $$ >&6",
    );
    let package = Package::new().executable("handler", script);
    let mut function = Function::start_env("worker:handler", package, &SOON);
    let first = function.invoke("good").text();
    let texts = [
        "no answer within ",
        "59700 ms before the deadline",
        "killed",
        "stuck",
    ];
    function.invoke("bad").assert_error(TIMEOUT, &texts);
    assert!(!process::is_running(first.parse().unwrap()));
    let pid = std::fs::read_to_string(function.package.task().join("pid")).unwrap();
    let sleeper = pid.trim().parse().unwrap();
    function.wait_until("killed", |_| !process::is_running(sleeper));
    assert_ne!(function.invoke("good").text(), first);
}

#[test]
fn an_executable_that_does_not_end_is_killed_with_what_it_started() {
    let script = "[ \"$(cat)\" != bad ] || { sleep 1000 & echo $! >pid; wait; }; printf done";
    let package = Package::new().executable("handler", workers::raw(script));
    let mut function = Function::start_env("exec:handler", package, &SOON);
    function
        .invoke("bad")
        .assert_error(TIMEOUT, &["59700 ms before"]);
    let pid = std::fs::read_to_string(function.package.task().join("pid")).unwrap();
    let sleeper = pid.trim().parse().unwrap();
    function.wait_until("killed", |_| !process::is_running(sleeper));
    assert_eq!(function.invoke("good").text(), "done");
}

#[test]
fn an_executable_that_prints_for_ever_is_killed() {
    let package = Package::new().executable("handler", workers::raw("exec yes"));
    let mut function = Function::start_env("exec:handler", package, &SOON);
    function.invoke("{}").assert_error(TIMEOUT, &[]);
    assert!(process::children(function.pid()).is_empty());
}

#[test]
fn a_worker_that_logs_for_ever_is_killed() {
    let script = workers::answering("[ \"$event\" != bad ] || yes >&2");
    let package = Package::new().executable("handler", script);
    let mut function = Function::start_env("worker:handler", package, &SOON);
    // A start does not use up the time that the next event still has.
    function.invoke("good").text();
    function.invoke("bad").assert_error(TIMEOUT, &["y\ny"]);
    function.invoke("good").text();
}

#[test]
fn a_shell_function_that_does_not_return_is_killed() {
    let script = "handler() { [ \"$1\" != bad ] || while :; do :; done; echo \"$1\"; }";
    let package = Package::new().file("function.sh", 0o644, script);
    let mut function = Function::start_env("function.handler", package, &SOON);
    function.invoke("bad").assert_error(TIMEOUT, &[]);
    assert_eq!(function.invoke("good").text(), "good\n");
}

#[test]
fn a_worker_that_ignores_signals_is_killed_too() {
    let script = workers::answering(
        "[ \"$event\" != bad ] || { trap '' TERM INT HUP; while :; do :; done; }",
    );
    let package = Package::new().executable("handler", script);
    let mut function = Function::start_env("worker:handler", package, &SOON);
    function.invoke("bad").assert_error(TIMEOUT, &[]);
    function.invoke("good").text();
}

#[test]
fn a_new_worker_that_does_not_get_ready_in_time_is_reported_and_replaced() {
    let script = workers::raw(
        "[ ! -e second ] || [ -e third ] || { : >third; sleep 1000; }\n: >>second\n\
         echo ready >&4\nread -r _ number <&3\n[ -e third ] || exit 1\necho \"response $number\" >&4",
    );
    let package = Package::new().executable("handler", script);
    let mut function = Function::start_env("worker:handler", package, &SOON);
    function
        .invoke("{}")
        .assert_error("Runtime.WorkerExited", &[]);
    function.invoke("{}").assert_error(TIMEOUT, &[]);
    function.invoke("{}").text();
}

#[test]
fn the_default_margin_is_a_tenth_of_the_time_left() {
    let package = Package::new().executable("handler", workers::answering("sleep 1000"));
    let mut function = Function::start("worker:handler", package);
    function.wait_idle();
    let error = function.invoke_event(urgent("id", "{}", 1000));
    let message = error.assert_error(TIMEOUT, &[" ms before the deadline", "timeout"]);
    let numbers = message
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|n| n.parse().ok());
    let [allowed, margin] = numbers.collect::<Vec<u64>>()[..2] else {
        panic!("{message}");
    };
    assert!(
        allowed <= 900 && margin <= 100 && margin == (allowed + margin) / 10,
        "{message}"
    );
}

#[test]
fn an_event_without_any_time_is_not_handed_over() {
    let package = Package::new().executable("handler", workers::answering(workers::COUNTING));
    let mut function = Function::start("worker:handler", package);
    assert!(function.invoke("{}").text().ends_with(" 1"));
    let error = function.invoke_event(urgent("late", "{}", 0));
    error.assert_error(TIMEOUT, &["within 0 ms"]);
    assert!(function.invoke("{}").text().ends_with(" 2"));
}
