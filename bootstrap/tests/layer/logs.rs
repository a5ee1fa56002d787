//! What processes print is in the function's log, in whole lines.

use std::fs;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::thread;

use serde_json::Value;

use crate::common::concurrent::error;
use crate::common::{Concurrent, Function, Package, event, workers};

fn worker(body: &str) -> Function {
    let script = workers::answering(body);
    Function::start(
        "worker:handler",
        Package::new().executable("handler", script),
    )
}

#[test]
fn both_outputs_of_a_worker_are_in_the_log_when_its_answer_is() {
    let mut function = worker("echo out $((++count)); echo err $count >&2");
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
fn an_error_has_the_words_of_its_own_event_only() {
    let body =
        "case $event in good) echo 'earlier words' >&2;; *) echo 'last words' >&2; exit 3;; esac";
    for concurrency in [1, 2] {
        let script = workers::answering(&format!("{body}; printf ok >&6"));
        let package = Package::new().executable("handler", script);
        let function = Concurrent::start("worker:handler", package, concurrency);
        assert_eq!(function.invoke(&["good"]), ["ok"]);
        let (_, message) = error(function.submit("bad"));
        assert!(message.contains("last words"), "{message}");
        assert!(!message.contains("earlier words"), "{message}");
    }
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

/// A log that takes only so much at a time, and says EAGAIN instead of keeping a writer waiting.
#[test]
fn nothing_is_lost_where_the_functions_own_log_does_not_block() {
    let package = Package::new().executable("handler", workers::answering("seq 1 100000 >&2"));
    let (mut log, end) = UnixStream::pair().expect("a pair of sockets");
    end.set_nonblocking(true).expect("a socket");
    let mut function = Function::start_with("worker:handler", package, |command| {
        command.stderr(OwnedFd::from(end));
    });
    // The whole flood is on its way before anything is read: it does not fit.
    function.send(event("id", "{}"));
    let expected: String = (1..=100_000).map(|number| format!("{number}\n")).collect();
    let reader = thread::spawn(move || {
        let mut text = vec![0; expected.len()];
        log.read_exact(&mut text).expect("the log");
        assert!(
            text == expected.as_bytes(),
            "the log is not what was printed"
        );
    });
    function.receive().text();
    // All of it was written before the answer. What is missing then ends the log too early.
    drop(function);
    reader.join().expect("a log without gaps");
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

/// A worker with the JSON format.
fn json_worker(body: &str) -> Function {
    Function::start_env(
        "worker:handler",
        Package::new().executable("handler", workers::answering(body)),
        &[("AWS_LAMBDA_LOG_FORMAT", "Json")],
    )
}

/// The lines of the log, each of which is a JSON object.
fn objects(function: &Function) -> Vec<Value> {
    let log = function.log();
    let lines = log.lines().map(|line| match serde_json::from_str(line) {
        Ok(Value::Object(object)) => Value::Object(object),
        other => panic!("{other:?}: {line}"),
    });
    lines.collect()
}

#[test]
fn in_json_a_line_that_is_no_object_becomes_one() {
    let body = "printf 'out \"%s\"\\n' $event; echo 'err\\' >&2; printf '[1]\\n\\n{no json}\\n'";
    let mut function = json_worker(body);
    for number in 1..4 {
        let event = event(&format!("id-{number}"), number.to_string());
        let tenant = ("Lambda-Runtime-Aws-Tenant-Id", "te\"nant");
        function
            .invoke_event(event.header(tenant.0, tenant.1))
            .text();
        let objects = objects(&function);
        assert_eq!(objects.len(), 5 * number);
        let new = &objects[5 * (number - 1)..];
        let out = format!("out \"{number}\"");
        for message in [&out, "err\\", "[1]", "", "{no json}"] {
            let found = new.iter().find(|object| object["message"] == message);
            let object = found.unwrap_or_else(|| panic!("{message}: {new:?}"));
            assert_eq!(object["level"], "INFO");
            assert_eq!(object["requestId"], format!("id-{number}"));
            assert_eq!(object["tenantId"], "te\"nant");
            assert!(object["timestamp"].as_str().unwrap().ends_with('Z'));
        }
    }
}

#[test]
fn in_json_an_object_stays_as_it_is() {
    let line = r#"{"level": "DEBUG",  "message":"mine", "_aws": {"a": [1.50, "\u00e9"]}}"#;
    let mut function = json_worker(&format!("echo '{line}'"));
    function.invoke("{}").text();
    assert_eq!(function.log(), format!("{line}\n"));
}

#[test]
fn in_json_what_is_not_utf_8_is_replaced() {
    let mut function = json_worker("printf 'a\\xffb\\xf0\\x9f\\n{\"a\":\"\\xff\"}\\n\\0\\n'");
    function.invoke("{}").text();
    let messages: Vec<_> = objects(&function)
        .iter()
        .map(|object| object["message"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        messages,
        ["a\u{fffd}b\u{fffd}", "{\"a\":\"\u{fffd}\"}", "\0"]
    );
}

#[test]
fn in_json_a_long_line_is_parted_and_a_long_object_kept() {
    let body = "printf -v text '%0150000d' 0; echo \"${text//0/\u{20ac}}\"; echo \"{\\\"a\\\":\\\"$text\\\"}\"";
    let mut function = json_worker(body);
    function.invoke("{}").text();
    let objects = objects(&function);
    let (last, parts) = objects.split_last().unwrap();
    assert_eq!(last["a"].as_str().unwrap().len(), 150_000);
    let message = |part: &Value| part["message"].as_str().unwrap().to_owned();
    let text: String = parts.iter().map(message).collect();
    assert_eq!(text, "\u{20ac}".repeat(150_000));
    assert!(parts.len() > 3, "{} parts", parts.len());
}

#[test]
fn in_json_a_last_line_without_an_end_is_wrapped() {
    let mut function = json_worker("printf 'no end' >&2; exit 1");
    function
        .invoke("{}")
        .assert_error("Runtime.WorkerExited", &["no end"]);
    function.wait_idle();
    let objects = objects(&function);
    assert_eq!(objects[0]["message"], "no end");
    let failed = &objects[1];
    assert_eq!(failed["errorType"], "Runtime.WorkerExited");
    assert_eq!(failed["requestId"], objects[0]["requestId"]);
}

#[test]
fn in_json_shell_and_exec_are_wrapped_too() {
    let json = [("AWS_LAMBDA_LOG_FORMAT", "JSON")];
    let script = "handler() { echo said >&2; echo '\"ok\"'; }\n";
    let shell = Package::new().executable("function.sh", script);
    let exec = "#!/bin/bash\necho said >&2\necho '\"ok\"'\n";
    let exec = Package::new().executable("function", exec);
    for (handler, package) in [("function.handler", shell), ("exec:function", exec)] {
        let mut function = Function::start_env(handler, package, &json);
        function.invoke_event(event("id-1", "{}")).text();
        let objects = objects(&function);
        assert_eq!(objects.len(), 1);
        assert_eq!(objects[0]["message"], "said");
        assert_eq!(objects[0]["requestId"], "id-1");
    }
}
