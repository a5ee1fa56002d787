//! What processes print is in the function's log, in whole lines.

use std::fs;

use crate::common::{Function, Package, event, workers};

fn worker(body: &str) -> Function {
    let script = workers::answering(body);
    Function::start(
        "worker:handler",
        Package::new().executable("handler", script),
    )
}

#[test]
fn both_outputs_of_a_worker_are_in_the_log_when_its_answer_is() {
    let mut function = worker("echo out $number; echo err $number >&2");
    for number in 1..20 {
        function.invoke("{}").text();
        let log = function.log();
        assert!(log.contains(&format!("out {number}\n")), "{log}");
        assert!(log.contains(&format!("err {number}\n")), "{log}");
    }
}

#[test]
fn what_is_printed_in_the_init_phase_is_in_the_log() {
    let package = Package::new().executable(
        "handler",
        workers::raw("echo early; echo loading >&2; echo ready >&4; read -r line <&3"),
    );
    let function = Function::start("worker:handler", package);
    function.wait_idle();
    assert!(function.log().contains("early\n") && function.log().contains("loading\n"));
}

#[test]
fn what_is_printed_between_events_is_in_the_log() {
    let mut function = worker("(until [ -e go ]; do sleep 0.01; done; echo late) &");
    function.invoke("{}").text();
    function.wait_idle();
    fs::write(function.package.task().join("go"), "").unwrap();
    function.wait_until("logged", |function| function.log().contains("late\n"));
}

#[test]
fn standard_output_and_error_stay_apart() {
    let package =
        Package::new().executable("handler", workers::answering("echo out; echo err >&2"));
    let output = package.task().join("stdout");
    let mut function = Function::start_with("worker:handler", package, |command| {
        command.stdout(fs::File::create(&output).unwrap());
    });
    function.invoke("{}").text();
    assert_eq!(
        fs::read_to_string(function.package.task().join("stdout")).unwrap(),
        "out\n"
    );
    assert_eq!(function.log(), "err\n");
}

#[test]
fn lines_written_in_pieces_stay_whole() {
    let body = "for n in 1 2 3 4 5 6 7 8; do printf aaaa; printf bbbb >&2; printf 'AAAA\\n'; printf 'BBBB\\n' >&2; done";
    let mut function = worker(body);
    for _ in 0..10 {
        function.invoke("{}").text();
    }
    let log = function.log();
    assert_eq!(log.lines().count(), 160, "{log}");
    assert!(
        log.lines()
            .all(|line| line == "aaaaAAAA" || line == "bbbbBBBB"),
        "{log}"
    );
}

#[test]
fn a_last_line_without_an_end_gets_one_when_the_worker_ends() {
    let mut function = worker("printf 'out of'; printf 'no end' >&2; exit 1");
    function
        .invoke("{}")
        .assert_error("Runtime.WorkerExited", &["no end"]);
    let log = function.log();
    assert!(
        log.contains("out of\n") && log.contains("no end\n"),
        "{log}"
    );
}

#[test]
fn an_executable_logs_what_it_prints_to_standard_error() {
    let package =
        Package::new().executable("handler", workers::raw("printf oops >&2; printf fine"));
    let mut function = Function::start("exec:handler", package);
    assert_eq!(function.invoke("{}").text(), "fine");
    assert_eq!(function.log(), "oops\n");
}

#[test]
fn a_flood_does_not_stop_the_worker_and_nothing_of_it_is_lost() {
    let body = "head -c 8000000 /dev/zero | tr '\\0' x; echo; seq 1 200000 >&2";
    let package = Package::new().executable("handler", workers::answering(body));
    let output = package.task().join("stdout");
    let mut function = Function::start_with("worker:handler", package, |command| {
        command.stdout(fs::File::create(&output).unwrap());
    });
    function.invoke("{}").text();
    assert!(fs::read(&output).unwrap() == [&[b'x'; 8_000_000][..], b"\n"].concat());
    let numbers = (1..=200_000).map(|number| format!("{number}\n"));
    assert!(function.log() == numbers.collect::<String>());
}

#[test]
fn a_flood_between_events_does_not_stop_the_worker() {
    let mut function = worker("(seq 1 100000 >&2; : >done) &");
    function.send(event("id", "{}"));
    function.receive().text();
    let done = function.package.task().join("done");
    function.wait_until("flooded", |_| done.exists());
    function.invoke("{}").text();
}
