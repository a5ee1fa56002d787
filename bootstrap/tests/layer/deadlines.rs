//! Nothing that a process or a reader does keeps the bootstrap beyond the deadline of the event.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::{self, Step};

use crate::common::function::{command, limit, urgent};
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
fn who_writes_on_behind_an_executable_does_not_hold_its_stream() {
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

/// A Runtime API that hands out one event with a second to go, and then does what it should not.
struct Api {
    listener: TcpListener,
    polls: TcpStream,
    child: Child,
    package: Package,
}

impl Api {
    fn start(handler: &str, package: Package) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let child = command(handler, &package, &address).spawn();
        let (polls, _) = listener.accept().expect("the first connection");
        Self {
            listener,
            polls,
            child: child.expect("the bootstrap starts"),
            package,
        }
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.package.log()).expect("the log")).into_owned()
    }

    /// Hands out an event; gives the connection of its streamed response.
    fn hand_out(&mut self) -> TcpStream {
        self.asked();
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let deadline = now.expect("a clock").as_millis() + 1000;
        let head = format!(
            "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\n\
             Lambda-Runtime-Deadline-Ms: {deadline}\r\nContent-Length: 1\r\n\r\n1"
        );
        self.polls.write_all(head.as_bytes()).expect("it is sent");
        self.listener.accept().expect("that of the stream").0
    }

    /// The next event is asked for.
    #[track_caller]
    fn asked(&mut self) {
        self.polls.set_read_timeout(Some(limit())).expect("a limit");
        let mut lines = BufReader::new(&self.polls).lines();
        let first = lines.next().expect("a request");
        let first = first.unwrap_or_else(|error| panic!("{error}; {}", self.log()));
        assert!(first.starts_with("GET "), "{first}");
        while lines
            .next()
            .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
        {}
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn streaming() -> [(&'static str, Package); 4] {
    let worker = |body: &str| Package::new().executable("handler", workers::perl(body));
    let exec = |body: &str| Package::new().executable("handler", workers::raw(body));
    [
        (
            "worker:handler",
            worker(r#"while (1) { put("x" x 10000); say_line("chunk $number 10000"); }"#),
        ),
        (
            "worker:handler",
            worker(
                r#"put("x" x 30000000); say_line("chunk $number 1000"); say_line("response $number");"#,
            ),
        ),
        ("stream:handler", exec("exec yes")),
        ("stream:handler", exec("yes & sleep 0.1")),
    ]
}

#[test]
fn a_reader_that_does_not_read_does_not_hold_the_next_event() {
    for (handler, package) in streaming() {
        let mut api = Api::start(handler, package);
        let stream = api.hand_out();
        api.asked();
        let log = api.log();
        assert!(log.contains("until the deadline"), "{log}");
        drop(stream);
    }
}

#[test]
fn a_reader_that_never_says_that_it_has_read_does_not_hold_the_next_event() {
    for handler in ["stream:handler", "worker:handler"] {
        let package = match handler {
            "stream:handler" => Package::new().executable("handler", workers::raw("printf x")),
            _ => Package::new().executable(
                "handler",
                workers::perl(
                    r#"put("x"); say_line("chunk $number 1"); say_line("response $number");"#,
                ),
            ),
        };
        let mut api = Api::start(handler, package);
        let mut stream = api.hand_out();
        let reader = thread::spawn(move || {
            let mut all = Vec::new();
            let _ = stream.read_to_end(&mut all);
            String::from_utf8_lossy(&all).into_owned()
        });
        api.asked();
        // The response was whole.
        let posted = reader.join().expect("a text");
        assert!(posted.ends_with("\r\n0\r\n\r\n"), "{posted}");
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

#[test]
#[allow(unsafe_code)]
fn a_worker_that_cannot_be_reaped_is_left_and_reaped_later() {
    let mut function = workers::failing("sleep 1000");
    let worker: u32 = function.invoke("good").text().parse().expect("a pid");
    // Who traces a process learns of its end before its parent, which waits for that.
    // SAFETY: ptrace(2) with PTRACE_SEIZE takes integers and touches no memory.
    if unsafe { libc::ptrace(libc::PTRACE_SEIZE, worker, 0, 0) } != 0 {
        eprintln!("skipped: {}", std::io::Error::last_os_error());
        return;
    }
    let error = function.invoke_event(urgent("bad", "bad", 2000));
    error.assert_error(TIMEOUT, &[]);
    function.invoke("good").text();
    assert_eq!(process::zombies(function.pid()), [worker]);
    let mut status = 0;
    // SAFETY: the pointer is to a live, exclusively borrowed integer.
    unsafe { libc::waitpid(worker as i32, &raw mut status, libc::__WALL) };
    // When the next process is started, it is gone.
    let error = function.invoke_event(urgent("bad", "bad", 2000));
    error.assert_error(TIMEOUT, &[]);
    assert!(process::zombies(function.pid()).is_empty());
}

/// An event whose deadline is this number, whatever that means.
fn dated(id: &str, body: &str, deadline: &str) -> Reply {
    let event = script::event(id, body).without_header("Lambda-Runtime-Deadline-Ms");
    event.header("Lambda-Runtime-Deadline-Ms", deadline)
}

#[test]
fn a_deadline_that_is_long_past_is_none_and_warned_of_once() {
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
        // One that has just passed is one.
        let error = function.invoke_event(urgent("late", "{}", 0));
        error.assert_error(TIMEOUT, &["within 0 ms"]);
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
