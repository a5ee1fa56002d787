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
fn events_of_a_worker_have_their_own_bytes() {
    let script = "echo ready >&4\n\
        while read -r _ number <&3; do cat <&5 >&6; echo \"response $number\" >&4; done";
    let package = Package::new().executable("handler", workers::raw(script));
    alternate(Function::start("worker:handler", package));
}

#[test]
fn events_of_an_executable_have_their_own_bytes() {
    let package = Package::new().executable("handler", workers::raw("cat"));
    alternate(Function::start("exec:handler", package));
}

#[test]
fn events_of_a_shell_function_have_their_own_bytes() {
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

/// Events that leave as much of themselves as they can, each followed by one that shows what it
/// finds: what it was given, its answer, its error and its log have nothing of the others.
#[track_caller]
fn show_nothing(function: &mut Function, poisoned: &[(&str, bool)]) {
    let pattern = SECRET.repeat(50_000);
    for (what, good) in poisoned {
        function.send(crate::common::event("poison", format!("{what} {pattern}")));
        let answer = function.posted();
        assert_eq!(
            answer.path.ends_with("/response"),
            *good,
            "{what}: {}",
            answer.text()
        );
        let log = function.log().len();
        for next in ["show", "fail", "stream"] {
            function.send(crate::common::event(next, next));
            let request = function.posted();
            let head = String::from_utf8_lossy(&request.head);
            let trailers = format!("{:?}", request.trailers);
            for text in [&*request.text(), &*head, &*trailers] {
                assert!(!text.contains(SECRET), "{what}, then {next}: {text}");
            }
            let text = request.text();
            let seen = match next {
                "fail" => text.contains("Wrong") || text.contains("ExitStatus"),
                _ => text.contains("[4 4 ") || text.contains("[6 6 "),
            };
            assert!(seen, "{what}, then {next}: {text}");
        }
        let log = &function.log()[log..];
        assert!(!log.contains(SECRET), "{what}: {log}");
    }
}

/// Shows how long the event is, read from its file and by the file's size, and all bytes of it
/// behind its end that can be had.
const SHOW: &str = "printf '[%s %s ' ${#event} $(stat -L -c %s /dev/fd/5) >&6\n\
    dd if=/proc/self/fd/5 bs=1 skip=${#event} 2>/dev/null >&6; cat /proc/self/fd/7 >&6";

#[test]
fn a_worker_finds_nothing_of_the_last_event_and_shows_nothing_of_it() {
    let script = format!(
        "echo ready >&4\n\
         while read -r -u 3 _ number; do\n\
         event=$(</dev/fd/5)\n\
         case $event in\n\
         echo*) printf '%s' \"$event\" >&6; echo response $number >&4;;\n\
         fail*) printf no >&6; echo error $number Wrong >&4;;\n\
         message*) printf '%s' \"$event\" >&6; echo error $number Wrong >&4;;\n\
         log*) printf '%s\\n' \"$event\" >&2; echo response $number >&4;;\n\
         crash*) printf '%s' \"$event\" >&6; kill -KILL $$;;\n\
         cut*) printf '%s' \"$event\" >&6; truncate -s 10 /proc/self/fd/6; echo response $number >&4;;\n\
         chunks*) printf '%s' \"$event\" >&6; echo chunk $number ${{#event}} >&4; echo response $number >&4;;\n\
         stream*) {SHOW}; echo chunk $number 5 >&4; printf x >&6; echo response $number >&4;;\n\
         show*) {SHOW}; truncate -s 500 /proc/self/fd/6; echo response $number >&4;;\n\
         esac; done",
    );
    let package = Package::new().executable("handler", workers::raw(&script));
    let mut function = Function::start("worker:handler", package);
    let poisoned = [
        ("echo", true),
        ("message", false),
        ("crash", false),
        ("cut", true),
        ("chunks", true),
    ];
    show_nothing(&mut function, &poisoned);
}

#[test]
fn the_next_error_has_nothing_that_an_earlier_event_printed() {
    let worker = workers::answering(
        "case $event in log*) printf '%s\\n' \"$event\" >&2;; fail*) exit 1;; esac",
    );
    let worker = Package::new().executable("handler", worker);
    let exec =
        "event=$(cat); case $event in log*) printf '%s\\n' \"$event\" >&2;; fail*) exit 1;; esac";
    let exec = Package::new().executable("handler", workers::raw(exec));
    let shell = "handler() { case $1 in log*) printf '%s\\n' \"$1\" >&2;; fail*) exit 1;; esac; }";
    let shell = Package::new().file("f.sh", 0o644, shell);
    for (handler, package, error) in [
        ("worker:handler", worker, "Runtime.WorkerExited"),
        ("exec:handler", exec, "Function.ExitStatus"),
        ("f.handler", shell, "Runtime.WorkerExited"),
    ] {
        let mut function = Function::start(handler, package);
        for _ in 0..3 {
            let event = format!("log {}", SECRET.repeat(100));
            assert_eq!(function.invoke(event).text(), "");
            let message = function.invoke("fail").assert_error(error, &[]);
            assert!(!message.contains(SECRET), "{message}");
        }
    }
}
