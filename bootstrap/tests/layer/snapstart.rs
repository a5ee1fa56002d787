//! SnapStart: the hooks of workers and shell functions around the restore, and what each event
//! is given because of it.

use coldspark_emulator::script::{self, Call, Request, Step};

use crate::common::function::limit;
use crate::common::{Function, Package, event, process, workers};

const SNAP_START: [(&str, &str); 1] = [("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")];

/// A worker that asks for these hooks, and appends what it is told to the file `told`. It answers
/// hooks with `hook`, and events with their restore count.
fn worker(asked: &str, hook: &str) -> Package {
    let script = format!(
        "echo 'ready{asked}' >&4\n\
         while read -r -u 3 line number; do\n\
         echo \"$line\" >>told\n\
         [ \"$line\" = event ] || {{ {hook}\ncontinue; }}\n\
         mapfile -t -u 7 context; export \"${{context[@]}}\"\n\
         printf '%s' \"$COLDSPARK_RESTORE_COUNT\" >&6\n\
         echo \"response $number\" >&4\n\
         done\n"
    );
    Package::new().executable("handler", workers::raw(&script))
}

const BOTH: &str = " before-snapshot after-restore";
const DONE: &str = "echo done >&4";

fn start(handler: &str, package: Package) -> Function {
    Function::start_env(handler, package, &SNAP_START)
}

/// Waits until the snapshot could be taken.
#[track_caller]
fn park(function: &Function) {
    let requests = function.api.wait_for(1, limit());
    let last = requests.last().expect("a request");
    assert!(last.path.ends_with("/restore/next"), "{}", function.log());
}

fn restore(function: &Function) {
    function
        .api
        .push(Step::from(script::status(200)).only(Call::RestoreNext));
}

/// One event after the restore, and the request that answers it.
#[track_caller]
fn serve(function: &Function, number: usize) -> Request {
    function.api.push(event(&format!("id-{number}"), "{}"));
    function.api.push(script::status(202));
    let requests = function.api.wait_for(1 + 2 * number, limit());
    requests[2 * number].clone()
}

fn told(function: &Function) -> String {
    let file = function.package.task().join("told");
    std::fs::read_to_string(file).unwrap_or_default()
}

/// What was posted, and to where, when the hook before the snapshot fails.
#[track_caller]
fn before_fails(handler: &str, package: Package, texts: &[&str]) {
    let function = start(handler, package);
    function.assert_init_error("Runtime.BeforeSnapshotError", texts);
}

/// The same for the hook after the restore.
#[track_caller]
fn after_fails(handler: &str, package: Package, texts: &[&str]) {
    let function = start(handler, package);
    park(&function);
    restore(&function);
    function.api.push(script::status(202));
    let requests = function.api.wait_for(2, limit());
    let request = &requests[1];
    assert!(request.path.ends_with("/restore/error"), "{}", request.path);
    let error = request.json();
    assert_eq!(error["errorType"], "Runtime.AfterRestoreError");
    let message = error["errorMessage"].as_str().expect("a message");
    for text in texts {
        assert!(message.contains(text), "no {text:?} in: {message}");
    }
}

#[test]
fn a_worker_gets_its_hooks_before_the_snapshot_and_after_the_restore() {
    let function = start("worker:handler", worker(BOTH, DONE));
    park(&function);
    assert_eq!(told(&function), "before-snapshot\n");
    let pid = function.worker();
    restore(&function);
    assert_eq!(serve(&function, 1).text(), "1");
    assert_eq!(told(&function), "before-snapshot\nafter-restore\nevent\n");
    assert_eq!(serve(&function, 2).text(), "1");
    assert_eq!(function.worker(), pid);
}

#[test]
fn a_worker_gets_only_the_hooks_that_it_has_asked_for() {
    for (asked, expected) in [
        ("", "event\n"),
        (" before-snapshot", "before-snapshot\nevent\n"),
        (" after-restore", "after-restore\nevent\n"),
    ] {
        let function = start("worker:handler", worker(asked, DONE));
        park(&function);
        restore(&function);
        assert_eq!(serve(&function, 1).text(), "1");
        assert_eq!(told(&function), expected, "{asked}");
    }
}

