//! When the bytes of a streamed response go out, and what they cost.

mod common;

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use coldspark_emulator::emulator::{Config, Emulator, Invocation, Outcome, Sink};
use common::{Profile, function, limit, profile};
use serde_json::json;

#[test]
fn what_was_flushed_is_read_before_the_rest_is_made() {
    let emulator = Emulator::start(Config::default()).unwrap();
    let process = function("fixture-stream")
        .handler("script")
        .start_at(emulator.address());
    let (sender, received) = mpsc::channel();
    let event = json!([{"Write": "first"}, "Flush", "Await", {"Write": "second"}]);
    let ticket = emulator.submit(Invocation {
        sink: Some(Sink::new(move |bytes| {
            sender.send(bytes.to_vec()).unwrap();
        })),
        ..Invocation::new(event.to_string())
    });
    assert_eq!(received.recv_timeout(limit()).unwrap(), b"first");
    process.write_stdin("!");
    assert_eq!(received.recv_timeout(limit()).unwrap(), b"second");
    let finished = ticket.wait();
    assert!(!finished.outcome.is_error(), "{finished:?}");
    assert_eq!(finished.chunks.len(), 2);
    assert!(finished.chunks[0].0 < finished.chunks[1].0);
}

#[test]
fn a_reader_that_does_not_read_holds_the_writer_up() {
    const SIZE: usize = 64_000_000;
    let emulator = Emulator::start(Config::default()).unwrap();
    let process = function("fixture-stream")
        .handler("script")
        .start_at(emulator.address());
    let (reading, count) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let event = json!([{"Bytes": SIZE}]);
    let ticket = emulator.submit(Invocation {
        timeout: 2 * limit(),
        sink: Some(Sink::new({
            let (reading, count) = (Arc::clone(&reading), Arc::clone(&count));
            move |bytes| {
                count.fetch_add(bytes.len(), Ordering::Relaxed);
                while !reading.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        })),
        ..Invocation::new(event.to_string())
    });
    // It waits for room, with far less sent than there is to send.
    while count.load(Ordering::Relaxed) == 0 || !process.is_sleeping() {
        thread::sleep(Duration::from_millis(5));
    }
    assert!(count.load(Ordering::Relaxed) < SIZE / 10);
    reading.store(true, Ordering::Relaxed);
    assert!(!ticket.wait().outcome.is_error());
    assert_eq!(count.load(Ordering::Relaxed), SIZE);
}

#[test]
fn two_hundred_megabytes_need_no_more_memory_than_one() {
    let why = "the sanitizer keeps freed memory, so that its use is seen";
    if coldspark_emulator::built_for_sanitizer("address", why) {
        return;
    }
    const SIZE: usize = 200 * 1024 * 1024;
    let emulator = Emulator::start(Config::default()).unwrap();
    let process = function("fixture-stream")
        .handler("script")
        .start_at(emulator.address());
    let stream = |size: usize| {
        let count = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&count);
        let outcome = emulator.invoke(Invocation {
            timeout: 10 * limit(),
            sink: Some(Sink::new(move |bytes| {
                seen.fetch_add(bytes.len(), Ordering::Relaxed);
            })),
            ..Invocation::new(json!([{"Bytes": size}]).to_string())
        });
        assert!(matches!(outcome, Outcome::Response { streamed: true, .. }));
        assert_eq!(count.load(Ordering::Relaxed), size);
    };
    let peak = || {
        let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let words = line.expect("a peak").split_whitespace().nth(1);
        words.unwrap().parse::<usize>().unwrap()
    };
    stream(1024 * 1024);
    let small = peak();
    stream(SIZE);
    let large = peak();
    eprintln!("peak resident memory: {small} kB after 1 MB, {large} kB after 200 MB");
    assert!(large <= small + 256, "{small} kB, then {large} kB");
}

#[test]
fn the_example_streams_events_and_refuses_what_is_too_long() {
    let emulator = Emulator::start(Config::default()).unwrap();
    let _process = function("stream").start_at(emulator.address());
    let invoke = |event: &str| {
        let mut invocation = Invocation::new(event);
        invocation.request_id = Some("count".to_owned());
        emulator.submit(invocation).wait()
    };
    let finished = invoke(r#"{"from":2,"pause_ms":20}"#);
    let Outcome::Response { body, .. } = &finished.outcome else {
        panic!("{finished:?}");
    };
    let text = String::from_utf8_lossy(body);
    let expected = "{\"statusCode\":200,\"headers\":{\"Content-Type\":\"text/event-stream\"},\
                    \"cookies\":[]}\0\0\0\0\0\0\0\0data: 2\n\ndata: 1\n\nevent: end\ndata: count\n\n";
    assert_eq!(text, expected);
    // A debug build sends the two parts of the prelude ahead, in chunks of their own.
    let ahead = if profile() == Profile::Unwind { 2 } else { 0 };
    assert_eq!(finished.chunks.len(), ahead + 3);
    let refused = invoke(r#"{"from":101}"#).outcome;
    assert_eq!(refused.error_type(), Some("Countdown.TooLong"));
}
