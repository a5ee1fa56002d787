//! What the scripted Runtime API records.

mod common;

use std::net::{Ipv6Addr, Shutdown};

use coldspark_emulator::script::{Call, Scripted, event, exchange, status};
use common::*;

#[test]
fn requests_are_recorded_in_order_and_verbatim() {
    let api = Scripted::start(exchange("a", "{}"));
    let mut client = connect(&api.address());
    let next = call(&mut client, get(NEXT));
    assert_eq!((next.status, next.body.as_str()), (200, "{}"));
    assert_eq!(next.header("lambda-runtime-aws-request-id"), Some("a"));
    assert_eq!(next.header("lambda-runtime-invocation-id"), Some("nonce-a"));
    let posted = post(&response_path("a"), "x-ODD: 1\r\nX-odd:  2 \r\n", "true");
    let done = call(&mut client, &posted);
    assert_eq!(
        (done.status, done.body.as_str()),
        (202, r#"{"status":"OK"}"#)
    );

    let requests = api.wait_for(2, LONG);
    let calls: Vec<_> = requests.iter().map(|r| r.call()).collect();
    assert_eq!(calls, [Call::Next, Call::Response]);
    let response = &requests[1];
    assert_eq!(response.connection, 1);
    assert_eq!(response.request_id(), Some("a"));
    assert_eq!(response.headers[1], ("x-ODD".into(), "1".into()));
    assert_eq!(response.headers[2], ("X-odd".into(), "2".into()));
    assert_eq!(response.text(), "true");
    assert!(posted.as_bytes().starts_with(&response.head));
    assert!(response.is_complete());
}

#[test]
fn chunks_and_trailers_are_recorded() {
    let api = Scripted::start([status(202)]);
    let mut client = connect(&api.address());
    let path = response_path("a");
    let head = format!("POST {path} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    let body =
        "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nError-Type: Bad\r\nError-Body: e30=\r\n\r\n";
    // Byte by byte, so that every buffer boundary is met.
    for byte in format!("{head}{body}").bytes() {
        send(&mut client, [byte]);
    }
    assert_eq!(answer(&mut client).status, 202);
    let request = &api.requests()[0];
    assert_eq!(request.text(), "abc0123456789");
    assert_eq!(request.chunks, [3, 10]);
    assert_eq!(request.trailer("error-type"), Some("Bad"));
    assert_eq!(request.trailers[1], ("Error-Body".into(), "e30=".into()));
    assert!(request.is_complete());
}

#[test]
fn a_body_that_ends_early_is_marked() {
    let api = Scripted::start([status(202)]);
    let chunked = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab";
    let counted = "POST /b HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc";
    for (n, (request, place)) in [
        (chunked, "after 2 of 5 bytes of a chunk"),
        (counted, "after 3 of 9 body bytes"),
        ("GET /c HTT", "after 10 bytes of a head"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut client = connect(&api.address());
        send(&mut client, request);
        client.shutdown(Shutdown::Write).unwrap();
        let requests = api.wait_for(n + 1, LONG);
        assert!(!requests[n].is_complete());
        let fault = requests[n].fault.clone().unwrap();
        assert!(fault.ends_with(place), "{fault}");
    }
}

#[test]
fn malformed_requests_are_recorded_and_closed_on() {
    let api = Scripted::start([status(202)]);
    let mut client = connect(&api.address());
    send(&mut client, "GET / HTTP/1.1\nHost: x\n\n");
    assert_eq!(read_all(&mut client), "");
    let requests = api.wait_for(1, LONG);
    assert!(
        requests[0]
            .fault
            .as_deref()
            .unwrap()
            .contains("LF without CR")
    );
    assert_eq!(requests[0].head, b"GET / HTTP/1.1\nHost: x\n\n");

    let mut client = connect(&api.address());
    let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    send(&mut client, format!("{head}2\r\nabc\r\n0\r\n\r\n"));
    assert_eq!(answer(&mut client).status, 202);
    assert_eq!(read_all(&mut client), "");
    let fault = api.requests()[1].fault.clone().unwrap();
    assert!(fault.contains("chunk 1 is longer"), "{fault}");
}

#[test]
fn big_bodies_and_heads_pass() {
    let api = Scripted::start([status(202), status(202), status(202)]);
    let mut client = connect(&api.address());
    let body = "x".repeat(7 << 20);
    assert_eq!(call(&mut client, post("/a", "", &body)).status, 202);
    let long = format!("X-Long: {}\r\n", "y".repeat(1 << 20));
    assert_eq!(call(&mut client, post("/b", &long, "b")).status, 202);
    let size = body.len();
    let head = "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    send(
        &mut client,
        format!("{head}{size:x}\r\n{body}\r\n0\r\n\r\n"),
    );
    assert_eq!(answer(&mut client).status, 202);
    let requests = api.requests();
    assert!(requests.iter().all(|r| r.is_complete()));
    assert_eq!(requests[0].body.len(), size);
    assert_eq!(requests[1].header("x-long").map(str::len), Some(1 << 20));
    assert_eq!(requests[2].chunks, [size]);
    assert_eq!(api.connections(), 1);
}

#[test]
fn ipv6_is_served() {
    let Ok(api) = Scripted::bind(Ipv6Addr::LOCALHOST.into(), [event("six", "6")]) else {
        coldspark_emulator::skipped("no ::1 on this machine");
        return;
    };
    assert!(api.address().starts_with("[::1]:"));
    assert_eq!(call(&mut connect(&api.address()), get(NEXT)).body, "6");
}

#[test]
fn a_real_client_is_served() {
    let api = Scripted::start([
        event("u", "[1]").chunked(&[1]).into(),
        coldspark_emulator::script::Step::from(status(413)),
    ]);
    let url = |path: &str| format!("http://{}{path}", api.address());
    let agent = ureq::Agent::config_builder().http_status_as_error(false);
    let agent = agent.build().new_agent();
    let mut next = agent.get(url(NEXT)).call().unwrap();
    assert_eq!(next.body_mut().read_to_string().unwrap(), "[1]");
    let mut refused = agent.post(url(&response_path("u"))).send("2").unwrap();
    assert_eq!(refused.status(), 413);
    let body = refused.body_mut().read_to_string().unwrap();
    assert!(body.contains("RequestEntityTooLarge"), "{body}");
}
