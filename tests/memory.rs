//! What a function may do with memory: fork beside busy threads, use threads that come and go.

mod common;

use std::env;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use coldspark_emulator::script;
use common::{Function, assert_response, function, runner};
use serde_json::{Value, json};

const NAME: &str = "fixture-memory";

/// The function on mimalloc, and the one on the C library's allocator where that was built.
fn functions() -> Vec<Function> {
    let lean = env::var_os("COLDSPARK_TEST_BINARIES")
        .is_some_and(|folder| Path::new(&folder).join(NAME.to_owned() + "-lean").is_dir());
    if !lean {
        eprintln!("only on mimalloc: the other form is built by scripts/test");
    }
    let names = [
        Some(NAME.to_owned()),
        lean.then(|| NAME.to_owned() + "-lean"),
    ];
    names
        .into_iter()
        .flatten()
        .map(|name| function(&name))
        .collect()
}

/// What the handler answers.
#[track_caller]
fn answer(function: Function, handler: &str, event: &Value) -> Value {
    let session = function
        .handler(handler)
        .start(script::exchange("e", event.to_string()));
    let answer = &session.requests(3)[1];
    assert!(answer.path.ends_with("/response"), "{}", answer.text());
    answer.json()
}

/// How often to fork in each of ten processes. Under qemu seldom: it copies locks of its own, and
/// was seen to stop within the parent after some hundred forks, with no child left.
fn forks() -> usize {
    if runner().is_some() { 20 } else { 200 }
}

#[test]
fn children_that_are_forked_beside_busy_threads_allocate_and_end() {
    for function in (0..10).flat_map(|_| functions()) {
        let hung = answer(function, "fork", &json!(forks()));
        assert_eq!(hung, json!(0), "children hung");
    }
}

#[test]
fn commands_with_a_hook_start_beside_busy_threads() {
    for function in functions() {
        let hung = answer(function, "command", &json!(forks() / 5));
        assert_eq!(hung, json!(0), "a command hung");
    }
}

#[test]
fn memory_of_threads_that_ended_is_used_again() {
    if runner().is_some() {
        coldspark_emulator::left_to_another_form("what is counted would be qemu's memory");
        return;
    }
    let event = json!({ "rounds": 100, "width": 64, "blocks": 500, "size": 5000, "kept": 1 });
    for function in functions() {
        let peak = answer(function, "threads", &event);
        // All 64 at a time would have 80 MB in blocks.
        let peak = peak.as_u64().expect("KiB");
        eprintln!("peak resident memory: {peak} KiB");
        assert!(peak < 200_000, "{peak} KiB");
    }
}

/// More than any machine has.
const TOO_MUCH: u64 = 1 << 62;

#[test]
fn an_allocation_that_fails_says_whose_event_it_was() {
    for format in ["Text", "JSON"] {
        for function in functions() {
            let event = json!({ "bytes": TOO_MUCH, "tries": false }).to_string();
            let session = function
                .handler("allocate")
                .env("AWS_LAMBDA_LOG_FORMAT", format)
                .start(script::exchange("whose", event));
            let (_, exit) = session.exit_after(1);
            assert_eq!(exit.status.signal(), Some(6), "SIGABRT: {exit:?}");
            let mut lines = exit.stderr.lines();
            let line = lines
                .find(|line| line.contains("an allocation of 4611686018427387904 bytes failed"));
            let line = line.unwrap_or_else(|| panic!("{exit:?}"));
            if format == "JSON" {
                let line: Value = serde_json::from_str(line).expect("JSON");
                assert_eq!(
                    (&line["level"], &line["requestId"]),
                    (&json!("ERROR"), &json!("whose"))
                );
            } else {
                assert!(
                    line.starts_with("ERROR ") && line.ends_with("request_id=whose"),
                    "{line}"
                );
            }
        }
    }
}

#[test]
fn an_allocation_that_is_only_tried_is_not_logged() {
    for function in functions() {
        let event = json!({ "bytes": TOO_MUCH, "tries": true }).to_string();
        let session = function
            .handler("allocate")
            .start(script::exchange("e", event));
        assert_response(&session.requests(3)[1], "e", b"0");
        // mimalloc's debug build writes an empty line.
        assert_eq!(session.stderr().trim(), "");
    }
}
