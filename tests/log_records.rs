//! Errors as records of the log, and one write a line.

mod common;

use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::Duration;

use coldspark_emulator::script;
use common::log::{FORMAT, lines, logging, parsed, served};
use common::{Profile, function, profile};
use serde_json::json;

#[test]
fn an_error_is_a_structured_record() {
    let failure =
        r#"{"error_type":"Order.Empty","message":"no \"pieces\"\n","stack_trace":["f","g"]}"#;
    let fail = || function("fixture-functions").handler("fail");
    let lines = lines(&served(fail().env(FORMAT, "JSON"), failure));
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["requestId"], "l-1");
    assert_eq!(line["message"], "Order.Empty: no \"pieces\"\n");
    assert_eq!(line["errorType"], "Order.Empty");
    assert_eq!(line["errorMessage"], "no \"pieces\"\n");
    assert_eq!(line["stackTrace"], json!(["f", "g"]));
    let session = served(fail(), failure);
    let expected = "ERROR coldspark: Order.Empty: no \"pieces\"\\n request_id=l-1\n";
    assert_eq!(session.stderr(), expected);
}

#[test]
fn a_panic_is_a_structured_record() {
    let panic = function("fixture-functions")
        .handler("panic")
        .env(FORMAT, "JSON");
    let session = panic.start(script::exchange("p-1", "\"out of \\\"rope\\\"\\n\""));
    match profile() {
        Profile::Abort => drop(session.exit_after(2)),
        Profile::Unwind => drop(session.requests(3)),
    }
    let lines = lines(&session);
    let line = &lines[0];
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["requestId"], "p-1");
    assert_eq!(line["errorType"], "Function.Panic");
    let message = line["errorMessage"].as_str().unwrap();
    assert!(message.contains("fixture-functions.rs:"), "{message}");
    assert!(message.ends_with(": out of \"rope\"\n"), "{message}");
    assert_eq!(line["stackTrace"], json!([]));
}

#[test]
fn an_init_error_is_a_structured_record() {
    let log = function("fixture-functions")
        .handler("nobody")
        .env(FORMAT, "JSON");
    let session = log.start([script::status(202)]);
    session.exit_after(1);
    let lines = lines(&session);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["errorType"], "Runtime.NoSuchHandler");
    assert_eq!(lines[0]["level"], "ERROR");
    assert!(lines[0].get("requestId").is_none());
    let message = lines[0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("the init phase failed: Runtime.NoSuchHandler: "),
        "{message}"
    );
}

#[test]
fn each_line_is_one_write() {
    let (log, end) = UnixDatagram::pair().unwrap();
    log.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let function = logging("threads")
        .env(FORMAT, "JSON")
        .logging_to(OwnedFd::from(end));
    let event = r#"{"threads":16,"lines":20,"size":40000}"#;
    let session = function.start(script::exchange("w-1", event));
    let mut last = [-1; 16];
    let mut datagram = vec![0; 1 << 20];
    for _ in 0..16 * 20 {
        let length = log.recv(&mut datagram).expect("a line");
        check_line(
            &String::from_utf8_lossy(&datagram[..length]),
            &mut last,
            40_000,
        );
    }
    session.requests(3);
}

/// Long lines of 16 threads into a stream that takes them in pieces.
#[track_caller]
fn long_lines_come_whole(log: UnixStream, end: UnixStream, lines: usize) {
    log.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let function = logging("threads")
        .env(FORMAT, "JSON")
        .logging_to(OwnedFd::from(end));
    let event = format!(r#"{{"threads":16,"lines":{lines},"size":300000}}"#);
    let session = function.start(script::exchange("w-1", event));
    let mut last = [-1; 16];
    let mut log = BufReader::new(log);
    for _ in 0..16 * lines {
        let mut line = String::new();
        log.read_line(&mut line).expect("a line");
        check_line(&line, &mut last, 300_000);
    }
    session.requests(3);
}

#[test]
fn long_lines_of_many_threads_never_mix() {
    let (log, end) = UnixStream::pair().unwrap();
    long_lines_come_whole(log, end, 3);
}

#[test]
fn a_log_that_somebody_made_non_blocking_loses_nothing() {
    let (log, end) = UnixStream::pair().unwrap();
    // For all who share it, a program that the function has started for instance.
    end.set_nonblocking(true).unwrap();
    long_lines_come_whole(log, end, 1);
}

/// A whole line of `threads`, which follows the last one of its thread.
#[track_caller]
fn check_line(line: &str, last: &mut [i64; 16], size: usize) {
    assert!(line.ends_with("}\n"), "{} bytes", line.len());
    let fields = &parsed(line)["fields"];
    let number = fields["number"].as_u64().unwrap() as usize;
    let next = fields["line"].as_i64().unwrap();
    assert_eq!(next, last[number] + 1);
    last[number] = next;
    let text = fields["text"].as_str().unwrap();
    let letter = b'a' + number as u8;
    assert!(text.len() == size && text.bytes().all(|byte| byte == letter));
}
