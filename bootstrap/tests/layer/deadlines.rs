//! Nothing that a process or a reader does keeps the bootstrap beyond the deadline of the event.

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::{self, Step};

use crate::common::function::urgent;
use crate::common::{Function, Package, process, workers};

const TIMEOUT: &str = "Runtime.HandlerTimeout";

fn perl(body: &str) -> Function {
    let script = workers::perl(body);
    Function::start(
        "worker:handler",
        Package::new().executable("handler", script),
    )
}

#[test]
fn a_flood_of_empty_chunks_is_ended() {
    let mut function = workers::failing("yes chunk $number 0 >&4");
    function.invoke("good").text();
    let error = function.invoke_event(urgent("flood", "bad", 2000));
    error.assert_error(TIMEOUT, &["killed"]);
    function.invoke("good").text();
}

#[test]
fn a_flood_of_chunks_that_are_read_is_ended() {
    let mut function = perl(
        r#"if ($event eq "flood") {
            while (1) {
                put("x" x 1000); say_line("chunk $number 1000");
                select(undef, undef, undef, 0.001);
            }
        }
        put("fine"); say_line("response $number");"#,
    );
    function.send(urgent("flood", "flood", 2000));
    let request = function.posted();
    let expected = ("Lambda-Runtime-Function-Error-Type", TIMEOUT);
    let mut trailers = request.trailers.iter();
    assert!(
        trailers.any(|(name, value)| (&**name, &**value) == expected),
        "{:?}; {}",
        request.trailers,
        function.log()
    );
    assert_eq!(function.invoke("{}").text(), "fine");
}

#[test]
fn a_process_that_writes_on_behind_an_executable_does_not_hold_its_stream() {
    // In its group, and in one of its own, where nobody kills it.
    for left in [
        "for n in 1 2 3; do yes & done",
        "setsid bash -c 'echo $$ >pid; yes & yes & exec yes' &",
    ] {
        let script =
            format!("[ \"$(cat)\" != go ] || {{ {left}\nread -r -t 0.3 <> <(:); }}\nprintf done\n");
        let package = Package::new().executable("handler", workers::raw(&script));
        let mut function = Function::start("stream:handler", package);
        function.send(script::event("streams", "go"));
        let request = function.posted();
        assert!(request.path.ends_with("/response"), "{request:?}");
        function.send(script::event("next", "{}"));
        assert_eq!(function.posted().text(), "done");
        if let Ok(pid) = std::fs::read_to_string(function.package.task().join("pid")) {
            let group: i32 = pid.trim().parse().expect("a pid");
            process::signal(-group, libc::SIGKILL);
        }
    }
}

#[test]
fn a_worker_that_has_left_its_group_is_killed() {
    // It joins that of a child of its own.
    let mut function = perl(
        r#"if ($event eq "leave") {
            my $child = fork;
            if (!$child) { setpgrp(0, 0); sleep 1000; POSIX::_exit(0) }
            select(undef, undef, undef, 0.01) until getpgrp($child) == $child;
            setpgrp(0, $child);
            put("$$ $child"); say_line("response $number"); next;
        }
        if ($event eq "hang") { sleep 1000 }
        if ($event eq "crash") { POSIX::_exit(3) }
        put("$$"); say_line("response $number");"#,
    );
    for last in ["hang", "crash"] {
        let ids = function.invoke("leave").text();
        let ids: Vec<u32> = ids
            .split(' ')
            .map(|id| id.parse().expect("a pid"))
            .collect();
        let error = function.invoke_event(urgent(last, last, 2000));
        match last {
            "hang" => drop(error.assert_error(TIMEOUT, &["killed"])),
            _ => drop(error.assert_error("Runtime.WorkerExited", &["status: 3"])),
        }
        function.wait_until("killed", |_| !process::is_running(ids[0]));
        assert_ne!(function.invoke("{}").text(), ids[0].to_string());
        // Its child has never been in the worker's group.
        process::signal(ids[1] as i32, libc::SIGKILL);
    }
    let ids = function.invoke("leave").text();
    function.wait_idle();
    process::signal(function.pid() as i32, libc::SIGTERM);
    assert_eq!(function.status().code(), Some(0));
    let mut ids = ids.split(' ').map(|id| id.parse().expect("a pid"));
    let worker = ids.next().expect("the worker's");
    function.wait_until("killed", |_| !process::is_running(worker));
    process::signal(ids.next().expect("the child's") as i32, libc::SIGKILL);
}

/// Traces a process from now on. At its end the kernel tells the tracer first, and the parent when the tracer has
/// waited for it.
#[allow(unsafe_code)]
fn trace(process: u32) -> bool {
    // SAFETY: ptrace(2) with PTRACE_SEIZE takes integers and touches no memory.
    let seized = unsafe { libc::ptrace(libc::PTRACE_SEIZE, process, 0, 0) } == 0;
    if !seized {
        let error = std::io::Error::last_os_error();
        coldspark_emulator::skipped(&format!("this machine lets no process be traced: {error}"));
    }
    seized
}

/// Waits for the end of a process that is traced; from then on its parent can reap it.
#[allow(unsafe_code)]
fn wait_as_tracer(process: u32) {
    let mut status = 0;
    // SAFETY: the pointer is to a live, exclusively borrowed integer.
    unsafe { libc::waitpid(process as i32, &raw mut status, libc::__WALL) };
}

