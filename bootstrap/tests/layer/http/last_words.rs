//! What the error of an application that does not start shows of its standard error: whatever the engine prints
//! before and behind the line that a person needs.

use std::net::TcpListener;

use coldspark_emulator::skipped;

use super::real::has;
use crate::common::{Function, Package, workers};

/// Expects that the error has these texts.
#[track_caller]
fn shows(script: &str, port: &str, texts: &[&str]) -> String {
    let package = Package::new().executable("app", script);
    let function = Function::start_env("http:app", package, &[("PORT", port)]);
    function.assert_init_error("Runtime.ApplicationExited", texts)
}

/// Node prints the error's line, then the stack, properties and its version.
#[test]
fn the_error_shows_what_node_says_of_its_end() {
    if !has("node") {
        return skipped("there is no Node");
    }
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port().to_string();
    let listen = format!("require('http').createServer(() => {{}}).listen({port}, '127.0.0.1')");
    let deep =
        "const a = n => { if (n) return a(n - 1); throw new Error('no DATABASE_URL') }; a(50)";
    let rejected = "Promise.reject(new TypeError('no DATABASE_URL', {cause: new Error('unset')}))";
    for (script, texts) in [
        (
            "require('not-there')",
            ["Error: Cannot find module 'not-there'", "MODULE_NOT_FOUND"],
        ),
        ("function f) {", ["app:2", "SyntaxError: "]),
        (
            &*listen,
            ["Error: listen EADDRINUSE: address already in use", &*port],
        ),
        (deep, ["Error: no DATABASE_URL", "app:2:"]),
        (rejected, ["TypeError: no DATABASE_URL", "Error: unset"]),
    ] {
        let script = format!("#!/usr/bin/env node\n{script}\n");
        shows(&script, "1", &[texts[0], texts[1], "Node.js v"]);
    }
}

/// Python prints the error's line last.
#[test]
fn the_error_shows_what_python_says_of_its_end() {
    if !has("python3") {
        return skipped("there is no Python");
    }
    for (script, text) in [
        (
            "import not_there",
            "ModuleNotFoundError: No module named 'not_there'",
        ),
        ("def f(:", "SyntaxError: "),
        (
            "import sys\nsys.setrecursionlimit(500)\ndef f(n):\n    f(n + 1) if n % 2 else g(n + 1)\ndef g(n): f(n + 1)\nf(0)",
            "RecursionError: ",
        ),
    ] {
        let script = format!("#!/usr/bin/env python3\n{script}\n");
        shows(&script, "1", &[text]);
    }
}

/// The beginning names the error, and the end says what came of it.
#[test]
fn of_more_than_is_kept_the_error_shows_the_beginning_and_the_end() {
    let script = workers::raw(
        "{ echo 'Exception in thread \"main\" Unset: no DATABASE_URL'
        for n in {1..1000}; do echo \"  at frame $n\"; done
        echo 'Caused by: a missing variable'; } >&2; exit 4",
    );
    let texts = [
        "status: 4",
        "its stderr:\nException in thread \"main\" Unset: no DATABASE_URL\n  at frame 1\n",
        "\n... ",
        "  at frame 1000\nCaused by: a missing variable",
    ];
    let message = shows(&script, "1", &texts);
    assert!(!message.contains("frame 500\n"), "{message}");
    assert!(message.len() < 2400, "{} bytes", message.len());
}
