//! With several events at a time, what was printed before an answer is in the log before it is posted:
//! while nobody reads the log, no answer comes.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::sync::mpsc::{self, TryRecvError};
use std::thread;
use std::time::Duration;

use coldspark_emulator::emulator::{Config, Outcome};
use serde_json::Value;

use crate::common::concurrent::response;
use crate::common::function::limit;
use crate::common::{Concurrent, Package, process, workers};

/// Prints a line, or with `part` one without its end, and then leaves a file.
const PRINTS: &str =
    "case $event in *part) printf 'said %s' $event >&2;; *) echo \"said $event\" >&2;; esac";

/// The log is full before each event, and is not read until the function has nothing left to do.
#[track_caller]
fn no_answer_before_its_log(handler: &str, package: Package) {
    let [mut log, mut end] = process::narrow_pipe();
    let config = Config {
        concurrency: 2,
        ..Config::default()
    };
    let function = Concurrent::start_with(handler, package, config, |command| {
        process::on_one_processor(command);
        command.stderr(end.try_clone().expect("a second handle"));
    });
    for number in 0..12 {
        let event = format!("{number}{}", if number % 2 == 0 { "" } else { "part" });
        end.write_all(&[b'.'; 4096]).expect("room for a page");
        let (sender, answered) = mpsc::channel();
        let ticket = function.submit(&event);
        thread::spawn(move || sender.send(ticket.wait().outcome));
        let done = function.package.task().join(format!("done-{event}"));
        function.wait_until("printed", |_| done.exists());
        function.wait_until("idle", Concurrent::is_idle);
        assert_eq!(
            answered.try_recv().err(),
            Some(TryRecvError::Empty),
            "{handler} {event}"
        );
        log = read_until(log, format!("said {event}\n"));
        let outcome = answered.recv_timeout(limit()).expect("an answer");
        assert!(matches!(outcome, Outcome::Response { .. }), "{outcome:?}");
    }
}

/// Reads until this has come.
#[track_caller]
fn read_until(mut log: File, text: String) -> File {
    let (sender, found) = mpsc::channel();
    thread::spawn(move || {
        let (mut all, mut piece) = (Vec::new(), [0; 4096]);
        while !String::from_utf8_lossy(&all).ends_with(&text) {
            let length = log.read(&mut piece).expect("the log");
            all.extend_from_slice(&piece[..length]);
        }
        sender.send(log)
    });
    found.recv_timeout(limit()).expect("what was printed")
}

#[test]
fn an_answer_of_a_worker_comes_after_its_log() {
    let script = format!(
        "echo ready >&4\nwhile read -r -u 3 _ number; do event=$(</dev/fd/5); printf '\"%s\"' $event >&6\n\
         {PRINTS}; echo \"response $number\" >&4; : >done-$event\ndone"
    );
    let package = Package::new().executable("handler", workers::raw(&script));
    no_answer_before_its_log("worker:handler", package);
}

#[test]
fn an_answer_of_a_shell_function_comes_after_its_log() {
    let script = format!("f() {{ local event=$1; {PRINTS}; printf '\"\"'; : >done-$event; }}");
    no_answer_before_its_log(
        "function.f",
        Package::new().file("function.sh", 0o644, script),
    );
}

#[test]
fn an_answer_of_an_executable_comes_after_its_log() {
    let script =
        format!("event=$(cat); {PRINTS}; printf '\"\"'; : >\"$LAMBDA_TASK_ROOT/done-$event\"");
    let package = Package::new().executable("handler", workers::raw(&script));
    no_answer_before_its_log("exec:handler", package);
}

#[test]
fn the_log_of_each_worker_is_read_while_it_works() {
    // More than what a pipe holds, before the other one answers.
    let body = "head -c 300000 /dev/zero | tr '\\0' x >&2; echo >&2\n\
        : >out-$event; while set -- out-*; [ $# -lt 3 ]; do sleep 0.01; done; printf '%s' $event >&6";
    let package = Package::new().executable("handler", workers::answering(body));
    let function = Concurrent::start("worker:handler", package, 3);
    assert_eq!(function.invoke(&["1", "2", "3"]), ["1", "2", "3"]);
    assert_eq!(function.log().matches('x').count(), 900_000);
}

#[test]
fn the_log_of_each_worker_is_read_before_it_has_events() {
    let script = "head -c 300000 /dev/zero | tr '\\0' x >&2; echo >&2; : >loaded-$$\n\
        echo ready >&4; read -r line <&3";
    let package = Package::new().executable("handler", workers::raw(script));
    let function = Concurrent::start("worker:handler", package, 3);
    function.wait_until("all loaded", |function| {
        let files = std::fs::read_dir(function.package.task()).expect("the package");
        files.count() == 3 + 1
    });
}

/// The bootstrap stands still while a worker prints between two events, so it finds the lines and the next
/// event at the same moment.
#[test]
fn in_json_what_was_printed_between_events_belongs_to_the_last_one() {
    let body = "echo \"during $event\" >&2; printf ok >&6\n\
        (until [ -e go-$event ]; do sleep 0.01; done; echo \"after $event\" >&2; : >done-$event) &";
    let package = Package::new().executable("handler", workers::answering(body));
    let config = Config {
        concurrency: 2,
        ..Config::default()
    };
    let function = Concurrent::start_with("worker:handler", package, config, |command| {
        process::on_one_processor(command);
        command.env("AWS_LAMBDA_LOG_FORMAT", "JSON");
    });
    let file = |name: &str, event: usize| function.package.task().join(format!("{name}-{event}"));
    let mut ticket = function.submit("0");
    for number in 0..12 {
        assert_eq!(response(ticket), "ok");
        function.wait_until("idle", Concurrent::is_idle);
        function.signal(libc::SIGSTOP);
        fs::write(file("go", number), "").expect("a file");
        let done = file("done", number);
        function.wait_until("printed", |_| done.exists());
        ticket = function.submit(&(number + 1).to_string());
        // For the event to be there as well; without it the test only sees less.
        thread::sleep(Duration::from_millis(5));
        function.signal(libc::SIGCONT);
    }
    assert_eq!(response(ticket), "ok");
    let log = function.log();
    let lines = log.lines().map(serde_json::from_str::<Value>);
    let lines: Vec<_> = lines.map(|line| line.expect("an object")).collect();
    let request = |message: String| {
        let found = lines.iter().find(|line| line["message"] == message);
        found.unwrap_or_else(|| panic!("no {message}: {log}"))["requestId"].clone()
    };
    for number in 0..12 {
        let [during, after] = ["during", "after"].map(|word| request(format!("{word} {number}")));
        assert!(during.is_string() && during == after, "{number}: {log}");
    }
}
