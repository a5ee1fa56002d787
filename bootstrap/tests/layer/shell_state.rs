//! What the layer's own part of a shell keeps from the script, and from the next event.

use crate::common::{Function, Package};

fn shell(script: &str) -> Function {
    Function::start(
        "function.handler",
        Package::new().file("function.sh", 0o644, script),
    )
}

/// Nothing that the layer's own part of the shell does.
#[track_caller]
fn shows_nothing_of_the_driver(log: &str) {
    // The bootstrap's own lines are not the shell's.
    let lines = log.lines().filter(|line| !line.starts_with("ERROR"));
    let log: String = lines.map(|line| format!("{line}\n")).collect();
    for text in ["coldspark_", "COLDSPARK_", "builtin", "/dev/fd", "mapfile"] {
        assert!(!log.contains(text), "{text}: {log}");
    }
}

#[test]
fn a_trace_shows_the_script_alone() {
    for (first, body) in [
        ("", "set -x; echo \"<$1>\""),
        ("set -x", "echo \"<$1>\""),
        ("set -x", "false; echo \"<$1>\"; return 0"),
        ("set -xe", "echo \"<$1>\""),
        ("", "set -euxo pipefail; echo \"<$1>\""),
        (
            "",
            "trap 'rm -f \"$nothing\"' RETURN; set -x; echo \"<$1>\"",
        ),
    ] {
        for form in ["", "subshell"] {
            let script = format!("{first}\nhandler() {{ {body}; }}\n");
            let package = Package::new().file("function.sh", 0o644, script);
            let variables = [("COLDSPARK_SHELL", form)];
            let mut function = Function::start_env("function.handler", package, &variables);
            for number in 0..3 {
                let answer = function.invoke(format!("event {number}")).text();
                assert_eq!(answer, format!("<event {number}>\n"));
            }
            let log = function.log();
            for number in 0..3 {
                let line = format!("+ echo '<event {number}>'\n");
                assert_eq!(
                    log.matches(&line).count(),
                    1,
                    "{first}, {body}, {form}: {log}"
                );
            }
            shows_nothing_of_the_driver(&log);
        }
    }
}

#[test]
fn a_trace_shows_the_end_of_a_shell_without_the_layers_part() {
    for body in ["exit 4", "set -e; false", "set -u; echo $nothing"] {
        for form in ["", "subshell"] {
            let script = format!("handler() {{ set -x; echo done; {body}; }}\n");
            let package = Package::new().file("function.sh", 0o644, script);
            let variables = [("COLDSPARK_SHELL", form)];
            let mut function = Function::start_env("function.handler", package, &variables);
            let error = match form {
                "" => "Runtime.WorkerExited",
                _ => "Function.ExitStatus",
            };
            function.invoke("{}").assert_error(error, &["+ echo done"]);
            shows_nothing_of_the_driver(&function.log());
        }
    }
}

#[test]
fn a_hook_is_traced_without_the_layers_part() {
    let script = "set -x\nhandler() { echo event; }\nafter_restore() { echo hook >&2; }\n";
    let package = Package::new().file("function.sh", 0o644, script);
    let function = Function::start_env(
        "function.handler",
        package,
        &[("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")],
    );
    function.api.push(coldspark_emulator::script::status(200));
    function.wait_until("restored", |function| function.log().contains("hook\n"));
    let log = function.log();
    assert!(log.contains("+ after_restore\n"), "{log}");
    shows_nothing_of_the_driver(&log);
}

#[test]
fn each_event_starts_in_the_function_s_folder() {
    let script = "cd /\nhandler() { pwd; gone=$(mktemp -d); cd \"$gone\"; rmdir \"$gone\"; }";
    for form in ["", "subshell"] {
        let package = Package::new().file("function.sh", 0o644, script);
        let task = package.task().display().to_string();
        let variables = [("COLDSPARK_SHELL", form)];
        let mut function = Function::start_env("function.handler", package, &variables);
        for _ in 0..3 {
            assert_eq!(function.invoke("{}").text(), format!("{task}\n"));
        }
        assert_eq!(function.log(), "");
    }
}

#[test]
fn names_of_the_layer_s_own_are_refused() {
    for name in [
        "exit",
        "coldspark_end",
        "coldspark_refuse",
        "coldspark_mine",
    ] {
        let script = format!("touch sourced\nhandler() {{ :; }}\n{name}() {{ :; }}\n");
        for prefix in ["", "shell:"] {
            let package = Package::new().file("function.sh", 0o644, &script);
            let sourced = package.task().join("sourced");
            let handler = format!("{prefix}function.{name}");
            let mut function = Function::start(&handler, package);
            let texts = [name, "function.sh", "layer uses itself"];
            function.init_error("Runtime.InvalidHandler", &texts);
            assert!(!sourced.exists(), "{handler}");
        }
    }
}

#[test]
fn the_layer_s_own_variables_stay_as_they_are() {
    let script = "unset coldspark_function coldspark_output coldspark_folder coldspark_form\n\
        handler() { unset coldspark_function coldspark_output coldspark_folder; cd /; echo \"$1\"; }";
    let mut function = shell(script);
    assert_eq!(function.invoke("one").text(), "one\n");
    assert_eq!(function.invoke("two").text(), "two\n");
}

#[test]
fn a_trap_for_the_return_runs_once_for_each_event() {
    let script = "set -u\nhandler() { local file=$1; trap 'echo \"away with $file\" >&2' RETURN; }";
    let mut function = shell(script);
    for event in ["one", "two"] {
        assert_eq!(function.invoke(event).text(), "");
        let line = format!("away with {event}\n");
        assert_eq!(function.log().matches(&line).count(), 1);
    }
}
