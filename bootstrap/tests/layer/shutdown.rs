//! SIGTERM: workers are told, and no process is left.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use crate::common::function::command;
use crate::common::{Concurrent, Function, Package, process, workers};

/// A worker that ends as the protocol says, and does something before that.
fn polite() -> String {
    let worker = workers::answering("printf '%s' \"$event\" >&6");
    worker.replace("echo ready >&4", "echo ready >&4; : >started-$$")
        + "echo \"clean-up of $$\" >&2\n"
}

/// Sends the function SIGTERM, and expects that no process of it is left; gives its log.
#[track_caller]
fn shut_down(mut function: Concurrent) -> String {
    let children = function.children();
    let status = function.shut_down();
    assert_eq!(status.code(), Some(0), "{}", function.log());
    // For those that it has killed it does not wait for long.
    for child in children {
        function.wait_until("without processes", |_| !process::is_running(child));
    }
    function.log()
}

#[test]
fn every_worker_learns_that_there_are_no_more_events() {
    for concurrency in [1, 3] {
        let package = Package::new().executable("handler", polite());
        let function = Concurrent::start("worker:handler", package, concurrency);
        assert_eq!(function.invoke(&["x"]), ["x"]);
        // Only the first one was waited for.
        function.wait_until("all started", |function| {
            let files = std::fs::read_dir(function.package.task()).expect("the package");
            files.count() == concurrency + 1
        });
        let log = shut_down(function);
        assert_eq!(log.matches("clean-up of").count(), concurrency, "{log}");
    }
}

#[test]
fn a_worker_that_does_not_listen_is_sent_sigterm() {
    let body = workers::answering("printf x >&6")
        + "trap 'echo told >&2; exit' TERM; while :; do sleep 0.01; done\n";
    let package = Package::new().executable("handler", body);
    let function = Concurrent::start("worker:handler", package, 1);
    assert_eq!(function.invoke(&["x"]), ["x"]);
    let log = shut_down(function);
    assert!(log.contains("told"), "{log}");
}

#[test]
fn a_worker_that_does_not_want_to_end_is_killed() {
    let body = "trap '' TERM\n".to_owned()
        + &workers::answering("printf x >&6")[12..]
        + "while :; do sleep 1; done\n";
    let package = Package::new().executable("handler", format!("#!/bin/bash\n{body}"));
    let function = Concurrent::start("worker:handler", package, 2);
    assert_eq!(function.invoke(&["x"]), ["x"]);
    shut_down(function);
}

#[test]
fn an_event_in_hand_does_not_hold_it_up() {
    let body = workers::answering(": >held; trap '' TERM; while :; do sleep 1; done");
    let exec = "#!/bin/bash\n: >\"$LAMBDA_TASK_ROOT/held\"; sleep 1000\n";
    let shell = "handler() { : >held; sleep 1000; }";
    for (handler, package) in [
        ("worker:handler", Package::new().executable("handler", body)),
        ("exec:handler", Package::new().executable("handler", exec)),
        ("f.handler", Package::new().file("f.sh", 0o644, shell)),
    ] {
        let function = Concurrent::start(handler, package, 1);
        let _held = function.submit("x");
        function.wait_until("in hand", |function| {
            function.package.task().join("held").exists()
        });
        shut_down(function);
    }
}

#[test]
fn a_shell_ends_by_itself() {
    let script = "trap 'echo clean-up >&2' EXIT\nhandler() { printf x; }";
    let package = Package::new().file("f.sh", 0o644, script);
    let function = Concurrent::start("f.handler", package, 2);
    assert_eq!(function.invoke(&["x"]), ["x"]);
    let log = shut_down(function);
    assert_eq!(log.matches("clean-up").count(), 2, "{log}");
}

/// Reads a request's head, or what there is of it.
fn head(stream: &TcpStream) -> String {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    let lines: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    lines.join("\n")
}

#[test]
fn a_stream_that_nobody_reads_does_not_hold_it_up() {
    let api = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = api.local_addr().expect("an address").to_string();
    // More than what the sockets hold between them.
    let body = "head -c 30000000 /dev/zero >&6; echo \"chunk $number 30000000\" >&4; : >sent";
    let package = Package::new().executable("handler", workers::answering(body));
    let mut child = command("worker:handler", &package, &address)
        .spawn()
        .expect("the bootstrap starts");
    let (mut polls, _) = api.accept().expect("the first connection");
    assert!(head(&polls).starts_with("GET "));
    polls
        .write_all(
            b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\nContent-Length: 1\r\n\r\n1",
        )
        .expect("the event is sent");
    let (streamed, _) = api.accept().expect("the connection of the stream");
    assert!(head(&streamed).starts_with("POST "));
    while !process::waits(child.id()) {
        std::thread::yield_now();
    }
    process::signal(child.id() as i32, libc::SIGTERM);
    // It ends although the rest of the response is still to be sent.
    let status = child.wait().expect("its status");
    assert_eq!(status.code(), Some(0));
}

/// What the extension asks of the platform, and whether the function is served all the same.
#[track_caller]
fn extension(handler: &str, body: &str, setting: &str) -> Vec<String> {
    let package = Package::new().executable("handler", body);
    let variables = [("COLDSPARK_SHUTDOWN", setting)];
    let mut function = Function::start_env(handler, package, &variables);
    assert_eq!(function.invoke("x").text(), "x");
    let asked = || function.api.extension_requests();
    if !asked().is_empty() {
        function.wait_until("asked", |_| asked().len() == 2);
    }
    asked().into_iter().map(|request| request.path).collect()
}

#[test]
fn an_extension_is_registered_where_it_is_asked_for() {
    let registered = [
        "/2020-01-01/extension/register",
        "/2020-01-01/extension/event/next",
    ];
    let silent = workers::answering("printf '%s' \"$event\" >&6");
    let asking = silent.replace("echo ready", "echo ready shutdown sent");
    let exec = "#!/bin/sh
exec cat
";
    for (handler, body, setting, expected) in [
        ("worker:handler", silent.as_str(), "", &registered[..0]),
        ("worker:handler", &silent, "0", &registered[..0]),
        ("worker:handler", &silent, "1", &registered),
        ("worker:handler", &asking, "", &registered),
        ("exec:handler", exec, "", &registered[..0]),
        ("exec:handler", exec, "1", &registered),
    ] {
        let asked = extension(handler, body, setting);
        assert_eq!(asked, expected, "{handler} {setting:?}");
    }
}

#[test]
fn another_setting_is_refused() {
    let package = Package::new().executable(
        "handler",
        "#!/bin/sh
exec cat
",
    );
    let function = Function::start_env("exec:handler", package, &[("COLDSPARK_SHUTDOWN", "yes")]);
    function.assert_init_error("Runtime.ConfigInvalid", &["COLDSPARK_SHUTDOWN", "yes"]);
}
