//! The examples of layer/examples answer as they say, in the modes that they are for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use coldspark_emulator::script;

use crate::common::function::limit;
use crate::common::{Function, Package, event, process};

fn example(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the repository");
    root.join("layer/examples").join(name)
}

/// The example's files as a package.
fn package(name: &str) -> Package {
    let package = Package::new();
    for entry in fs::read_dir(example(name)).expect("the example").flatten() {
        if entry.path().is_file() {
            fs::copy(entry.path(), package.task().join(entry.file_name())).expect("a copy");
        }
    }
    package
}

/// What the example's `build` makes, as a package.
fn built(name: &str) -> Package {
    let package = Package::new();
    let mut build = Command::new(example(name).join("build"));
    let status = build.arg(package.task()).status().expect("the build runs");
    assert!(status.success(), "{build:?}: {status}");
    package
}

fn greets(name: &str, handler: &str, package: Package, without_name: (&str, &str)) {
    let event = fs::read(example(name).join("event.json")).expect("its event");
    let mut function = Function::start(handler, package);
    for _ in 0..3 {
        let greeting = function
            .invoke(event.clone())
            .text()
            .replace("\": \"", "\":\"");
        assert_eq!(greeting, r#"{"greeting":"Hello, World!"}"#);
        let (error_type, text) = without_name;
        function.invoke("{}").assert_error(error_type, &[text]);
    }
}

const NO_NAME: (&str, &str) = ("Function.NoName", "the event has no name");

#[test]
fn the_example_in_bash_greets() {
    greets("bash", "handler.worker", package("bash"), NO_NAME);
}

#[test]
fn the_example_in_python_greets() {
    greets(
        "python",
        "handler.worker",
        package("python"),
        ("KeyError", "'name'"),
    );
}

#[test]
fn the_example_in_perl_greets() {
    greets("perl", "handler.worker", package("perl"), NO_NAME);
}

#[test]
fn the_example_in_node_greets() {
    let version = Command::new("node").arg("--version").output();
    if version.is_err() {
        coldspark_emulator::skipped("this machine has no node; scripts/setup installs it");
        return;
    }
    greets("node", "handler.worker", package("node"), NO_NAME);
    // It ends by itself when there are no more events.
    let function = Function::start("handler.worker", package("node"));
    function.wait_idle();
    let worker = function.worker();
    process::signal(function.pid() as i32, libc::SIGKILL);
    function.wait_until("ended", |_| !process::is_running(worker));
}

#[test]
fn the_example_in_c_greets() {
    greets("c", "handler.worker", built("c"), NO_NAME);
}

#[test]
fn the_example_in_rust_greets() {
    greets("rust", "handler.worker", built("rust"), NO_NAME);
}

#[test]
#[ignore = "needs zig, named by ZIG"]
fn the_example_in_zig_greets() {
    greets(
        "zig",
        "handler.worker",
        built("zig"),
        ("NoName", "the event has no name"),
    );
}

#[test]
fn the_example_of_an_executable_answers() {
    greets(
        "exec",
        "handler",
        package("exec"),
        ("Function.ExitStatus", "has no name"),
    );
}

#[test]
fn the_example_of_a_shell_function_answers() {
    greets(
        "shell",
        "function.handler",
        package("shell"),
        ("Function.ExitStatus", "has no name"),
    );
}

#[test]
fn the_example_for_snapstart_runs_its_hooks() {
    let package = package("snapstart");
    let folder = package.task();
    let function = Function::start_with("handler.worker", package, |command| {
        command.env("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start");
        command.env("TMPDIR", folder);
    });
    function.api.push(script::status(200));
    let mut orders = Vec::new();
    for number in 1..3 {
        function.api.push(event(&format!("id-{number}"), "{}"));
        function.api.push(script::status(202));
        let requests = function.api.wait_for(1 + 2 * number, limit());
        let answer = requests[2 * number].json();
        assert_eq!(answer["restores"], 1, "{}", function.log());
        orders.push(answer["order"].as_str().expect("an id").to_owned());
    }
    assert!(
        orders[0].len() == 32 && orders[0] != orders[1],
        "{orders:?}"
    );
}

#[test]
fn the_example_of_chunks_streams() {
    let mut function = Function::start("handler.worker", package("chunks"));
    function.send(event("count", "{}"));
    let request = function.posted();
    assert_eq!(
        (request.text().as_str(), request.chunks.as_slice()),
        ("3\n2\n1\n", &[2; 3][..])
    );
    assert_eq!(request.header("Content-Type"), Some("text/plain"));
    assert_eq!(request.trailers, []);
}

#[test]
fn the_example_of_a_stream_streams() {
    let http = "application/vnd.awslambda.http-integration-response";
    let variables = [("COLDSPARK_CONTENT_TYPE", http)];
    let mut function = Function::start_env("stream:handler", package("stream"), &variables);
    function.send(event("count", "{}"));
    let request = function.posted();
    let (prelude, body) = request.body.split_at(request.body.len() - 27);
    assert_eq!(body, b"data: 3\n\ndata: 2\n\ndata: 1\n\n");
    let json = prelude.strip_suffix(&[0; 8]).expect("8 zero bytes");
    let json: serde_json::Value = serde_json::from_slice(json).expect("a prelude");
    assert_eq!(json["headers"]["content-type"], "text/event-stream");
    assert_eq!(request.header("Content-Type"), Some(http));
    assert!(request.chunks.len() >= 3, "{:?}", request.chunks);
}
