//! What a function may do with memory: fork beside busy threads, use threads that come and go.

mod common;

use std::env;
use std::path::Path;

use coldspark_emulator::script;
use common::{Function, function, runner};
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

/// How often to fork in each of four processes. Under qemu a child takes long, so that only
/// `COLDSPARK_LONG=1` forks as often.
fn forks() -> usize {
    let long = env::var_os("COLDSPARK_LONG").is_some_and(|value| value == "1");
    match runner() {
        Some(_) if !long => 50,
        _ => 500,
    }
}

#[test]
fn children_that_are_forked_beside_busy_threads_allocate_and_end() {
    for function in (0..4).flat_map(|_| functions()) {
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
