//! The normal cycle: ask for an event, answer it, ask for the next.

mod common;

use coldspark_emulator::script::{self, Request};
use common::{Client, assert_next, assert_response, client, exchanges, function};

const INVOCATION_ID: &str = "Lambda-Runtime-Invocation-Id";

fn header_names(request: &Request) -> Vec<String> {
    let names = request.headers.iter().map(|(name, _)| name.to_lowercase());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[test]
fn the_requests_are_those_of_the_runtime_api() {
    let session = function("hello").start(script::exchange("abc-1", "event"));
    let address = session.api.address();
    let requests = session.requests(3);
    for request in [&requests[0], &requests[2]] {
        assert_next(request);
        assert_eq!(header_names(request), ["host", "user-agent"]);
    }
    assert_response(&requests[1], "abc-1", b"event");
    let names = [
        "content-length",
        "content-type",
        "host",
        "lambda-runtime-invocation-id",
        "user-agent",
    ];
    assert_eq!(header_names(&requests[1]), names);
    for request in &requests {
        assert_eq!(request.header("Host"), Some(address.as_str()));
        let agent = request.header("User-Agent").expect("a User-Agent");
        assert_eq!(agent, concat!("coldspark/", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn the_own_clients_request_is_byte_for_byte_what_it_should_be() {
    if client() == Client::Ureq {
        coldspark_emulator::left_to_another_form("ureq writes its own heads");
        return;
    }
    let session = function("hello").start(script::exchange("abc-1", "event"));
    let address = session.api.address();
    let requests = session.requests(3);
    let common = format!(
        "Host: {address}\r\nUser-Agent: coldspark/{}\r\n",
        env!("CARGO_PKG_VERSION")
    );
    let next = format!("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n{common}\r\n");
    let response = format!(
        "POST /2018-06-01/runtime/invocation/abc-1/response HTTP/1.1\r\n{common}\
         Content-Type: application/json\r\nLambda-Runtime-Invocation-Id: nonce-abc-1\r\n\
         Content-Length: 5\r\n\r\n"
    );
    let heads = requests
        .iter()
        .map(|request| String::from_utf8_lossy(&request.head));
    assert_eq!(heads.collect::<Vec<_>>(), [next.clone(), response, next]);
}

#[test]
fn a_good_run_logs_nothing() {
    let events = (0..5).map(|n| (format!("id-{n}"), "quiet"));
    let session = function("hello").start(exchanges(events));
    session.requests(11);
    assert_eq!(session.stderr(), "");
    assert_eq!(session.process.stdout(), "");
}

#[test]
fn the_invocation_id_is_echoed_only_when_it_was_given() {
    let given = |id| script::event(id, "x").set_header(INVOCATION_ID, "the/nonce: of, 1");
    let session = function("hello").start([
        script::event("a", "x").without_header(INVOCATION_ID),
        script::status(202),
        given("b"),
        script::status(202),
        script::event("c", "x").set_header(INVOCATION_ID, ""),
        script::status(202),
    ]);
    let requests = session.requests(7);
    for (at, id, echoed) in [
        (1, "a", None),
        (3, "b", Some("the/nonce: of, 1")),
        (5, "c", None),
    ] {
        assert_response(&requests[at], id, b"x");
        assert_eq!(requests[at].header(INVOCATION_ID), echoed, "{id}");
    }
}

#[test]
fn an_invocation_id_outside_ascii_is_echoed_as_it_came() {
    let event = script::event("id", "x").set_header(INVOCATION_ID, "n\u{f6}nce");
    let session = function("hello").start([event, script::status(202)]);
    let requests = session.requests(3);
    assert_response(&requests[1], "id", b"x");
    assert_eq!(requests[1].header(INVOCATION_ID), Some("n\u{f6}nce"));
}

#[test]
fn many_events_come_and_go_on_one_connection() {
    let events = (0..100).map(|n| (format!("id-{n}"), format!("event {n}")));
    let session = function("hello").start(exchanges(events));
    let requests = session.requests(201);
    for (n, pair) in requests[..200].chunks(2).enumerate() {
        assert_next(&pair[0]);
        assert_response(
            &pair[1],
            &format!("id-{n}"),
            format!("event {n}").as_bytes(),
        );
        let nonce = format!("nonce-id-{n}");
        assert_eq!(pair[1].header(INVOCATION_ID), Some(nonce.as_str()));
    }
    assert_eq!(session.api.connections(), 1);
}

#[test]
fn an_answer_goes_to_the_id_that_came_last_with_its_event() {
    let ids = [
        "short",
        "an-id-that-is-much-longer-than-the-one-before-it",
        "s",
        "short",
    ];
    let events = ids.map(|id| (id.to_owned(), format!("for {id}")));
    let session = function("fixture-functions")
        .handler("copy")
        .start(exchanges(events));
    let requests = session.requests(9);
    for (id, request) in ids.iter().zip(requests[1..].iter().step_by(2)) {
        assert_response(request, id, format!("for {id}").as_bytes());
    }
}

#[test]
fn an_id_of_unusual_characters_stands_in_the_path_as_it_came() {
    let ids = [
        "~.-_!$&'()*+,;=:@",
        "100%25",
        "%",
        "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
    ];
    let session = function("hello").start(exchanges(ids.map(|id| (id.to_owned(), "x"))));
    let requests = session.requests(9);
    for (id, request) in ids.iter().zip(requests[1..].iter().step_by(2)) {
        assert_response(request, id, b"x");
    }
}

/// Bytes in which every value comes up, in an order that does not repeat at a power of two.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn the_bytes_of_an_event_come_back_unchanged() {
    let events = [
        vec![],
        vec![0],
        b"{\"a\": 1}\r\n\r\n".to_vec(),
        (0..=255).collect(),
        noise(4 * 1024),
        noise(4 * 1024 + 1),
        noise(8 * 1024),
        noise(100 * 1024),
        noise(6 * 1024 * 1024),
        b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
        vec![],
    ];
    let named = || events.iter().cloned().enumerate();
    for handler in ["echo", "copy"] {
        let steps = exchanges(named().map(|(n, event)| (format!("bytes-{n}"), event)));
        let session = function("fixture-functions").handler(handler).start(steps);
        let requests = session.requests(2 * events.len() + 1);
        for (n, event) in named() {
            assert_response(&requests[2 * n + 1], &format!("bytes-{n}"), &event);
        }
        assert_eq!(session.api.connections(), 1);
    }
}

#[test]
fn json_comes_back_as_the_same_value() {
    let text = r#"{"b":[1,-2.5,null,true,""],"a":"\u00e9\n\"\\ \ud83d\ude00"}"#;
    let session = function("fixture-functions")
        .handler("json")
        .start(script::exchange("j", text));
    let answer = session.requests(3)[1].json();
    assert_eq!(
        answer,
        serde_json::from_str::<serde_json::Value>(text).expect("JSON")
    );
}
