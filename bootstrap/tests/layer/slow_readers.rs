//! A caller that reads a streamed response late, or never, holds nothing beyond the deadline.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::common::function::{command, limit};
use crate::common::{Package, workers};

/// A Runtime API that hands out one event, and then does what it should not.
struct Api {
    listener: TcpListener,
    polls: TcpStream,
    child: Child,
    package: Package,
}

impl Api {
    fn start(handler: &str, package: Package) -> Self {
        Self::start_env(handler, package, &[])
    }

    fn start_env(handler: &str, package: Package, variables: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let mut command = command(handler, &package, &address);
        command.envs(variables.iter().copied());
        let child = command.spawn();
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

    /// Hands out an event with so many milliseconds to go; gives the connection of its streamed
    /// response.
    fn hand_out(&mut self, left: u128) -> TcpStream {
        self.asked();
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let deadline = now.expect("a clock").as_millis() + left;
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
        let stream = api.hand_out(1000);
        api.asked();
        let log = api.log();
        assert!(log.contains("was not read before the deadline"), "{log}");
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
        let mut stream = api.hand_out(1000);
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

/// What is sent with the answer may take until the deadline itself: an event is given up before that,
/// four seconds after it came here, and then this reader begins.
#[test]
fn a_response_that_is_whole_may_be_read_until_the_deadline_itself() {
    let worker = workers::perl(
        r#"put("x" x 30000000); say_line("chunk $number 1000"); say_line("response $number");"#,
    );
    let variables = [("COLDSPARK_DEADLINE_MARGIN_MS", "56000")];
    let package = Package::new().executable("handler", worker);
    let mut api = Api::start_env("worker:handler", package, &variables);
    let mut stream = api.hand_out(60_000);
    thread::sleep(Duration::from_millis(4500));
    stream.set_read_timeout(Some(limit())).expect("a limit");
    let mut all = Vec::new();
    let mut piece = vec![0; 1 << 20];
    while !all.ends_with(b"\r\n0\r\n\r\n") {
        let got = stream.read(&mut piece).expect("more of the response");
        let end = String::from_utf8_lossy(&all[all.len().saturating_sub(300)..]);
        assert!(got > 0, "cut behind {} bytes: {end}", all.len());
        all.extend_from_slice(&piece[..got]);
    }
    assert!(all.len() > 30_000_000, "{} bytes", all.len());
    let answer = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(answer.as_bytes()).expect("it is sent");
    api.asked();
}