#[test]
fn a_worker_that_cannot_be_reaped_is_left_and_reaped_later() {
    let mut function = workers::failing("sleep 1000");
    let worker: u32 = function.invoke("good").text().parse().expect("a pid");
    if !trace(worker) {
        return;
    }
    let error = function.invoke_event(urgent("bad", "bad", 2000));
    error.assert_error(TIMEOUT, &[]);
    function.invoke("good").text();
    assert_eq!(process::zombies(function.pid()), [worker]);
    wait_as_tracer(worker);
    // When the next process is started, it is gone.
    let error = function.invoke_event(urgent("bad", "bad", 2000));
    error.assert_error(TIMEOUT, &[]);
    assert!(process::zombies(function.pid()).is_empty());
}

/// The bootstrap waits for the status half a second.
#[test]
fn a_worker_that_is_reaped_late_still_has_its_status_in_the_error() {
    let mut function = workers::failing("exit 3");
    for _ in 0..20 {
        let worker: u32 = function.invoke("good").text().parse().expect("a pid");
        if !trace(worker) {
            return;
        }
        let begun = Instant::now();
        function.send(script::event("bad", "bad"));
        function.wait_until("ended", |function| {
            process::zombies(function.pid()) == [worker]
        });
        thread::sleep(Duration::from_millis(50));
        wait_as_tracer(worker);
        let in_time = begun.elapsed() < Duration::from_millis(400);
        let error = function.receive();
        // Otherwise the machine was too busy for this to say anything.
        if in_time {
            error.assert_error("Runtime.WorkerExited", &["exit status: 3"]);
            return;
        }
    }
    coldspark_emulator::skipped("this machine is too busy to reap a worker within half a second");
}

/// An event whose deadline is this number, whatever that means.
fn dated(id: &str, body: &str, deadline: &str) -> Reply {
    let event = script::event(id, body).without_header("Lambda-Runtime-Deadline-Ms");
    event.header("Lambda-Runtime-Deadline-Ms", deadline)
}

fn milliseconds(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).expect("a clock");
    since.as_millis().to_string()
}

#[test]
fn a_deadline_that_is_long_past_does_not_count_and_is_warned_of_once() {
    let context = "printf '<%s>' \"$COLDSPARK_DEADLINE_MS\"";
    let worker = workers::answering(&format!(
        "mapfile -t -u 7 context; export \"${{context[@]}}\"; {context} >&6"
    ));
    for (handler, package) in [
        (
            "worker:handler",
            Package::new().executable("handler", worker),
        ),
        (
            "exec:handler",
            Package::new().executable("handler", workers::raw(context)),
        ),
        (
            "f.handler",
            Package::new().file("f.sh", 0o644, format!("handler() {{ {context}; }}")),
        ),
    ] {
        let mut function = Function::start(handler, package);
        for (number, deadline) in ["5000", "0", "1700000000000"].into_iter().enumerate() {
            let answer = function.invoke_event(dated(&number.to_string(), "{}", deadline));
            assert_eq!(answer.text(), "<>", "{handler}");
        }
        let log = function.log();
        let warning = "Lambda-Runtime-Deadline-Ms: 5000";
        assert!(log.contains(warning), "{log}");
        assert_eq!(
            log.matches("Lambda-Runtime-Deadline-Ms").count(),
            1,
            "{log}"
        );
        // One that has just passed is one, and one that passed in the last quarter of an hour.
        let error = function.invoke_event(urgent("late", "{}", 0));
        error.assert_error(TIMEOUT, &["within 0 ms", ", which left no time to "]);
        let minutes = |half: u64| SystemTime::now() - Duration::from_secs(30 * half);
        let error = function.invoke_event(dated("in", "{}", &milliseconds(minutes(29))));
        error.assert_error(TIMEOUT, &["within 0 ms"]);
        let answer = function.invoke_event(dated("out", "{}", &milliseconds(minutes(31))));
        assert_eq!(answer.text(), "<>", "{handler}");
    }
}

#[test]
fn an_event_behind_sigterm_has_no_answer_or_one_that_says_that_it_may_be_tried_again() {
    // Whoever does not end by itself gives the event time to come.
    let stubborn = "trap '' TERM\n".to_owned()
        + &workers::answering(":")["#!/bin/bash\n".len()..]
        + "until [ -e over ]; do sleep 0.01; done\n";
    let exec = workers::raw("trap '' TERM; : >held; until [ -e over ]; do sleep 0.01; done");
    let shell = "trap '' TERM\ntrap 'until [ -e over ]; do sleep 0.01; done' EXIT\nf() { :; }";
    for (handler, package) in [
        (
            "worker:handler",
            Package::new().executable("handler", workers::raw(&stubborn)),
        ),
        ("exec:handler", Package::new().executable("handler", exec)),
        ("f.f", Package::new().file("f.sh", 0o644, shell)),
    ] {
        let mut function = Function::start(handler, package);
        function.wait_idle();
        process::signal(function.pid() as i32, libc::SIGTERM);
        // It has begun to end when it cannot be told again.
        thread::sleep(Duration::from_millis(20));
        function.api.push(script::event("late", "{}"));
        function.api.push(Step::from(script::status(202)));
        assert_eq!(function.status().code(), Some(0), "{}", function.log());
        let requests = function.api.requests();
        let posts: Vec<_> = requests.iter().filter(|r| r.method == "POST").collect();
        assert!(posts.len() <= 1, "{posts:?}");
        for post in posts {
            let text = post.text();
            assert!(text.contains("may be tried again"), "{handler}: {text}");
        }
    }
}
