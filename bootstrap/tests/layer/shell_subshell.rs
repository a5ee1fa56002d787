//! Scripts of AWS's tutorial, where each event's function runs in a subshell: COLDSPARK_SHELL=subshell,
//! and what the setting changes. Each row of the table in layer/README.md.

use crate::common::{Function, Package, event, function::urgent};

const EXITED: &str = "Runtime.WorkerExited";

fn start(form: &str, script: &str) -> Function {
    let package = Package::new().file("function.sh", 0o644, script);
    let variables = [("COLDSPARK_SHELL", form)];
    Function::start_env("function.handler", package, &variables)
}

fn subshell(script: &str) -> Function {
    start("subshell", script)
}

/// The shell that all events share.
fn shared(script: &str) -> Function {
    start("", script)
}

#[test]
fn an_exit_with_0_is_success() {
    let script = "handler() { echo \"$1\"; exit 0; echo no; }";
    let mut function = subshell(script);
    let shell = {
        function.wait_idle();
        function.worker()
    };
    for event in ["one", "two"] {
        assert_eq!(function.invoke(event).text(), format!("{event}\n"));
    }
    assert_eq!(function.worker(), shell);
    let texts = ["status: 0", "line 1; COLDSPARK_SHELL=subshell"];
    shared(script).invoke("{}").assert_error(EXITED, &texts);
}

#[test]
fn what_ends_an_event_s_shell_is_its_status_with_the_line() {
    for (body, texts) in [
        (
            "exit 4",
            ["exit in ", "line 2: handler of ", "returned status 4"],
        ),
        (
            "set -e\nfalse",
            ["line 3: false: ", "handler of ", "returned status 1"],
        ),
        (
            "set -u\necho $no",
            ["unbound", "handler of ", "returned status 1"],
        ),
        (
            "exec false",
            ["function.sh ", "handler of ", "returned status 1"],
        ),
    ] {
        let script = format!(
            "handler() {{ echo \"$1\"; [[ $1 == good ]] || {{ echo oh >&2;\n{body}\n}}; }}"
        );
        let mut function = subshell(&script);
        assert_eq!(function.invoke("good").text(), "good\n");
        let shell = function.worker();
        let error = function.invoke("bad");
        error.assert_error(
            "Function.ExitStatus",
            &[&texts[..], &["stderr:\noh"]].concat(),
        );
        assert_eq!(function.invoke("good").text(), "good\n");
        assert_eq!(function.worker(), shell);
        let error = shared(&script).invoke("bad");
        let advice = "COLDSPARK_SHELL=subshell";
        let error = error.assert_error(EXITED, &["instead of answering", advice]);
        assert!(error.contains("stderr:\noh"), "{error}");
    }
}

#[test]
fn a_trap_for_the_exit_runs_for_each_event() {
    let script = "handler() { trap \"echo 'away with $1' >&2\" EXIT; echo \"$1\"; }";
    let mut function = subshell(script);
    for event in ["one", "two"] {
        assert_eq!(function.invoke(event).text(), format!("{event}\n"));
        assert!(function.log().ends_with(&format!("away with {event}\n")));
    }
    let mut function = shared(script);
    assert_eq!(function.invoke("one").text(), "one\n");
    assert!(!function.log().contains("away"), "{}", function.log());
}

#[test]
fn an_event_waits_for_its_own_jobs_alone() {
    let script = "handler() { if [ \"$1\" = job ]; then sleep 1000 & echo $!; else : & wait; echo waited; fi; }";
    let mut function = subshell(script);
    let job: i32 = function.invoke("job").text().trim().parse().unwrap();
    assert_eq!(function.invoke("wait").text(), "waited\n");
    crate::common::process::signal(job, libc::SIGKILL);
    let mut function = shared(script);
    let job: i32 = function.invoke("job").text().trim().parse().unwrap();
    let error = function.invoke_event(urgent("wait", "wait", 500));
    error.assert_error("Runtime.HandlerTimeout", &["COLDSPARK_SHELL=subshell"]);
    crate::common::process::signal(job, libc::SIGKILL);
}

#[test]
fn what_an_event_sets_is_gone_with_it_and_what_the_script_sets_is_there() {
    let script = "count=5; readonly_here=1\n\
        handler() { count=$((count + 1)); readonly mine=1; set -f; umask 077; cd /; printf '%s %s' $count $$; }";
    let mut function = subshell(script);
    function.wait_idle();
    let expected = format!("6 {}", function.worker());
    for _ in 0..3 {
        assert_eq!(function.invoke("{}").text(), expected);
    }
    assert_eq!(function.log(), "");
    let mut function = shared("count=5\nhandler() { count=$((count + 1)); printf $count; }");
    assert_eq!(function.invoke("{}").text(), "6");
    assert_eq!(function.invoke("{}").text(), "7");
}

#[test]
fn hooks_run_in_the_shell_of_which_events_have_copies() {
    let script = "handler() { printf %s \"$state\"; }\nafter_restore() { state=restored; }";
    let package = Package::new().file("function.sh", 0o644, script);
    let function = Function::start_env(
        "function.handler",
        package,
        &[
            ("COLDSPARK_SHELL", "subshell"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start"),
        ],
    );
    function.api.push(coldspark_emulator::script::status(200));
    function.api.push(event("one", "{}"));
    function.api.push(coldspark_emulator::script::status(202));
    let requests = function.api.wait_for(3, crate::common::function::limit());
    assert_eq!(requests[2].text(), "restored");
}

#[test]
fn every_byte_comes_through_and_the_context_is_there() {
    let mut function = subshell("handler() { cat; printf %s \"$COLDSPARK_REQUEST_ID\"; }");
    let bytes = "0123456789abcdef".repeat(10_000);
    let answer = function.invoke_event(event("the-id", bytes.clone())).text();
    assert!(answer == format!("{bytes}the-id"));
}

#[test]
fn a_form_that_there_is_not_is_refused() {
    for form in ["shared", "Subshell", "1"] {
        let texts = ["COLDSPARK_SHELL", form, "set it to subshell"];
        start(form, "handler() { :; }").assert_init_error("Runtime.ConfigInvalid", &texts);
    }
}
