//! `coldspark-local --serve`, through its Invoke endpoint.

mod common;
#[path = "common/local.rs"]
mod local;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use coldspark_emulator::api::MAX_EVENT;
use coldspark_emulator::under_test::wait_until;
use common::{LONG, answer, call, connect, get, post, send};
use local::{bootstrap, local};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const PATH: &str = "/2015-03-31/functions/any-name/invocations";

struct Served {
    child: Child,
    log: BufReader<ChildStderr>,
    address: String,
}

impl Served {
    fn start(handler: &str) -> Option<Served> {
        Served::start_with(handler, &[])
    }

    fn start_with(handler: &str, options: &[&str]) -> Option<Served> {
        let arguments = ["--serve", "--port", "0", "--handler", handler];
        let mut command = local(&bootstrap()?, &arguments);
        command.args(options);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut served = Served {
            child,
            log,
            address: String::new(),
        };
        // Alone on its line, for scripts.
        let rest = served.wait_for_line("http://");
        let (address, path) = rest.split_once('/').expect("a URL with a path");
        assert_eq!(path, "2015-03-31/functions/function/invocations");
        served.address = address.to_owned();
        Some(served)
    }

    /// Reads the log on to a line that begins so, and gives the rest of that line.
    fn wait_for_line(&mut self, start: &str) -> String {
        let mut line = String::new();
        while !line.starts_with(start) {
            line.clear();
            assert_ne!(self.log.read_line(&mut line).unwrap(), 0, "the log ended");
        }
        line[start.len()..].trim_end().to_owned()
    }

    /// Ends it and gives its exit status.
    fn end(mut self, signal: Signal) -> Option<i32> {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn events_are_answered_by_one_process() {
    let Some(served) = Served::start("") else {
        return;
    };
    let ask = |event: String| {
        let answer = call(&mut connect(&served.address), post(PATH, "", &event));
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("X-Amz-Executed-Version"), Some("$LATEST"));
        assert_eq!(answer.header("X-Amz-Function-Error"), None);
        serde_json::from_str::<Value>(&answer.body).unwrap()
    };
    let first = ask("0".to_owned());
    thread::scope(|scope| {
        for n in 1..6 {
            let (ask, first) = (&ask, &first);
            scope.spawn(move || {
                let answer = ask(n.to_string());
                assert_eq!(
                    (&answer["event"], &answer["pid"]),
                    (&n.into(), &first["pid"])
                );
            });
        }
    });
}

#[test]
fn what_is_no_invocation_is_refused() {
    let Some(mut served) = Served::start("context") else {
        return;
    };
    let mut client = connect(&served.address);
    let mut check = |request: String, status: u16, error_type: &str| {
        let answer = call(&mut client, request);
        assert_eq!(answer.status, status);
        assert_eq!(
            answer.header("X-Amzn-ErrorType").unwrap_or_default(),
            error_type
        );
    };
    let bad = "InvalidRequestContentException";
    check(post(PATH, "", "{"), 400, bad);
    check(post(PATH, "X-Amz-Client-Context: ???\r\n", "1"), 400, bad);
    let type_of = |name: &str| post(PATH, &format!("X-Amz-Invocation-Type: {name}\r\n"), "1");
    check(type_of("Later"), 400, "InvalidParameterValueException");
    check(type_of("DryRun"), 204, "");
    check(type_of("Event"), 202, "");
    check(get(PATH), 404, "ResourceNotFoundException");
    check(post("/", "", "1"), 404, "ResourceNotFoundException");
    let long = "1".repeat(MAX_EVENT + 1);
    check(post(PATH, "", &long), 413, "RequestTooLargeException");
    let context = post(PATH, "X-Amz-Client-Context: eyJhIjogMX0=\r\n", "");
    assert_eq!(call(&mut client, context).body, r#"{"a": 1}"#);
    // One of the Event, one of the last; then nothing is left to do.
    for _ in 0..2 {
        served.wait_for_line("REPORT ");
    }
    assert_eq!(served.end(Signal::TERM), Some(0));
}

#[test]
fn a_client_that_expects_to_be_invited_is() {
    let Some(served) = Served::start("") else {
        return;
    };
    let mut client = connect(&served.address);
    let head = format!("POST {PATH} HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    assert_eq!(call(&mut client, head).status, 100);
    send(&mut client, "7");
    assert!(answer(&mut client).body.contains("\"event\":7"));
}

#[test]
fn function_errors_are_marked() {
    for (handler, error_type) in [("error", "Mine"), ("exit-7", "Runtime.ExitError")] {
        let Some(served) = Served::start(handler) else {
            return;
        };
        for _ in 0..2 {
            let answer = call(&mut connect(&served.address), post(PATH, "", "{}"));
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("X-Amz-Function-Error"), Some("Unhandled"));
            let error: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(error["errorType"], error_type);
        }
    }
}

#[test]
fn a_signal_ends_the_function_too() {
    for signal in [Signal::INT, Signal::TERM] {
        let Some(mut served) = Served::start("hang") else {
            return;
        };
        let mut client = connect(&served.address);
        send(&mut client, post(PATH, "", "{}"));
        let child = served.wait_for_line("child ");
        assert_eq!(served.end(signal), Some(0));
        let limit = std::time::Instant::now() + common::LONG;
        let command = format!("/proc/{child}/cmdline");
        while std::fs::read(&command).is_ok_and(|line| !line.is_empty()) {
            assert!(std::time::Instant::now() < limit, "the child survived");
            thread::yield_now();
        }
    }
}

#[test]
fn with_freeze_all_stands_still_between_events() {
    let Some(served) = Served::start_with("", &["--freeze"]) else {
        return;
    };
    let ask = || {
        let answer = call(&mut connect(&served.address), post(PATH, "", "{}"));
        assert_eq!(answer.status, 200);
        let json: Value = serde_json::from_str(&answer.body).unwrap();
        json["pid"].as_u64().unwrap()
    };
    let pid = ask();
    for _ in 0..3 {
        // A signal needs a moment until it is taken.
        let limit = Instant::now() + LONG;
        let stat = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        while !stat().contains(") T ") {
            assert!(Instant::now() < limit, "{}", stat());
            thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(ask(), pid);
    }
}

#[test]
fn the_application_of_a_bootstrap_that_is_killed_from_outside_is_killed_too() {
    let Some(mut served) = Served::start("application") else {
        return;
    };
    let ask = |served: &Served| {
        let answer = call(&mut connect(&served.address), post(PATH, "", "1"));
        serde_json::from_str::<Value>(&answer.body).unwrap()["pid"].clone()
    };
    let bootstrap = ask(&served);
    let application = served.wait_for_line("child ");
    let state = || fs::read_to_string(format!("/proc/{application}/stat"));
    let lives = || state().is_ok_and(|stat| !stat.contains(") Z "));
    assert!(lives());
    let pid = bootstrap
        .as_i64()
        .and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
    kill_process(pid.unwrap(), Signal::KILL).unwrap();
    wait_until("killed", || !lives(), || state().unwrap_or_default());
    assert_ne!(ask(&served), bootstrap);
}
