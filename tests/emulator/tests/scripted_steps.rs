//! What the steps of the scripted Runtime API do to a client.

mod common;

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use coldspark_emulator::script::{Call, Scripted, Step, event, raw, status};
use common::*;

#[test]
fn pieces_and_single_bytes_add_up() {
    let reply = event("a", "{}");
    let api = Scripted::start([
        Step::from(reply.clone()).dribble(),
        Step::from(reply.clone()).split_at(&[1, 5, 40, 9999]),
        raw("HTTP/1.1 200 Fine\nany bytes").into(),
    ]);
    let mut client = connect(&api.address());
    for _ in 0..2 {
        let mut bytes = vec![0; reply.to_bytes().len()];
        send(&mut client, get(NEXT));
        client.read_exact(&mut bytes).unwrap();
        assert_eq!(bytes, reply.to_bytes());
    }
    let mut bytes = [0; 27];
    send(&mut client, get(NEXT));
    client.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"HTTP/1.1 200 Fine\nany bytes");
}

#[test]
fn answers_stop_short_and_connections_close() {
    let api = Scripted::start([
        Step::from(status(202)).cut_at(12),
        Step::close_after_request(),
        Step::close_after_head(),
        Step::from(status(202)).then_close(),
    ]);
    let address = api.address();
    let ask = |request: &str| {
        let mut client = connect(&address);
        send(&mut client, request);
        read_all(&mut client)
    };
    assert_eq!(ask(&get(NEXT)), "HTTP/1.1 202");
    assert_eq!(ask(&post("/a", "", "whole")), "");
    assert_eq!(ask(&get(NEXT)), "");
    assert!(ask(&get(NEXT)).ends_with(r#"{"status":"OK"}"#));
    assert_eq!(api.requests()[1].text(), "whole");
    for connection in 1..=4 {
        api.wait_closed(connection, LONG);
    }
}

#[test]
fn an_unread_close_ends_new_and_kept_connections() {
    let api = Scripted::start([
        Step::close_unread(),
        event("a", "{}").into(),
        Step::close_unread(),
        event("b", "{}").into(),
    ]);
    assert_eq!(read_all(&mut connect(&api.address())), "");
    let mut kept = connect(&api.address());
    send(&mut kept, get(NEXT));
    assert!(read_all(&mut kept).contains("Aws-Request-Id: a\r\n"));
    assert_eq!(call(&mut connect(&api.address()), get(NEXT)).status, 200);
    assert_eq!(api.requests().len(), 2);
}

#[test]
fn a_reset_waits_for_the_reader() {
    let reply = event("a", "{}");
    let api = Scripted::start([Step::from(reply.clone()).once_read().then_reset()]);
    let mut client = connect(&api.address());
    send(&mut client, get(NEXT));
    // The reply is here; a reset that did not wait would be soon.
    client.peek(&mut [0]).unwrap();
    thread::sleep(Duration::from_millis(200));
    assert!(client.take_error().unwrap().is_none());
    let mut bytes = vec![0; reply.to_bytes().len()];
    client.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, reply.to_bytes());
    let error = client.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_reset_is_a_reset() {
    let api = Scripted::start([Step::reset(), Step::from(status(202)).then_reset()]);
    for _ in 0..2 {
        let mut client = connect(&api.address());
        send(&mut client, get(NEXT));
        let error = client.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
}

#[test]
fn early_answers_leave_a_usable_connection() {
    let api = Scripted::start([
        Step::from(status(413)).before_body(),
        status(202).into(),
        Step::from(status(413)).before_body().then_close(),
    ]);
    let mut client = connect(&api.address());
    let big = "x".repeat(7 << 20);
    let head = "POST /a HTTP/1.1\r\nContent-Length: 7340032\r\n\r\n";
    // The answer comes although not a byte of the body was sent.
    assert_eq!(call(&mut client, head).status, 413);
    send(&mut client, &big);
    assert_eq!(call(&mut client, post("/b", "", "b")).status, 202);
    send(&mut client, head);
    send(&mut client, &big);
    assert_eq!(answer(&mut client).status, 413);
    assert_eq!(read_all(&mut client), "");
    let requests = api.requests();
    assert_eq!(requests[0].fault.as_deref(), Some("the body was not read"));
    assert!(requests[1].is_complete());
}

#[test]
fn steps_can_wait_for_their_call() {
    let api = Scripted::start([
        Step::from(event("a", "1")).only(Call::Next),
        Step::from(event("b", "2")).only(Call::Next),
        Step::from(status(202)).only(Call::Response),
    ]);
    let (mut one, mut two) = (connect(&api.address()), connect(&api.address()));
    assert_eq!(
        call(&mut one, post(&response_path("z"), "", "")).status,
        202
    );
    assert_eq!(call(&mut two, get(NEXT)).body, "1");
    assert_eq!(call(&mut one, get(NEXT)).body, "2");
    assert_eq!(api.remaining(), 0);
}

#[test]
fn a_request_without_a_step_waits_for_one() {
    let api = Scripted::start([Step::park()]);
    let mut parked = connect(&api.address());
    send(&mut parked, get(NEXT));
    api.wait_for(1, LONG);
    let mut waiting = connect(&api.address());
    send(&mut waiting, get(NEXT));
    api.wait_for(2, LONG);
    api.push(event("late", "3"));
    assert_eq!(answer(&mut waiting).body, "3");
    // Parked for good, until the end of everything.
    let end = thread::spawn(move || read_all(&mut parked));
    drop(api);
    assert_eq!(end.join().unwrap(), "");
}

#[test]
fn an_answer_can_stall() {
    let api = Scripted::start([Step::from(event("a", "{}")).cut_at(20).then_park()]);
    let mut client = connect(&api.address());
    send(&mut client, get(NEXT));
    let mut bytes = [0; 20];
    client.read_exact(&mut bytes).unwrap();
    client.set_nonblocking(true).unwrap();
    let error = client.read(&mut bytes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
}

#[test]
fn the_listener_closes_and_comes_back() {
    let api = Scripted::start([
        Step::from(status(202)).closing_listener(),
        Step::from(status(202)).reopening_listener(),
        status(202).into(),
        status(202).into(),
    ]);
    let refused = || TcpStream::connect(api.address()).map_err(|e| e.kind());
    let mut kept = connect(&api.address());
    assert_eq!(call(&mut kept, get("/a")).status, 202);
    assert_eq!(refused().unwrap_err(), ErrorKind::ConnectionRefused);
    assert_eq!(call(&mut kept, get("/b")).status, 202);
    assert_eq!(call(&mut connect(&api.address()), get("/c")).status, 202);
    api.close_listener();
    assert_eq!(refused().unwrap_err(), ErrorKind::ConnectionRefused);
    api.reopen_listener().unwrap();
    assert_eq!(call(&mut connect(&api.address()), get("/d")).status, 202);
}
