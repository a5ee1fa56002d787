//! What a process makes of a descriptor that the next one has too does not disturb that one.

use crate::common::function::urgent;
use crate::common::{Answer, Function, Package, event, process, workers};

/// Sets flags of all open files that it finds, as programs do that wait for several, and ends
/// before it can take them back.
const SETS: &str = "python3 -c '\nimport fcntl, os, signal\n\
    for fd in range(128):\n\
    \x20   try: fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_NONBLOCK)\n\
    \x20   except OSError: pass\n\
    os.kill(os.getpid(), signal.SIGKILL)'";

/// Many lines on standard error, more than a pipe holds; fails when it does not block, or when one
/// cannot be written.
const FLOOD: &str =
    "python3 -c 'import os, sys; sys.exit(not os.get_blocking(2))' && seq 100000 >&2";
const LINES: usize = 100_000;

#[track_caller]
fn nothing_is_lost(mut function: Function, error: Option<&str>) {
    for _ in 0..2 {
        let set = function.invoke("set");
        match error {
            Some(error) => drop(set.assert_error(error, &[])),
            None => drop(set.text()),
        }
        let before = function.log().lines().count();
        assert_eq!(function.invoke("flood").text().trim(), "ok");
        assert_eq!(function.log().lines().count() - before, LINES);
    }
}

#[test]
fn the_log_of_the_next_executable_blocks() {
    let script = format!("case $(cat) in set) {SETS};; *) {FLOOD} && echo ok;; esac");
    let package = Package::new().executable("handler", workers::raw(&script));
    nothing_is_lost(
        Function::start("exec:handler", package),
        Some("Function.ExitStatus"),
    );
}

#[test]
fn the_log_of_the_next_event_of_a_shell_blocks() {
    let only = SETS.replace("range(128)", "range(3)");
    let script =
        format!("f() {{ case $1 in set) {only} || :; echo set;; *) {FLOOD} && echo ok;; esac; }}");
    let package = Package::new().file("function.sh", 0o644, script);
    nothing_is_lost(Function::start("function.f", package), None);
}

#[test]
fn the_log_of_the_next_worker_blocks() {
    let script = workers::answering(&format!(
        "case $event in set) {SETS}; exit 1;; *) {FLOOD} && printf ok >&6;; esac"
    ));
    let package = Package::new().executable("handler", script);
    nothing_is_lost(
        Function::start("worker:handler", package),
        Some("Runtime.WorkerExited"),
    );
}

#[test]
fn what_an_executable_leaves_behind_reads_and_moves_nothing_of_the_next_one() {
    // It has left the process group, and goes on reading its standard input.
    let script = "event=$(head -c 5)\n\
        [ \"$event\" != first ] || { (trap '' HUP; setsid bash -c 'echo $$ >pid; until [ -e go ]; do sleep 0.01; done; \
        cat >rest; : >done; sleep 1000' <&0 >&1) & until [ -s pid ]; do sleep 0.01; done; }\n\
        if [ \"$event\" = after ]; then : >go; until [ -e done ]; do sleep 0.01; done; fi\n\
        printf %s \"$event\"; cat";
    let package = Package::new().executable("handler", workers::raw(script));
    let mut function = Function::start("exec:handler", package);
    function.send(event("first", "first and the rest"));
    // Which of the two reads the rest is open.
    assert!(matches!(function.receive(), Answer::Response(_)));
    let after = function.invoke_event(urgent("after", "after all of it", 60_000));
    let pid = std::fs::read_to_string(function.package.task().join("pid")).unwrap();
    process::signal(pid.trim().parse().unwrap(), libc::SIGKILL);
    assert_eq!(after.text(), "after all of it");
}

/// A worker that writes by mistake to the files of the event and of the context.
#[test]
fn what_a_worker_writes_to_its_event_is_not_in_the_next_one() {
    let script = workers::answering(
        "{ cat /dev/fd/5; echo; wc -c </dev/fd/7; } >&6; echo \"of $event, and more than before\" | tee -a /dev/fd/5 >>/dev/fd/7",
    );
    let mut function = Function::start(
        "worker:handler",
        Package::new().executable("handler", script),
    );
    let answers = ["first", "again"].map(|event| function.invoke(event).text());
    let [first, second] = answers
        .each_ref()
        .map(|text| text.split_once('\n').unwrap());
    assert_eq!((first.0, second.0), ("first", "again"));
    assert_eq!(first.1, second.1, "bytes of the context");
}
