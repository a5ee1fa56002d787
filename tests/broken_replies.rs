//! Replies that are not HTTP/1.1 as it must be, or not whole: an error for the caller where it
//! is known whose event it was, the process's end where not.

mod common;

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::{self, Step};
use common::{
    Client, assert_next, assert_response, bare_event, client, failure, function, with_bytes,
};

/// The event that this step brings cannot be served: it is answered with an error that has these
/// texts, and the next event is served.
#[track_caller]
fn assert_answered(broken: impl Into<Step>, texts: &[&str]) {
    let [good, _] = script::exchange("good", "whole");
    let taken = || script::status(202).into();
    let session = function("hello").start([broken.into(), taken(), good, taken()]);
    let requests = session.requests(5);
    let failure = failure(&requests[1], "broken");
    failure.assert_type("Runtime.InvalidEvent");
    failure.assert_says(&["the event did not come whole"]);
    failure.assert_says(texts);
    assert_next(&requests[2]);
    assert_response(&requests[3], "good", b"whole");
    session.assert_logged(&["ERROR", "request_id=broken", "Runtime.InvalidEvent"]);
}

/// The event that this step brings is served.
#[track_caller]
fn assert_taken(step: impl Into<Step>, body: &[u8]) {
    let session = function("hello").start([step.into(), script::status(202).into()]);
    assert_response(&session.requests(3)[1], "broken", body);
}

/// The process ends after this reply to `next`, and says why.
#[track_caller]
fn assert_fatal(reply: impl Into<Step>, texts: &[&str]) {
    let session = function("hello").start([reply.into()]);
    let (requests, exit) = session.exit_after(1);
    assert_next(&requests[0]);
    exit.assert_failed_with(&["GET invocation/next", "the process ends"]);
    exit.assert_failed_with(texts);
    assert_eq!(exit.stderr.lines().count(), 1, "{}", exit.stderr);
}

#[test]
fn a_body_that_ends_early_is_answered_with_both_lengths() {
    for (got, whole) in [(0, 1), (9, 10), (3, 100_000), (99_999, 100_000)] {
        let event = bare_event("broken", vec![b'b'; whole]);
        let step = Step::from(event.clone()).cut_at(event.to_bytes().len() - whole + got);
        assert_answered(step, &[&format!("{got} of {whole} bytes")]);
    }
}

#[test]
fn a_reset_within_the_body_is_answered() {
    // A reset may destroy bytes that were on their way, so their number is open.
    let event = bare_event("broken", "some body").set_header("Content-Length", "100");
    let head = event.to_bytes().len() - "some body".len();
    let step = Step::from(event).split_at(&[head]).then_reset();
    let session = function("hello").start([step, script::status(202).into()]);
    let requests = session.requests(3);
    let failure = failure(&requests[1], "broken");
    failure
        .assert_type("Runtime.InvalidEvent")
        .assert_says(&["of 100 bytes"]);
}

#[test]
fn chunks_that_end_early_are_answered() {
    let event = bare_event("broken", "ten bytes!").chunked(&[5]);
    let length = event.to_bytes().len();
    let end = "5\r\nten b\r\n5\r\nytes!\r\n0\r\n\r\n".len();
    for missing in [1, 2, 4, 5, 8, 14, end - 1, end] {
        eprintln!("without the last {missing} bytes");
        let step = Step::from(event.clone()).cut_at(length - missing);
        if client() == Client::Ureq && missing == 2 {
            // The line of the last chunk is all that RFC 9112, section 8, asks for.
            assert_taken(step, b"ten bytes!");
        } else {
            assert_answered(step, &["the body"]);
        }
    }
}

#[test]
fn malformed_chunks_are_answered() {
    for coded in [
        "x\r\n",
        "5 bytes\r\n",
        "-1\r\n\r\n",
        "3\r\nfour\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n",
    ] {
        let event = bare_event("broken", "").chunked(&[]).to_bytes();
        let head = &event[..event.len() - "0\r\n\r\n".len()];
        let step = Step::from(Reply::raw([head, coded.as_bytes()].concat()));
        assert_answered(step.then_close(), &["body"]);
    }
}

