//! Whatever becomes of a worker: its event gets an error, the next event an answer.

use crate::common::{Function, Package, event, process, workers};

const EXITED: &str = "Runtime.WorkerExited";

/// The error of the event `bad`, between events that are answered by two workers.
#[track_caller]
fn crashed(body: &str, texts: &[&str]) {
    let (function, second) = workers::replaced(body, EXITED, texts);
    assert_eq!(function.worker().to_string(), second);
    assert!(process::zombies(function.pid()).is_empty());
}

#[test]
fn a_worker_that_exits_instead_of_answering_is_replaced() {
    let texts = [
        "/task/handler ended instead of answering",
        "status: 3",
        "stderr:\noh no",
    ];
    crashed("echo oh no >&2; exit 3", &texts);
    crashed("exit 0", &["status: 0"]);
}

#[test]
fn a_worker_that_is_killed_instead_of_answering_is_replaced() {
    crashed("kill -KILL $$", &["signal: 9 (SIGKILL)", "memory runs out"]);
    crashed("kill -ABRT $$", &["SIGABRT"]);
    crashed("kill -TERM $$", &["SIGTERM"]);
}

#[test]
fn a_worker_that_crashes_while_a_grandchild_holds_its_pipes_is_replaced() {
    crashed("sleep 1000 & exit 5", &["status: 5"]);
    let mut function = workers::failing("sleep 1000 & echo $! >pid; exit 5");
    function.invoke("bad").assert_error(EXITED, &[]);
    let pid = std::fs::read_to_string(function.package.task().join("pid")).unwrap();
    let sleeper = pid.trim().parse().unwrap();
    function.wait_until("killed", |_| !process::is_running(sleeper));
}

#[test]
fn a_worker_that_crashes_while_one_that_left_its_group_holds_its_pipes_is_replaced() {
    let mut function = workers::failing(
        "setsid bash -c 'echo $$ >pid; exec sleep 1000' & until [ -s pid ]; do sleep 0.01; done; exit 5",
    );
    function.invoke("bad").assert_error(EXITED, &["status: 5"]);
    function.invoke("good").text();
    let pid = std::fs::read_to_string(function.package.task().join("pid")).unwrap();
    let sleeper = pid.trim().parse().unwrap();
    assert!(process::is_running(sleeper as u32));
    process::signal(sleeper, libc::SIGKILL);
}

#[test]
fn the_beginning_and_the_end_of_standard_error_are_in_the_error() {
    let mut function = workers::failing("seq 1 100000 >&2; exit 1");
    let message = function.invoke("bad").assert_error(
        EXITED,
        &["its stderr:\n1\n2\n", "\n... ", "99991\n", "100000"],
    );
    assert!(!message.contains("50000"), "{message}");
}

#[test]
fn a_worker_that_ends_between_events_is_replaced_without_an_error() {
    let script = workers::raw(
        "echo ready >&4\nread -r _ number <&3\nprintf $$ >&6; echo \"response $number\" >&4; exit 6",
    );
    let package = Package::new().executable("handler", script);
    let mut function = Function::start("worker:handler", package);
    let mut seen = Vec::new();
    for _ in 0..5 {
        let pid = function.invoke("{}").text();
        let worker = pid.parse().unwrap();
        function.wait_idle();
        function.wait_until("ended", |_| !process::is_running(worker));
        assert!(!seen.contains(&pid));
        seen.push(pid);
    }
    let log = function.log();
    assert!(
        log.contains("ended between events: exit status: 6; a new one is started"),
        "{log}"
    );
}

#[test]
fn a_worker_that_is_killed_between_events_is_replaced_without_an_error() {
    let mut function = workers::failing(":");
    for _ in 0..5 {
        let worker = function.invoke("good").text().parse().unwrap();
        function.wait_idle();
        process::signal(worker, libc::SIGKILL);
        function.wait_until("ended", |_| !process::is_running(worker as u32));
    }
    assert!(function.log().contains("SIGKILL"));
}

