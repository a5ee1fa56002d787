//! The system calls of the layer's binary are those of a list, and workers get nothing that they
//! should not have. tests/PRIVILEGE.md has the results.
//!
//! The filter holds for the binary's own code, and in the processes that it starts for what they
//! do until they run their own. Under qemu, qemu's trace is compared with the list instead.

mod web;

use std::path::Path;
use std::process::Command;

use coldspark_emulator::confine::{List, Others, can_filter, confine};
use coldspark_emulator::script::{self, Call, Step};

use crate::common::function::{binary, event, runner, urgent};
use crate::common::{Function, Package, process, workers};

fn arch() -> &'static str {
    const X86_64: u8 = 62;
    if crate::common::function::machine() == X86_64 {
        "x86_64"
    } else {
        "arm64"
    }
}

fn list_of(name: &str) -> List {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let folder = root.expect("the repository").join("tests/privilege");
    List::read(&folder.join(arch()).join(name))
}

fn list() -> List {
    list_of("layer")
}

/// Starts a handler under the list.
fn start(handler: &str, package: Package, list: &List, variables: &[(&str, &str)]) -> Function {
    Function::start_with(handler, package, |command| {
        command.envs(variables.iter().copied());
        hold(command, list);
    })
}

/// Holds the binary of a command to the list, or makes qemu write its calls to a file beside the log.
fn hold(command: &mut Command, list: &List) {
    if runner().is_none() {
        confine(command, &binary(), list, Others::Allowed).expect("a static binary");
    } else {
        command.env("QEMU_STRACE", "1");
        // The package's folder is the one that it is started in.
        command.env("QEMU_LOG_FILENAME", "../trace");
    }
}

/// Ends it by SIGTERM; every call was one of the list.
#[track_caller]
fn end(function: &mut Function, list: &List) {
    process::signal(function.pid() as i32, libc::SIGTERM);
    assert_eq!(function.status().code(), Some(0), "{}", function.log());
    if runner().is_some() {
        let trace = function.package.log().with_file_name("trace");
        let trace = std::fs::read(trace).expect("qemu's trace");
        list.assert_has_all_of(&String::from_utf8_lossy(&trace));
    }
}

/// The freeze of an environment between two events.
#[track_caller]
fn freeze(function: &Function) {
    function.wait_idle();
    process::signal(function.pid() as i32, libc::SIGSTOP);
    process::signal(function.pid() as i32, libc::SIGCONT);
}

/// Small and large events, an answer that is refused, a connection that is lost, and a freeze.
#[track_caller]
fn lives(function: &mut Function) {
    let large = "x".repeat(6 * 1024 * 1024);
    assert_eq!(function.invoke("{}").text(), "{}", "{}", function.log());
    assert!(function.invoke(large.clone()).text() == large);
    freeze(function);
    let refusal = Step::from(script::status(413)).then_close();
    function.send_answered(event("refused", "{}"), refusal);
    assert_eq!(function.invoke("small").text(), "small");
}

#[test]
#[ignore = "needs the static binary: run scripts/test"]
fn workers_live_within_the_list() {
    let list = list();
    let script = workers::answering(
        "case $event in crash) kill -KILL $$;; late) sleep 1000;; log) echo line; echo line >&2;;\n\
         fail) echo no >&2; exit 3;; stream) printf a >&6; echo chunk $number 1 >&4;; esac\n\
         printf '%s' \"$event\" >&6",
    );
    let package = Package::new().executable("handler", script);
    let mut function = start("worker:handler", package, &list, &[]);
    lives(&mut function);
    for (event, error) in [
        ("crash", "Runtime.WorkerExited"),
        ("fail", "Runtime.WorkerExited"),
    ] {
        function.invoke(event).assert_error(error, &[]);
        assert_eq!(function.invoke("log").text(), "log");
    }
    let late = function.invoke_event(urgent("late", "late", 1000));
    late.assert_error("Runtime.HandlerTimeout", &[]);
    function.send(event("stream", "stream"));
    assert_eq!(function.posted().text(), "astream");
    end(&mut function, &list);
}