#[test]
fn without_a_snapshot_no_hook_is_called() {
    let mut function = Function::start("worker:handler", worker(BOTH, DONE));
    assert_eq!(function.invoke("{}").text(), "0");
    assert_eq!(told(&function), "event\n");
}

#[test]
fn the_error_of_a_hook_is_the_workers_own() {
    let fails = |hook: &str| {
        let body = format!(
            "[ $line = {hook} ] || {{ {DONE}; continue; }}\n\
             printf 'no pool' >&6; echo 'hook-error Pool.Broken' >&4"
        );
        worker(BOTH, &body)
    };
    let texts = ["Pool.Broken: no pool"];
    before_fails("worker:handler", fails("before-snapshot"), &texts);
    after_fails("worker:handler", fails("after-restore"), &texts);
}

#[test]
fn an_answer_that_does_not_fit_is_the_hooks_error() {
    for said in [
        "ready",
        "response 0",
        "response 1",
        "done 1",
        "chunk 0 1",
        "hook-error",
        "done\\ndone",
    ] {
        // One write: the second line is there when the first is looked at.
        let body = format!("cat <<<$'{said}' >&4");
        let texts = ["Runtime.WorkerProtocol", "layer/PROTOCOL.md"];
        before_fails("worker:handler", worker(BOTH, &body), &texts);
        after_fails("worker:handler", worker(" after-restore", &body), &texts);
    }
}

#[test]
fn a_worker_that_ends_in_a_hook_is_its_error() {
    let body = "echo 'it breaks' >&2; exit 3";
    let texts = ["Runtime.WorkerExited", "status: 3", "it breaks"];
    before_fails("worker:handler", worker(BOTH, body), &texts);
    after_fails("worker:handler", worker(" after-restore", body), &texts);
}

#[test]
fn the_error_of_a_hook_has_nothing_that_was_printed_before_it() {
    let script = worker(BOTH, "echo 'it breaks' >&2; exit 3");
    let handler = script.task().join("handler");
    let loading = std::fs::read_to_string(&handler).expect("the script");
    let loading = loading.replace("echo 'ready", "echo 'from the init phase' >&2; echo 'ready");
    std::fs::write(handler, loading).expect("the script");
    let mut function = start("worker:handler", script);
    let texts = ["its stderr:\nit breaks"];
    let message = function.init_error("Runtime.BeforeSnapshotError", &texts);
    assert!(!message.contains("init phase"), "{message}");
    let log = function.log();
    assert!(log.contains("from the init phase\n"), "{log}");
}

/// layer/PROTOCOL.md: the files of the event and of the context are empty in a hook, and so is that of
/// the response at first.
#[test]
fn a_hook_finds_no_event_no_context_and_nothing_of_another_hook() {
    let sizes = "stat -L -c %s /dev/fd/5 /dev/fd/6 /dev/fd/7 >>told; printf 'left behind' >&6; echo done >&4";
    let function = start("worker:handler", worker(BOTH, sizes));
    park(&function);
    restore(&function);
    assert_eq!(serve(&function, 1).text(), "1");
    let expected = "before-snapshot\n0\n0\n0\nafter-restore\n0\n0\n0\nevent\n";
    assert_eq!(told(&function), expected);
    // In a shell: no argument, and no variable of an event.
    let body = "{ echo $# ${COLDSPARK_REQUEST_ID-unset} ${COLDSPARK_RANDOM_SEED-unset}; cat </dev/fd/62; } >>told";
    let hooks = format!("before_snapshot() {{ {body}; }}\nafter_restore() {{ {body}; }}");
    let function = start("f.handler", shell(&hooks));
    park(&function);
    restore(&function);
    assert_eq!(serve(&function, 1).text(), "1");
    assert_eq!(told(&function), "0 unset unset\n0 unset unset\n");
}

