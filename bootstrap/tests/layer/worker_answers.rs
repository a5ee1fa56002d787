//! Events and answers of a worker that keeps to the protocol.

use std::fs;

use crate::common::{Function, Package, event, process, workers};

const MAX_RESPONSE: usize = 6 * 1024 * 1024 + 100;

fn worker(body: &str) -> Function {
    let script = workers::answering(body);
    Function::start(
        "worker:handler",
        Package::new().executable("handler", script),
    )
}

/// A worker that gives back the bytes of each event.
fn echo() -> Function {
    let script = "echo ready >&4\n\
                  while read -r _ number <&3; do cat <&5 >&6; echo \"response $number\" >&4; done";
    Function::start(
        "worker:handler",
        Package::new().executable("handler", workers::raw(script)),
    )
}

#[test]
fn one_worker_serves_all_events() {
    let mut function = worker(workers::COUNTING);
    let first = function.invoke("{}").text();
    let pid = first.trim_end_matches(" 1").to_owned();
    assert_eq!(first, format!("{pid} 1"));
    assert_eq!(function.invoke("{}").text(), format!("{pid} 2"));
    assert_eq!(function.worker().to_string(), pid);
}

#[test]
fn an_event_reaches_the_worker_and_its_response_the_caller() {
    let mut function = worker("printf '<%s>' \"$event\" >&6");
    assert_eq!(function.invoke("{\"n\":1}").text(), "<{\"n\":1}>");
    assert_eq!(function.invoke("{\"n\":22}").text(), "<{\"n\":22}>");
    assert_eq!(function.invoke("1").text(), "<1>");
}

#[test]
fn an_empty_event_and_an_empty_response_come_through() {
    let mut function = echo();
    assert_eq!(function.invoke("").response(), b"");
    assert_eq!(function.invoke("x").response(), b"x");
    assert_eq!(function.invoke("").response(), b"");
}

#[test]
fn every_byte_comes_through() {
    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let mut function = echo();
    assert_eq!(function.invoke(bytes.clone()).response(), bytes);
}

#[test]
fn the_largest_event_and_response_come_through() {
    let mut function = echo();
    let bytes: Vec<u8> = (0..6 * 1024 * 1024_u32)
        .map(|n| (n ^ (n >> 8)) as u8)
        .collect();
    assert!(function.invoke(bytes.clone()).response() == bytes);
    assert_eq!(function.invoke("small").text(), "small");
}

#[test]
fn a_response_of_just_the_limit_is_sent_and_one_byte_more_is_an_error() {
    let mut function = worker("head -c \"$event\" /dev/zero >&6");
    assert_eq!(
        function.invoke(MAX_RESPONSE.to_string()).response().len(),
        MAX_RESPONSE
    );
    let error = function.invoke((MAX_RESPONSE + 1).to_string());
    let texts = ["6291557 bytes", "at most 6291556", "S3"];
    error.assert_error("Function.ResponseSizeTooLarge", &texts);
    assert_eq!(function.invoke("3").response(), [0; 3]);
}

#[test]
fn a_response_may_be_written_in_many_parts_and_by_others() {
    let mut function =
        worker("for part in a b c; do (printf $part >&6); /bin/echo -n $part >&6; done");
    assert_eq!(function.invoke("{}").text(), "aabbcc");
    assert_eq!(function.invoke("{}").text(), "aabbcc");
}

#[test]
fn an_error_of_the_worker_has_its_type_and_message_and_the_worker_goes_on() {
    let script = workers::raw(
        "echo ready >&4\nwhile read -r _ number <&3; do\n\
         printf 'no article %s: \\303\\244\\n' $$ >&6\necho \"error $number Order.Unknown\" >&4\ndone",
    );
    let package = Package::new().executable("handler", script);
    let mut function = Function::start("worker:handler", package);
    let first = function
        .invoke("{}")
        .assert_error("Order.Unknown", &["no article ", ": ä"]);
    let second = function.invoke("{}").assert_error("Order.Unknown", &[]);
    assert_eq!(first, second, "another worker");
}

#[test]
fn an_error_needs_no_message() {
    let script = workers::raw(
        "echo ready >&4\nwhile read -r _ number <&3; do echo \"error $number Oops\" >&4; done",
    );
    let package = Package::new().executable("handler", script);
    let mut function = Function::start("worker:handler", package);
    assert_eq!(function.invoke("{}").assert_error("Oops", &[]), "");
}

#[test]
fn a_streamed_response_is_collected() {
    let mut function = worker(
        "printf one >&6; echo chunk $number 3 >&4; printf two >&6; echo chunk $number 3 >&4; printf 3 >&6",
    );
    assert_eq!(function.invoke("{}").text(), "onetwo3");
    assert_eq!(function.invoke("{}").text(), "onetwo3");
}

#[test]
fn an_answer_may_come_in_pieces() {
    let script = workers::raw(
        "printf rea >&4; sleep 0.01; printf 'dy\\n' >&4\nwhile read -r _ number <&3; do\n\
         printf body >&6; printf resp >&4; sleep 0.01; printf \"onse $number\" >&4; sleep 0.01; echo >&4\ndone",
    );
    let package = Package::new().executable("handler", script);
    let mut function = Function::start("worker:handler", package);
    assert_eq!(function.invoke("{}").text(), "body");
    assert_eq!(function.invoke("{}").text(), "body");
}

#[test]
fn a_worker_finds_the_environment_and_the_protocol_version() {
    let mut function = Function::start_env(
        "worker:handler",
        Package::new().executable(
            "handler",
            workers::answering("printf '%s' \"$COLDSPARK_PROTOCOL $MINE $_HANDLER $PWD\" >&6"),
        ),
        &[("MINE", "a b=c")],
    );
    let task = function.package.task();
    let expected = format!("1 a b=c worker:handler {}", task.display());
    assert_eq!(function.invoke("{}").text(), expected);
}

#[test]
fn a_worker_has_the_descriptors_of_the_protocol_and_no_others() {
    let mut function = worker("");
    function.invoke("{}").text();
    // bash keeps its script open under 255.
    function.wait_until("left with its own", |function| {
        process::own_descriptors(function.worker()) == [0, 1, 2, 3, 4, 5, 6, 7, 255]
    });
}

#[test]
fn a_worker_does_not_ignore_sigpipe() {
    let mut function = worker("");
    function.invoke("{}").text();
    let status = fs::read_to_string(format!("/proc/{}/status", function.worker())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = u64::from_str_radix(line.unwrap().trim(), 16).unwrap();
    assert_eq!(mask & 1 << (libc::SIGPIPE - 1), 0, "{status}");
}

#[test]
fn two_invocations_with_the_same_request_id_are_two_events() {
    let mut function = worker(workers::COUNTING);
    assert!(
        function
            .invoke_event(event("same", "{}"))
            .text()
            .ends_with(" 1")
    );
    assert!(
        function
            .invoke_event(event("same", "{}"))
            .text()
            .ends_with(" 2")
    );
}
