//! Futures in handlers: connections that were closed meanwhile, and the deadline.

mod common;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use coldspark_emulator::script;
use common::{Function, Session, failure, function, wait_disconnected};

/// How long the server keeps a connection that nothing comes on.
const IDLE: Duration = Duration::from_secs(1);

/// A server that answers each byte with its number, and closes connections that are idle. It tells
/// of each that it has closed.
fn server() -> (String, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("its address").to_string();
    let (closed, closings) = channel();
    thread::spawn(move || {
        for (number, stream) in (1..).zip(listener.incoming()) {
            let (mut stream, closed) = (stream.expect("a connection"), closed.clone());
            thread::spawn(move || {
                stream.set_read_timeout(Some(IDLE)).expect("a limit");
                while let Ok(1) = stream.read(&mut [0]) {
                    stream.write_all(&[number]).expect("a client");
                }
                drop(stream);
                let _ = closed.send(());
            });
        }
    });
    (address, closings)
}

fn client(handler: &str, server: &str) -> Function {
    function("fixture-tokio")
        .handler(handler)
        .env("SERVER", server)
}

fn ask(session: &Session, events: usize) -> String {
    for step in script::exchange("again", "null") {
        session.api.push(step);
    }
    session.requests(2 * events + 1)[2 * events - 1].text()
}

#[test]
fn a_connection_that_closed_while_the_function_was_idle_is_noticed() {
    let (server, closings) = server();
    let session = client("ask", &server).start(script::exchange("first", "null"));
    assert_eq!(session.requests(3)[1].text(), "1");
    // At once it is the same.
    assert_eq!(ask(&session, 2), "1");
    closings.recv().expect("it closes what is idle");
    wait_disconnected(&server);
    assert_eq!(ask(&session, 3), "2");
    assert_eq!(session.stderr(), "");
}

#[test]
fn a_connection_that_closed_while_the_process_was_stopped_is_noticed() {
    let (server, closings) = server();
    let session = client("ask", &server).start(script::exchange("first", "null"));
    assert_eq!(session.requests(3)[1].text(), "1");
    session.process.signal("STOP");
    closings.recv().expect("it closes what is idle");
    wait_disconnected(&server);
    session.process.signal("CONT");
    assert_eq!(ask(&session, 2), "2");
    assert_eq!(session.stderr(), "");
}

/// What the two above would be without the yields: this is the trap.
#[test]
fn a_plain_block_on_does_not_notice_it() {
    let (server, closings) = server();
    let session = client("plain", &server).start(script::exchange("first", "null"));
    assert_eq!(session.requests(3)[1].text(), "1");
    closings.recv().expect("it closes what is idle");
    wait_disconnected(&server);
    for step in script::exchange("again", "null") {
        session.api.push(step);
    }
    failure(&session.requests(5)[3], "again");
}

#[test]
fn a_future_is_given_up_shortly_before_the_deadline() {
    let (server, _) = server();
    let late = script::event_within(Duration::from_millis(1500), "late", "3600");
    let session = client("wait", &server).start([late, script::status(202)]);
    let failure = failure(&session.requests(3)[1], "late");
    failure.assert_type("Function.Timeout");
    for step in script::exchange("short", "0") {
        session.api.push(step);
    }
    assert_eq!(session.requests(5)[3].text(), r#""waited""#);
}