#[test]
fn a_new_worker_that_fails_its_init_is_an_error_of_the_event_and_the_next_one_is_tried() {
    // The second and third worker fail.
    let script = workers::raw(
        "echo x >>starts; n=$(wc -l <starts)\n\
         [ $n != 2 ] || { printf 'no luck' >&6; echo 'init-error Function.NoLuck' >&4; exit; }\n\
         [ $n != 3 ] || exit 8\necho ready >&4\n\
         while read -r _ number <&3; do [ $n != 1 ] || exit 1; echo \"response $number\" >&4; done",
    );
    let package = Package::new().executable("handler", script);
    let mut function = Function::start("worker:handler", package);
    function
        .invoke("{}")
        .assert_error(EXITED, &["instead of answering", "status: 1"]);
    assert_eq!(
        function.invoke("{}").assert_error("Function.NoLuck", &[]),
        "no luck"
    );
    function
        .invoke("{}")
        .assert_error(EXITED, &["before it was ready", "status: 8"]);
    function.invoke("{}").text();
    let starts = std::fs::read_to_string(function.package.task().join("starts")).unwrap();
    assert_eq!(starts.lines().count(), 4);
}

#[test]
fn a_worker_whose_file_is_gone_is_an_error_of_each_event_until_it_is_back() {
    let mut function = workers::failing("kill -KILL $$");
    function.invoke("good").text();
    let file = function.package.task().join("handler");
    let away = function.package.task().join("away");
    std::fs::rename(&file, &away).unwrap();
    function.invoke("bad").assert_error(EXITED, &[]);
    assert!(
        function.log().contains("no new worker"),
        "{}",
        function.log()
    );
    for _ in 0..2 {
        let error = function.invoke("good");
        error.assert_error("Runtime.InvalidHandler", &["cannot be looked at"]);
    }
    std::fs::rename(&away, &file).unwrap();
    function.invoke("good").text();
}

#[test]
fn two_hundred_crashes_leave_no_descriptor_and_no_process() {
    let mut function = workers::failing("kill -KILL $$");
    let crash = |function: &mut Function| {
        function.invoke("bad").assert_error(EXITED, &["SIGKILL"]);
    };
    crash(&mut function);
    function.wait_idle();
    let before = process::descriptors(function.pid());
    for _ in 0..200 {
        crash(&mut function);
    }
    function.wait_idle();
    let after = process::descriptors(function.pid());
    assert_eq!(before.len(), after.len(), "{before:?}\n{after:?}");
    assert_eq!(process::children(function.pid()).len(), 1);
    assert!(process::zombies(function.pid()).is_empty());
}

#[test]
fn two_hundred_events_leave_no_descriptor() {
    for (handler, script) in [
        ("worker:a", workers::answering("")),
        ("exec:a", workers::raw("cat")),
        ("shell:a.handler", "handler() { cat; }".to_owned()),
    ] {
        let name = if handler.starts_with("shell") {
            "a.sh"
        } else {
            "a"
        };
        let mut function = Function::start(handler, Package::new().executable(name, script));
        function.invoke("{}").response();
        function.wait_idle();
        let before = process::descriptors(function.pid());
        for _ in 0..200 {
            function.invoke("{}").response();
        }
        function.wait_idle();
        let after = process::descriptors(function.pid());
        assert_eq!(
            before.len(),
            after.len(),
            "{handler}: {before:?}\n{after:?}"
        );
        assert!(process::zombies(function.pid()).is_empty());
    }
}

#[test]
fn a_worker_ends_when_its_bootstrap_does() {
    let mut function = workers::failing(":");
    let worker = function
        .invoke_event(event("id", "good"))
        .text()
        .parse()
        .unwrap();
    process::signal(function.pid() as i32, libc::SIGKILL);
    function.wait_until("ended", |_| !process::is_running(worker));
}
