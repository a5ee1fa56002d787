//! What goes wrong in a shell script is said with its line.

use crate::common::{Function, Package};

const EXITED: &str = "Runtime.WorkerExited";

fn shell(script: &str) -> Function {
    Function::start(
        "function.handler",
        Package::new().file("function.sh", 0o644, script),
    )
}

#[test]
fn a_status_that_is_not_0_is_an_error_and_the_shell_goes_on() {
    let mut function = shell("n=0\nhandler() { n=$((n + 1)); echo oh $n >&2; return 3; }");
    let texts = [
        "handler of ",
        "function.sh returned status 3",
        "its stderr:\noh 1",
    ];
    function
        .invoke("{}")
        .assert_error("Function.ExitStatus", &texts);
    let message = function
        .invoke("{}")
        .assert_error("Function.ExitStatus", &["oh 2"]);
    assert!(!message.contains("oh 1"), "{message}");
}

#[test]
fn a_failure_under_set_e_has_its_line_and_command() {
    let mut function =
        shell("set -e\nhandler() {\n  true\n  [ \"$1\" = good ]\n  echo \"$1\"\n}\n");
    for _ in 0..2 {
        assert_eq!(function.invoke("good").text(), "good\n");
        let texts = ["function.sh: line 4: [ \"$1\" = good ]", "status: 1"];
        function.invoke("bad").assert_error(EXITED, &texts);
    }
}

#[test]
fn an_exit_has_its_line_and_status() {
    let mut function = shell("handler() {\n  [ \"$1\" != bad ] ||\n    exit 4\n  echo \"$1\"\n}\n");
    let texts = ["status: 4", "at exit in ", "function.sh: line 3"];
    function.invoke("bad").assert_error(EXITED, &texts);
    assert_eq!(function.invoke("good").text(), "good\n");
}

#[test]
fn an_exit_with_0_is_no_answer() {
    let mut function = shell("handler() { echo done; exit; }");
    function
        .invoke("{}")
        .assert_error(EXITED, &["status: 0", "line 1"]);
}

#[test]
fn an_unset_variable_has_its_line() {
    let mut function = shell("set -u\nhandler() {\n  echo $nosuch\n}\n");
    let texts = ["function.sh: line 3: nosuch: unbound variable"];
    function.invoke("{}").assert_error(EXITED, &texts);
}

/// Without `set -e` a command that failed is not the end; a later event that ends the shell at another
/// place, which no trap sees, is not told that old one.
#[test]
fn the_place_of_an_earlier_events_failure_is_not_that_of_a_later_end() {
    let script = "handler() {\n  case $1 in\n    fails) false; true;;\n    ends) set -eu; echo $nosuch;;\n\
        inside) (exit 3) || true;;\n  esac\n}\n";
    for first in ["fails", "inside"] {
        let mut function = shell(script);
        assert_eq!(function.invoke(first).text(), "");
        let texts = ["function.sh: line 4: nosuch: unbound variable"];
        let message = function.invoke("ends").assert_error(EXITED, &texts);
        for stale in ["line 3", "false", "at exit in"] {
            assert!(!message.contains(stale), "{first}: {message}");
        }
    }
}

#[test]
fn a_shell_that_becomes_another_program_is_no_answer() {
    let mut function = shell("handler() { exec true; }");
    function.invoke("{}").assert_error(EXITED, &["status: 0"]);
}

#[test]
fn a_killed_shell_is_replaced() {
    let mut function = shell("handler() { [ \"$1\" != bad ] || kill -KILL $$; echo \"$1\"; }");
    function.invoke("bad").assert_error(EXITED, &["SIGKILL"]);
    assert_eq!(function.invoke("good").text(), "good\n");
}

#[test]
fn a_script_without_the_function_is_an_init_error() {
    let texts = ["function.sh has no function handler", "define it"];
    for script in ["", "other() { :; }", "handler=1"] {
        shell(script).assert_init_error("Runtime.NoSuchHandler", &texts);
    }
}

#[test]
fn a_syntax_error_is_an_init_error() {
    let script = "handler() { echo; }\nif then\n";
    let texts = [
        "function.sh gave status",
        "function.sh: line 2: syntax error",
        "`then'",
    ];
    shell(script).assert_init_error("Runtime.InvalidHandler", &texts);
}

#[test]
fn a_script_that_fails_while_it_is_sourced_is_an_init_error() {
    let script = "handler() { echo; }\nls /nosuch/place\n";
    let texts = [
        "function.sh gave status 2",
        "function.sh: line 2: ls /nosuch/place",
    ];
    shell(script).assert_init_error("Runtime.InvalidHandler", &texts);
    let texts = ["before it was ready", "function.sh: line 2: false"];
    shell("set -e\nfalse\nhandler() { :; }\n").assert_init_error(EXITED, &texts);
    let texts = [
        "before it was ready",
        "status: 9",
        "exit in ",
        "function.sh: line 1",
    ];
    shell("exit 9\n").assert_init_error(EXITED, &texts);
}

#[test]
fn a_script_that_cannot_be_read_is_an_init_error() {
    let texts = ["function.sh", "Is a directory"];
    let package = Package::new().file("function.sh/x", 0o644, "");
    let function = Function::start("shell:function.handler", package);
    function.assert_init_error("Runtime.InvalidHandler", &texts[..1]);
}
