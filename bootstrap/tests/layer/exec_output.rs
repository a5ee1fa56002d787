//! COLDSPARK_EXEC_STDOUT=file: the standard output of an executable is a file in memory, into which
//! every write goes at once.

use crate::common::function::urgent;
use crate::common::{Function, Package, workers};

fn exec(handler: &str, script: &str) -> Function {
    let package = Package::new().executable("handler", workers::raw(script));
    let variables = [("COLDSPARK_EXEC_STDOUT", "file")];
    Function::start_env(handler, package, &variables)
}

#[test]
fn a_program_that_does_not_wait_for_its_output_loses_nothing() {
    // As Node does: it makes a pipe non-blocking, writes what fits, and exits.
    let script = "exec python3 -c '\nimport os, fcntl\n\
        fcntl.fcntl(1, fcntl.F_SETFL, fcntl.fcntl(1, fcntl.F_GETFL) | os.O_NONBLOCK)\n\
        try: os.write(1, b\"x\" * 5_000_000)\n\
        except BlockingIOError: pass\n\
        os._exit(0)'";
    let mut function = exec("exec:handler", script);
    for _ in 0..3 {
        assert_eq!(function.invoke("{}").response().len(), 5_000_000);
    }
}

#[test]
fn each_event_has_a_file_of_its_own() {
    let mut function = exec("exec:handler", "cat");
    let bytes: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    assert_eq!(function.invoke(bytes.clone()).response(), bytes);
    assert_eq!(function.invoke("short").text(), "short");
    assert_eq!(function.invoke("").response(), b"");
}

#[test]
fn what_others_write_into_it_is_appended() {
    let script =
        "echo a; (echo b); echo c >>/dev/stdout; echo d >&1; (exec 3>&1; echo e >&3); echo f";
    let mut function = exec("exec:handler", script);
    assert_eq!(function.invoke("{}").text(), "a\nb\nc\nd\ne\nf\n");
}

#[test]
fn a_failure_is_one_and_an_event_that_is_late_is_given_up() {
    let script = "case $(cat) in fail) printf half; echo why >&2; exit 7;; late) printf half; sleep 1000;; esac; echo ok";
    let mut function = exec("exec:handler", script);
    let texts = ["status: 7", "stderr:\nwhy"];
    function
        .invoke("fail")
        .assert_error("Function.ExitStatus", &texts);
    let late = function.invoke_event(urgent("late", "late", 500));
    late.assert_error("Runtime.HandlerTimeout", &["were killed"]);
    assert_eq!(function.invoke("on").text(), "ok\n");
}

#[test]
fn a_writer_that_runs_away_does_not_fill_the_memory() {
    // It waits until the memory of what it has written was taken back, and ends well.
    let script = "head -c 30000000 /dev/zero; for ((n = 0; n < 3000; n++)); do \
        [ $(stat -L -c %b /proc/self/fd/1) -gt 20000 ] || exit 0; sleep 0.02; done; exit 9";
    let script = script.replace("/proc/self/fd/1) ", "/proc/$$/fd/1) ");
    let mut function = exec("exec:handler", &script);
    let error = function.invoke("{}");
    error.assert_error("Function.ResponseSizeTooLarge", &["30000000 bytes"]);
}

#[test]
fn the_largest_response_comes_through() {
    let mut function = exec("exec:handler", "sleep 0.05; cat; sleep 0.05");
    let bytes = "0123456789abcdef".repeat(6 * 1024 * 1024 / 16);
    assert!(function.invoke(bytes.clone()).text() == bytes);
}

#[test]
fn a_stream_keeps_its_pipe() {
    let script = "stat -L -c %F /proc/$$/fd/1";
    assert_eq!(exec("stream:handler", script).invoke("{}").text(), "fifo\n");
    let mut file = exec("exec:handler", script);
    let text = file.invoke("{}").text();
    assert!(text.starts_with("regular"), "{text}");
    let package = Package::new().executable("handler", workers::raw(script));
    let mut pipe = Function::start("exec:handler", package);
    assert_eq!(pipe.invoke("{}").text(), "fifo\n");
}

#[test]
fn another_value_is_refused() {
    let package = Package::new().executable("handler", workers::raw("cat"));
    let variables = [("COLDSPARK_EXEC_STDOUT", "memory")];
    let function = Function::start_env("exec:handler", package, &variables);
    let texts = ["COLDSPARK_EXEC_STDOUT", "memory", "set it to file"];
    function.assert_init_error("Runtime.ConfigInvalid", &texts);
}