#[test]
fn a_worker_that_was_lost_in_the_snapshot_is_replaced_and_gets_no_hook() {
    let function = start("worker:handler", worker(BOTH, DONE));
    park(&function);
    process::signal(function.worker() as i32, libc::SIGKILL);
    function.wait_until("ended", |function| {
        !process::zombies(function.pid()).is_empty()
    });
    restore(&function);
    assert_eq!(serve(&function, 1).text(), "1");
    assert_eq!(told(&function), "before-snapshot\nevent\n");
    let log = function.log();
    assert!(log.contains("a new one is started"), "{log}");
}

#[test]
fn a_worker_of_a_later_event_gets_no_hook() {
    let script = "if [ -e once ]; then hook=again; fi; touch once\n\
        echo 'ready before-snapshot after-restore' >&4\n\
        while read -r -u 3 line number; do echo \"$line\" >>told\n\
        [ \"$line\" = event ] || { echo done >&4; continue; }\n\
        [ \"$hook\" = again ] || exit 1\n\
        echo \"response $number\" >&4; done";
    let package = Package::new().executable("handler", workers::raw(script));
    let function = start("worker:handler", package);
    park(&function);
    restore(&function);
    assert!(serve(&function, 1).path.ends_with("/error"));
    assert!(serve(&function, 2).path.ends_with("/response"));
    assert_eq!(
        told(&function),
        "before-snapshot\nafter-restore\nevent\nevent\n"
    );
}

fn shell(hooks: &str) -> Package {
    let script =
        format!("{hooks}\nhandler() {{ printf '%s' \"$state$COLDSPARK_RESTORE_COUNT\"; }}");
    Package::new().file("f.sh", 0o644, script)
}

#[test]
fn the_hooks_of_a_script_are_called_in_its_shell() {
    let package = shell(
        "before_snapshot() { echo closing; state=b$#; }\n\
         after_restore() { echo opening >&2; state+=a; }",
    );
    let function = start("f.handler", package);
    park(&function);
    assert!(function.log().contains("closing\n"), "{}", function.log());
    restore(&function);
    assert_eq!(serve(&function, 1).text(), "b0a1");
    assert!(function.log().contains("opening\n"), "{}", function.log());
}

#[test]
fn without_hooks_or_without_a_snapshot_a_script_is_served() {
    for (hooks, expected) in [
        ("", "1"),
        ("before_snapshot() { state=b; }", "b1"),
        ("after_restore() { state=a; }", "a1"),
    ] {
        let function = start("f.handler", shell(hooks));
        park(&function);
        restore(&function);
        assert_eq!(serve(&function, 1).text(), expected);
        let mut function = Function::start("f.handler", shell(hooks));
        assert_eq!(function.invoke("{}").text(), "0");
    }
}

#[test]
fn a_hook_of_a_script_that_fails_or_exits_is_an_error() {
    for (body, texts) in [
        (
            "echo why >&2; return 4",
            ["Function.ExitStatus", "f.sh returned status 4", "why"],
        ),
        (
            "echo why >&2; exit 5",
            ["Runtime.WorkerExited", "status: 5", "line 1"],
        ),
        (
            "set -e; echo why >&2; false",
            ["Runtime.WorkerExited", "status: 1", "line 1: false"],
        ),
    ] {
        let before = shell(&format!("before_snapshot() {{ {body}; }}"));
        before_fails("f.handler", before, &texts);
        let after = shell(&format!("after_restore() {{ {body}; }}"));
        after_fails("f.handler", after, &texts);
    }
}

#[test]
fn an_executable_knows_of_the_restore() {
    let script = workers::raw("printf '%s' \"$COLDSPARK_RESTORE_COUNT\"");
    let function = start("exec:handler", Package::new().executable("handler", script));
    park(&function);
    restore(&function);
    assert_eq!(serve(&function, 1).text(), "1");
}
