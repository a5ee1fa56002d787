//! What is printed without a line end is in the log when its event is answered, under that event's
//! id, and what comes next begins a new line.

use serde_json::Value;

use crate::common::{Concurrent, Function, Package, event, workers};

const PRINTS: &str = "printf 'charging %s ...' \"$event\" >&2; printf 'out %s' \"$event\"";
const IN_SHELL: &str = "f() { printf 'charging %s ...' \"$1\" >&2; echo '{}'; }";

fn worker() -> (&'static str, Package) {
    let script = workers::answering(PRINTS);
    (
        "worker:handler",
        Package::new().executable("handler", script),
    )
}

fn shell() -> (&'static str, Package) {
    (
        "function.f",
        Package::new().file("function.sh", 0o644, IN_SHELL),
    )
}

fn executable() -> (&'static str, Package) {
    let script = workers::raw("printf 'charging %s ...' \"$(cat)\" >&2; echo '{}'");
    ("exec:handler", Package::new().executable("handler", script))
}

#[test]
fn a_part_of_a_line_is_in_the_log_before_its_event_is_answered() {
    for (handler, package) in [worker(), shell(), executable()] {
        let mut function = Function::start(handler, package);
        for number in 1..10 {
            function.invoke(number.to_string());
            let line = format!("charging {number} ...\n");
            let log = function.log();
            assert!(
                log.ends_with(&line) || log.contains(&format!("\n{line}")),
                "{handler}: {log}"
            );
        }
    }
}

#[test]
fn in_json_it_has_the_id_of_its_event() {
    for (handler, package) in [worker(), shell(), executable()] {
        let variables = [("AWS_LAMBDA_LOG_FORMAT", "JSON")];
        let mut function = Function::start_env(handler, package, &variables);
        for number in 1..10 {
            function.invoke_event(event(&format!("id-{number}"), number.to_string()));
            let log = function.log();
            let lines = log.lines().map(|line| {
                let line: Value = serde_json::from_str(line).expect("JSON");
                let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
                (text("requestId"), text("message"))
            });
            let expected = (format!("id-{number}"), format!("charging {number} ..."));
            assert!(
                lines.into_iter().any(|line| line == expected),
                "{handler}: {log}"
            );
        }
    }
}

#[test]
fn with_several_events_at_a_time_too() {
    let (_, package) = worker();
    let function = Concurrent::start("worker:handler", package, 2);
    for number in 1..10 {
        function.invoke(&[&number.to_string()]);
        let log = function.log();
        assert!(log.contains(&format!("charging {number} ...\n")), "{log}");
    }
}

#[test]
fn what_an_error_leaves_without_an_end_is_not_joined_with_the_next_event() {
    let script = workers::answering(
        "printf '%s!' \"$event\" >&2; [ \"$event\" != bad ] || { echo \"error $number Bad\" >&4; continue; }",
    );
    let package = Package::new().executable("handler", script);
    let mut function = Function::start("worker:handler", package);
    function.invoke("bad").assert_error("Bad", &[]);
    assert!(function.log().starts_with("bad!\n"), "{}", function.log());
    function.invoke("good").text();
    assert!(function.log().ends_with("good!\n"), "{}", function.log());
}

#[test]
fn the_end_of_a_line_that_was_written_in_parts_is_not_joined_either() {
    // Behind 64 KB a line is written in parts, and the last one may be empty.
    let script = workers::answering("head -c 65536 /dev/zero | tr '\\0' x >&2");
    let package = Package::new().executable("handler", script);
    let mut function = Function::start("worker:handler", package);
    for _ in 0..3 {
        function.invoke("{}").text();
        assert!(function.log().ends_with("x\n"));
    }
    let log = function.log();
    assert!(
        log.lines()
            .all(|line| line.is_empty() || line.len() == 65536),
        "{:?}",
        log.lines().map(str::len).collect::<Vec<_>>()
    );
}

#[test]
fn what_init_leaves_without_an_end_is_not_joined_with_the_first_event() {
    let script = workers::answering("echo event >&2")
        .replace("echo ready >&4", "printf loading >&2; echo ready >&4");
    let package = Package::new().executable("handler", script);
    let mut function = Function::start("worker:handler", package);
    function.invoke("{}").text();
    assert!(function.log().contains("loading\n"), "{}", function.log());
    assert!(function.log().contains("\nevent\n"), "{}", function.log());
}

/// layer/README.md: a longer line is passed on in parts of 64 KB, in JSON each as a message.
#[test]
fn the_parts_of_a_long_line_have_64_kb() {
    let script = workers::answering("head -c 300000 /dev/zero | tr '\\0' x >&2");
    let package = Package::new().executable("handler", script);
    let variables = [("AWS_LAMBDA_LOG_FORMAT", "JSON")];
    let mut function = Function::start_env("worker:handler", package, &variables);
    function.invoke("{}").text();
    let log = function.log();
    let messages = log.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).expect("JSON");
        line["message"].as_str().map(str::len)
    });
    let mut lengths: Vec<usize> = messages.collect();
    assert_eq!(lengths.iter().sum::<usize>(), 300_000, "{lengths:?}");
    let last = lengths.pop().expect("a part");
    // What is read at once goes into one part, and memory that is full doubles.
    let part = 65_536..=131_072;
    assert!(
        lengths.iter().all(|length| part.contains(length)),
        "{lengths:?}"
    );
    assert!(last <= *part.end(), "{last}");
}
