//! No byte of one event is in the response to another.

use crate::common::{Function, Package, process, workers};

const SECRET: &str = "poison";

/// Large and small events by turns: each response has its own event, and nothing else.
fn alternate(mut function: Function) {
    for size in [1_000_000, 10, 0, 70_000, 1, 4096, 4095, 0] {
        let event = SECRET.repeat(size);
        assert!(function.invoke(event.clone()).text() == event, "{size}");
        assert_eq!(function.invoke("clean").text(), "clean");
        assert_eq!(function.invoke("").text(), "");
    }
}

#[test]
fn events_of_a_worker() {
    let script = "echo ready >&4\n\
        while read -r _ number <&3; do cat <&5 >&6; echo \"response $number\" >&4; done";
    let package = Package::new().executable("handler", workers::raw(script));
    alternate(Function::start("worker:handler", package));
}

#[test]
fn events_of_an_executable() {
    let package = Package::new().executable("handler", workers::raw("cat"));
    alternate(Function::start("exec:handler", package));
}

#[test]
fn events_of_a_shell_function() {
    let package = Package::new().file("function.sh", 0o644, "handler() { cat; }");
    alternate(Function::start("function.handler", package));
}

#[test]
fn what_a_worker_wrote_before_its_error_is_not_in_the_next_response() {
    let script = workers::answering(
        "if [ \"$event\" = bad ]; then printf poison >&6; echo \"error $number Bad\" >&4; continue; fi",
    );
    let package = Package::new().executable("handler", script);
    let mut function = Function::start("worker:handler", package);
    function.invoke("bad").assert_error("Bad", &[]);
    assert_eq!(function.invoke("good").text(), "");
}

#[test]
fn what_a_worker_wrote_before_it_crashed_is_not_in_the_next_response() {
    let script =
        workers::answering("[ \"$event\" != bad ] || { printf poison >&6; kill -KILL $$; }");
    let package = Package::new().executable("handler", script);
    let mut function = Function::start("worker:handler", package);
    function
        .invoke("bad")
        .assert_error("Runtime.WorkerExited", &[]);
    assert_eq!(function.invoke("good").text(), "");
}

#[test]
fn what_a_shell_function_printed_before_it_failed_is_not_in_the_next_response() {
    let script = "handler() { printf poison; [ \"$1\" != fail ] || return 1; [ \"$1\" != end ] || exit 1; }\n\
                  handler2() { printf poison; }";
    let package = Package::new().file("function.sh", 0o644, script);
    let mut function = Function::start("function.handler", package);
    function
        .invoke("fail")
        .assert_error("Function.ExitStatus", &[]);
    assert_eq!(function.invoke("good").text(), SECRET);
    function
        .invoke("end")
        .assert_error("Runtime.WorkerExited", &[]);
    assert_eq!(function.invoke("good").text(), SECRET);
}

#[test]
fn what_a_background_job_of_a_shell_function_prints_later_is_in_no_response() {
    let script = "handler() {\n\
        [ \"$1\" != start ] || { (until [ -e go ]; do sleep 0.01; done; trap '' PIPE; echo poison; : >done) & }\n\
        echo \"$1\"\n}";
    let package = Package::new().file("function.sh", 0o644, script);
    let mut function = Function::start("function.handler", package);
    assert_eq!(function.invoke("start").text(), "start\n");
    let task = function.package.task();
    function.send(crate::common::event("next", "next"));
    std::fs::write(task.join("go"), "").unwrap();
    assert_eq!(function.receive().text(), "next\n");
    function.wait_until("printed", |_| task.join("done").exists());
    assert_eq!(function.invoke("last").text(), "last\n");
}

#[test]
fn the_next_worker_has_files_of_its_own() {
    // What has left the process group survives the worker, and still has its files.
    let script = workers::answering(
        "[ \"$event\" != bad ] || { (trap '' HUP; setsid bash -c 'echo $$ >pid; until [ -e go ]; do sleep 0.01; done; \
         echo poison >&6; : >done; sleep 1000') & until [ -s pid ]; do sleep 0.01; done; kill -KILL $$; }\n\
         if [ \"$event\" = wait ]; then : >go; until [ -e done ]; do sleep 0.01; done; fi",
    );
    let package = Package::new().executable("handler", script);
    let mut function = Function::start("worker:handler", package);
    function
        .invoke("bad")
        .assert_error("Runtime.WorkerExited", &["SIGKILL"]);
    assert_eq!(function.invoke("wait").text(), "");
    let pid = std::fs::read_to_string(function.package.task().join("pid")).unwrap();
    process::signal(pid.trim().parse().unwrap(), libc::SIGKILL);
}