#[test]
#[ignore = "needs the static binary: run scripts/test"]
fn several_workers_and_a_snapshot_are_within_the_list() {
    let list = list();
    let script = workers::answering("printf '%s' \"$event\" >&6");
    let script = script.replace("echo ready", "echo ready sent");
    let package = Package::new().executable("handler", script);
    let variables = [
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start"),
        ("AWS_LAMBDA_MAX_CONCURRENCY", "8"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
    ];
    let mut function = start("worker:handler", package, &list, &variables);
    // Pollers ask at the same time, so that requests are not by turns, and are so many that some
    // wait for each other.
    const EVENTS: usize = 400;
    function.api.push(script::status(200));
    for number in 0..EVENTS {
        let id = number.to_string();
        let event = Step::from(event(&id, "{}"));
        let taken = Step::from(script::status(202));
        function.api.push(event.only(Call::Next));
        function.api.push(taken.only(Call::Response));
    }
    function.wait_until("answered", |function| {
        let requests = function.api.requests();
        requests
            .iter()
            .filter(|request| request.path.ends_with("/response"))
            .count()
            == EVENTS
    });
    end(&mut function, &list);
}

#[test]
#[ignore = "needs the static binary: run scripts/test"]
fn executables_live_within_the_list() {
    let list = list();
    let script = "read -r -N 5 event; case $event in crash) kill -KILL $$;; late.) sleep 1000;; esac\n\
                  printf %s \"$event\"; cat";
    for handler in ["exec:handler", "stream:handler"] {
        let package = Package::new().executable("handler", workers::raw(script));
        let mut function = start(handler, package, &list, &[]);
        lives(&mut function);
        function
            .invoke("crash")
            .assert_error("Function.ExitStatus", &[]);
        let late = function.invoke_event(urgent("late", "late.", 1000));
        late.assert_error("Runtime.HandlerTimeout", &[]);
        end(&mut function, &list);
    }
}

#[test]
#[ignore = "needs the static binary: run scripts/test"]
fn shell_functions_live_within_the_list() {
    let list = list();
    let script =
        "handler() { [ \"$1\" != crash ] || kill -KILL $$; [ \"$1\" != fail ] || return 3; cat; }";
    let package = Package::new().file("f.sh", 0o644, script);
    let mut function = start("f.handler", package, &list, &[]);
    lives(&mut function);
    function
        .invoke("crash")
        .assert_error("Runtime.WorkerExited", &[]);
    function
        .invoke("fail")
        .assert_error("Function.ExitStatus", &[]);
    assert_eq!(function.invoke("on").text(), "on");
    end(&mut function, &list);
}

#[test]
#[ignore = "needs the static binary: run scripts/test"]
fn a_start_that_fails_is_within_the_list() {
    let list = list();
    let function = start("exec:nothing", Package::new(), &list, &[]);
    function.assert_init_error("Runtime.NoSuchHandler", &[]);
    let package = Package::new().executable("handler", "no program");
    start("exec:handler", package, &list, &[]).assert_init_error("Runtime.InvalidHandler", &[]);
}

#[test]
#[ignore = "needs the static binary: run scripts/test"]
fn without_a_call_that_every_run_makes_there_is_no_answer() {
    if !can_filter() {
        return;
    }
    let list = list();
    for call in list.0.iter().filter(|call| call.always) {
        let script = workers::answering("printf '%s' \"$event\" >&6");
        let package = Package::new().executable("handler", script);
        let mut function = start("worker:handler", package, &list.without(&call.name), &[]);
        function.send(event("one", "{}"));
        // Either the filter ends the bootstrap, or the process that was to be the worker.
        let status = function.status();
        assert!(!status.success(), "{}: {status}", call.name);
        let answered = function
            .api
            .requests()
            .iter()
            .any(|r| r.path.ends_with("/response"));
        assert!(!answered, "answered without {}", call.name);
    }
}

#[test]
fn no_process_has_the_connection_to_the_runtime_api() {
    // The second worker and every executable are started when there is one.
    let script = workers::answering(
        "[ \"$event\" != bad ] || exit 1\nfor fd in /proc/$$/fd/*; do readlink $fd; done >&6",
    );
    let package = Package::new().executable("handler", script);
    let mut worker = Function::start("worker:handler", package);
    let package = Package::new().executable(
        "handler",
        workers::raw(
            "[ \"$(cat)\" != bad ] || exit 1; for fd in /proc/$$/fd/*; do readlink $fd; done; true",
        ),
    );
    let mut exec = Function::start("exec:handler", package);
    let script = "handler() { [ \"$1\" != bad ] || exit 1; for fd in /proc/$$/fd/*; do readlink $fd; done; true; }";
    let package = Package::new().file("f.sh", 0o644, script);
    let mut shell = Function::start("f.handler", package);
    let inherited = process::inherited_descriptors();
    for (function, error) in [
        (&mut worker, "Runtime.WorkerExited"),
        (&mut exec, "Function.ExitStatus"),
        (&mut shell, "Runtime.WorkerExited"),
    ] {
        for event in ["first", "bad", "third"] {
            let answer = function.invoke(event);
            if event == "bad" {
                answer.assert_error(error, &[]);
                continue;
            }
            let open = answer.text();
            assert!(open.contains("pipe:["), "{open}");
            let own = open
                .lines()
                .filter(|line| !inherited.iter().any(|(_, at)| at == line));
            let sockets: Vec<_> = own.filter(|line| line.starts_with("socket:")).collect();
            assert!(sockets.is_empty(), "{open}");
        }
    }
}
