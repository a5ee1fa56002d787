//! What Lambda, AWS's emulator and others do to a function that the plain emulator does not:
//! processes that are stopped and killed, deadlines that are over, events that come twice.

mod common;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use coldspark_emulator::api::PREFIX;
use coldspark_emulator::emulator::{Config, Invocation};
use coldspark_emulator::tree::Tree;
use coldspark_emulator::under_test;
use common::*;

/// A process that stands for a runtime, with a descendant in a session of its own.
struct Runtime {
    child: Child,
}

impl Runtime {
    fn start() -> Runtime {
        let script = "setsid sleep 1000 & wait";
        let mut command = Command::new("sh");
        let child = command.args(["-c", script]).stdin(Stdio::null()).spawn();
        let runtime = Runtime {
            child: child.expect("a shell"),
        };
        runtime.wait_until("started", |states| states.len() == 2);
        runtime
    }

    fn tree(&self) -> Tree {
        Tree::of(self.child.id())
    }

    /// The states of its processes, itself first, as /proc has them.
    fn states(&self) -> String {
        let own = self.child.id().to_string();
        let children = format!("/proc/{own}/task/{own}/children");
        let children = fs::read_to_string(children).unwrap_or_default();
        let pids = [own.as_str()]
            .into_iter()
            .chain(children.split_whitespace());
        let stats = pids.filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/stat")).ok());
        let states = stats.filter_map(|stat| stat.rsplit_once(") ")?.1.chars().next());
        states.collect()
    }

    #[track_caller]
    fn wait_until(&self, what: &str, holds: impl Fn(&str) -> bool) {
        under_test::wait_until(what, || holds(&self.states()), || self.states());
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.tree().kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_init_error_is_confirmed_to_a_process_that_is_dead() {
    for path in ["init/error", "restore/error"] {
        let (emulator, mut client) = start();
        let mut runtime = Runtime::start();
        emulator.attach(runtime.tree());
        let posted = post(&format!("{PREFIX}{path}"), "", "{}");
        assert_eq!(call(&mut client, posted).status, 202);
        let status = runtime.child.wait().unwrap();
        assert_eq!(status.signal(), Some(9));
    }
}

#[test]
fn an_init_error_that_was_quicker_than_the_attachment_kills_too() {
    let (emulator, mut client) = start();
    let mut runtime = Runtime::start();
    let posted = post(&format!("{PREFIX}init/error"), "", "{}");
    assert_eq!(call(&mut client, posted).status, 202);
    emulator.attach(runtime.tree());
    assert_eq!(runtime.child.wait().unwrap().signal(), Some(9));
}

#[test]
fn all_processes_stand_still_between_an_answer_and_the_next_event() {
    let (emulator, mut client) = start_with(Config {
        freeze: true,
        ..Config::default()
    });
    let runtime = Runtime::start();
    emulator.attach(runtime.tree());
    for id in ["r-1", "r-2"] {
        let ticket = emulator.submit(named(id));
        runtime.wait_until("going on", |states| states == "SS");
        assert!(!emulator.is_frozen());
        call(&mut client, get(NEXT));
        let path = if id == "r-1" {
            response_path(id)
        } else {
            error_path(id)
        };
        assert_eq!(call(&mut client, post(&path, "", "1")).status, 202);
        assert!(emulator.is_frozen());
        runtime.wait_until("stopped", |states| states == "TT");
        let _ = ticket.wait();
    }
    emulator.thaw();
    runtime.wait_until("going on", |states| states == "SS");
}

#[test]
fn nothing_stands_still_while_another_event_waits_or_several_are_in_hand() {
    for concurrency in [1, 2] {
        let (emulator, mut client) = start_with(Config {
            freeze: true,
            concurrency,
            ..Config::default()
        });
        let runtime = Runtime::start();
        emulator.attach(runtime.tree());
        let _tickets = [emulator.submit(named("r-1")), emulator.submit(named("r-2"))];
        for _ in 0..concurrency {
            call(&mut client, get(NEXT));
        }
        for id in ["r-1", "r-2"].iter().take(concurrency) {
            let answer = post(&response_path(id), "", "1");
            assert_eq!(call(&mut client, answer).status, 202);
            assert!(!emulator.is_frozen());
        }
    }
}

#[test]
fn the_head_may_name_a_deadline_that_is_over() {
    let long_past = SystemTime::UNIX_EPOCH + Duration::from_millis(86_400_000);
    for (deadline, told) in [(SystemTime::UNIX_EPOCH, "0"), (long_past, "86400000")] {
        let (emulator, mut client) = start();
        let ticket = emulator.submit(Invocation {
            false_deadline: Some(deadline),
            ..named("r")
        });
        let next = call(&mut client, get(NEXT));
        assert_eq!(next.header("Lambda-Runtime-Deadline-Ms"), Some(told));
        let answer = post(&response_path("r"), "", "1");
        assert_eq!(call(&mut client, answer).status, 202);
        assert!(!ticket.wait().outcome.is_error());
    }
}

#[test]
fn an_event_comes_twice_to_one_poller_and_the_second_answer_is_refused() {
    let (emulator, mut client) = start();
    let ticket = emulator.submit(Invocation {
        hand_outs: 2,
        ..named("r")
    });
    let mut nonces = Vec::new();
    for status in [202, 403] {
        let next = call(&mut client, get(NEXT));
        assert_eq!(next.header("Lambda-Runtime-Aws-Request-Id"), Some("r"));
        nonces.push(
            next.header("Lambda-Runtime-Invocation-Id")
                .unwrap()
                .to_owned(),
        );
        let answer = post(&response_path("r"), "", "1");
        assert_eq!(call(&mut client, answer).status, status);
    }
    assert_eq!(nonces[0], nonces[1]);
    assert!(!ticket.wait().outcome.is_error());
    // And not a third time.
    let _ticket = emulator.submit(named("s"));
    let next = call(&mut client, get(NEXT));
    assert_eq!(next.header("Lambda-Runtime-Aws-Request-Id"), Some("s"));
}

#[test]
fn an_event_comes_to_two_pollers_at_once() {
    let (emulator, mut client) = start_with(Config {
        concurrency: 2,
        ..Config::default()
    });
    let mut other = connect(&emulator.address());
    let ticket = emulator.submit(Invocation {
        hand_outs: 2,
        ..named("r")
    });
    for client in [&mut client, &mut other] {
        let next = call(client, get(NEXT));
        assert_eq!(next.header("Lambda-Runtime-Aws-Request-Id"), Some("r"));
    }
    for (client, status) in [(&mut other, 202), (&mut client, 403)] {
        let answer = post(&response_path("r"), "", "1");
        assert_eq!(call(client, answer).status, status);
    }
    assert!(!ticket.wait().outcome.is_error());
}