#[test]
fn an_enormous_length_does_not_end_the_process_by_allocation() {
    for length in [
        64 * 1024 * 1024 + 1,
        10_u64.pow(12),
        10_u64.pow(18),
        i64::MAX as u64,
    ] {
        let event = bare_event("broken", "short").set_header("Content-Length", &length.to_string());
        assert_answered(Step::from(event), &["over 67108864 bytes"]);
    }
}

#[test]
fn an_endless_chunk_is_answered() {
    let event = bare_event("broken", vec![b'e'; 65 * 1024 * 1024]).chunked(&[1 << 20]);
    let cut = event.to_bytes().len() - 7;
    assert_answered(
        Step::from(event).cut_at(cut).then_park(),
        &["over 67108864 bytes"],
    );
}

#[test]
fn a_head_that_ends_early_ends_the_process() {
    let event = bare_event("broken", "never reached").to_bytes();
    let head = event.len() - "never reached".len();
    for cut in [1, 8, 17, 40, head - 1] {
        let step = Step::from(Reply::raw(&event[..])).cut_at(cut);
        assert_fatal(step, &["closed within the head"]);
    }
}

#[test]
fn what_is_no_http_ends_the_process() {
    for bytes in [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "{\"status\":\"OK\"}\r\n\r\n",
        "\0\0\0\0\0\0\0\0",
    ] {
        eprintln!("the bytes {bytes:?}");
        assert_fatal(
            Step::from(Reply::raw(bytes)).then_close(),
            &["malformed reply"],
        );
    }
}

#[test]
fn lengths_that_cannot_be_read_end_the_process() {
    for length in [
        "-1",
        "+1",
        "1e3",
        "0x10",
        "",
        "five",
        "99999999999999999999999",
        "5, 6",
    ] {
        eprintln!("the length {length:?}");
        let event = bare_event("broken", "five!").set_header("Content-Length", length);
        assert_fatal(event, &["malformed reply"]);
    }
}

#[test]
fn two_lengths_that_differ_end_the_process() {
    for (first, second) in [("5", "6"), ("6", "5"), ("0", "5")] {
        let event = bare_event("broken", "five!").without_header("Content-Length");
        let event = event
            .header("Content-Length", first)
            .header("Content-Length", second);
        assert_fatal(event, &["malformed reply"]);
    }
}

#[test]
fn a_length_beside_chunks_is_never_believed() {
    let event = bare_event("broken", "in chunks")
        .header("Content-Length", "5")
        .chunked(&[]);
    assert_fatal(event, &["malformed reply"]);
}

#[test]
fn a_coding_that_nobody_asked_for_is_not_passed_over() {
    for coding in ["gzip", "gzip, chunked", "chunked, chunked", "identity"] {
        eprintln!("the coding {coding}");
        let event = bare_event("broken", "coded?").header("Transfer-Encoding", coding);
        let step = Step::from(event.without_header("Content-Length")).then_close();
        assert_fatal(step, &["malformed reply"]);
    }
}

#[test]
fn malformed_header_lines_end_the_process() {
    for line in [
        "Folded: one\r\n two",
        "Folded: one\r\n\ttwo",
        "No colon",
        "Space : before",
        ": no name",
        "N\u{e4}me: value",
        "Nul: a\0b",
        "Nul\0: b",
        "Return: a\rb",
    ] {
        eprintln!("the line {line:?}");
        let event = bare_event("broken", "x").header("MARK", "").to_bytes();
        let event = with_bytes(&Reply::raw(event), "MARK: ", line.as_bytes());
        assert_fatal(Step::from(event).then_close(), &["malformed reply"]);
    }
}
