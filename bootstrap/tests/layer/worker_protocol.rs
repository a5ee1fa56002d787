//! What a worker must not say, and what becomes of it: an error, and a new worker.

use std::fs;

use crate::common::{Function, Package, workers};

const PROTOCOL: &str = "Runtime.WorkerProtocol";

/// The error for the event `bad`; the events before and after it are answered, by two workers.
#[track_caller]
fn broken(body: &str, texts: &[&str]) {
    let (mut function, second) = workers::replaced(body, PROTOCOL, texts);
    assert_eq!(function.invoke("good").text(), second);
}

#[test]
fn garbage_costs_the_worker() {
    broken("echo hello >&4", &["said \"hello\"", "layer/PROTOCOL.md"]);
    broken("printf '\\377\\376\\n' >&4", &["as an answer to event "]);
    broken("echo >&4", &["said \"\""]);
    broken("echo ready >&4", &["said \"ready\""]);
    broken("echo init-error X >&4", &["said \"init-error X\""]);
}

#[test]
fn a_line_that_never_ends_costs_the_worker() {
    broken(
        "head -c 100000 /dev/zero | tr '\\0' x >&4",
        &["too long for a line", "xxx"],
    );
}

#[test]
fn half_a_line_and_then_the_end_costs_the_worker() {
    let mut function = workers::failing("printf 'response 2' >&4; exit 0");
    function.invoke("good").text();
    let error = function.invoke("bad");
    error.assert_error(
        "Runtime.WorkerExited",
        &["instead of answering", "status: 0"],
    );
    function.invoke("good").text();
}

#[test]
fn an_answer_to_another_event_costs_the_worker() {
    for (line, shown) in [
        ("response 1", "\"response 1\""),
        ("response $last", "\"response "),
        ("response $((number + 1))", "\"response "),
        ("response $((number - 1))", "\"response "),
        ("error $last Oops", " Oops\""),
        ("chunk $last 0", " 0\""),
    ] {
        let body = format!("echo {line} >&4; fi; last=$number; if false; then :");
        broken(&body, &[shown, " as an answer to event "]);
    }
}

#[test]
fn an_answer_without_a_number_or_type_costs_the_worker() {
    broken("echo response >&4", &["said \"response\""]);
    broken("echo response -2 >&4", &["said \"response -2\""]);
    broken(
        "echo response 18446744073709551618 >&4",
        &["18446744073709551618"],
    );
    broken("echo error 2 >&4", &["said \"error 2\""]);
    broken(
        "echo error 2 Two Words >&4",
        &["said \"error 2 Two Words\""],
    );
}

#[test]
fn a_chunk_with_a_wrong_length_costs_the_worker() {
    broken(
        "printf abc >&6; echo chunk $number 4 >&4; sleep 1000",
        &["said \"chunk ", "when its response had only 3 bytes"],
    );
}

#[test]
fn two_answers_at_once_cost_the_worker() {
    // bash's own printf would write the lines one by one.
    for first in ["response $number", "error $number A"] {
        let body = format!("env printf '%s\\n' \"{first}\" \"response $number\" >&4");
        broken(&body, &["said \"response ", "\" after another line"]);
    }
}

#[test]
fn a_second_answer_after_the_first_costs_the_worker() {
    // Behind its first answer the worker waits until it may give the second.
    let mut function = workers::failing(
        "printf first >&6; echo response $number >&4; until [ -e go ]; do sleep 0.01; done\n\
         echo response $number >&4; : >done; sleep 1000",
    );
    let worker = function.invoke("good").text();
    assert_eq!(function.invoke("bad").text(), "first");
    function.wait_idle();
    let task = function.package.task();
    fs::write(task.join("go"), "").unwrap();
    function.wait_until("answered twice", |_| task.join("done").exists());
    assert_ne!(function.invoke("good").text(), worker);
    let log = function.log();
    assert!(
        log.contains("said \"response ") && log.contains("\" without an event in hand"),
        "{log}"
    );
    assert!(log.contains("a new one is started"), "{log}");
}

#[test]
fn an_answer_before_the_event_costs_the_worker() {
    let script = "env printf 'ready\\nresponse 1\\n' >&4; read -r -u 3 line";
    let package = Package::new().executable("handler", workers::raw(script));
    let function = Function::start("worker:handler", package);
    function.assert_init_error(PROTOCOL, &["said \"response 1\" after another line"]);
}

#[test]
fn an_answer_that_would_have_fitted_an_earlier_worker_costs_the_worker() {
    // The first worker crashes; those after it answer ahead of their first event.
    let script = workers::raw(
        "echo x >>starts; echo ready >&4; [ $(wc -l <starts) = 1 ] || echo response 1 >&4\n\
         read -r -u 3 line; [ $(wc -l <starts) != 1 ] || exit 1; sleep 1000",
    );
    let package = Package::new().executable("handler", script);
    let mut function = Function::start("worker:handler", package);
    function
        .invoke("{}")
        .assert_error("Runtime.WorkerExited", &["status: 1"]);
    function
        .invoke("{}")
        .assert_error(PROTOCOL, &["said \"response 1\""]);
}

#[test]
fn a_closed_pipe_costs_the_worker() {
    broken(
        "exec 4>&-; sleep 1000",
        &["closed its pipe and went on running"],
    );
}

#[test]
fn a_worker_that_does_not_read_its_events_any_more_is_replaced() {
    let script = workers::raw(
        "echo ready >&4\nread -r _ number <&3\nexec 3<&-\necho response $number >&4\nsleep 1000",
    );
    let package = Package::new().executable("handler", script);
    let mut function = Function::start("worker:handler", package);
    assert_eq!(function.invoke("{}").text(), "");
    let error = function.invoke("{}");
    error.assert_error(
        "Runtime.WorkerProtocol",
        &["closed its pipe and went on running"],
    );
    assert_eq!(function.invoke("{}").text(), "");
}
