//! Answers that are passed on as they come: `AWS_LWA_INVOKE_MODE=response_stream`.

use coldspark_emulator::http::{Reply, Request};
use coldspark_emulator::script::{Step, raw};
use serde_json::{Value, json};

use crate::common::event;
use crate::common::function::limit;
use crate::common::web::{Web, get, page, request, streamed, text};

const STREAM: (&str, &str) = ("AWS_LWA_INVOKE_MODE", "response_stream");

fn start() -> Web {
    Web::start(&[STREAM])
}

/// Sends an event whose answer is streamed, and returns it as it was posted.
#[track_caller]
fn post(web: &mut Web, event_body: &Value, answer: impl Into<Step>) -> Request {
    web.app.push(answer);
    web.function.send(event("stream", event_body.to_string()));
    web.function.posted()
}

#[test]
fn an_answer_has_a_prelude_and_is_passed_on() {
    let mut web = start();
    let reply = page("text/html", "<p>")
        .header("Set-Cookie", "a=1")
        .header("Set-Cookie", "b=2");
    let (prelude, body, error) = streamed(&post(&mut web, &get("/"), reply));
    let expected = json!({
        "statusCode": 200, "headers": {"Content-Length": "3", "Content-Type": "text/html"}, "cookies": ["a=1", "b=2"],
    });
    assert_eq!((prelude, &*body, error), (expected, &b"<p>"[..], None));
    let (_, body, error) = streamed(&post(&mut web, &get("/"), text("second")));
    assert_eq!((&*body, error), (&b"second"[..], None));
    assert_eq!(web.app.connections(), 1);
}

#[test]
fn the_first_bytes_are_there_before_the_last_are_made() {
    let mut web = start();
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    // The rest comes when the first part has been posted.
    web.app
        .push(Step::from(raw(format!("{head}6\r\ndata: \r\n"))).then_park());
    web.function.send(event("stream", get("/").to_string()));
    web.function.wait_until("the stream has begun", |function| {
        function.api.connections() >= 2
    });
    web.die();
    let request = web.function.posted();
    let (prelude, body, error) = streamed(&request);
    assert_eq!(prelude["headers"]["Content-Type"], "text/event-stream");
    assert_eq!(body, b"data: ");
    assert!(
        error
            .expect("trailers")
            .contains("Runtime.ApplicationExited")
    );
    web.app.push(text("ready"));
    let (_, body, _) = streamed(&post(&mut web, &get("/"), text("next")));
    assert_eq!(body, b"next");
}

#[test]
fn an_answer_without_a_body_ends() {
    let mut web = start();
    for reply in [Reply::new(204), text("")] {
        let (prelude, body, error) = streamed(&post(&mut web, &get("/"), reply));
        assert!([200, 204].contains(&prelude["statusCode"].as_u64().expect("a status")));
        assert_eq!((body.len(), error), (0, None));
    }
    let head = raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    let (_, body, error) = streamed(&post(&mut web, &request("HEAD", "/", ""), head));
    assert_eq!((body.len(), error), (0, None));
}

#[test]
fn a_cut_answer_is_an_error_in_the_trailers_and_the_bootstrap_goes_on() {
    let mut web = start();
    let cut = Step::from(raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")).then_close();
    let (_, body, error) = streamed(&post(&mut web, &get("/"), cut));
    assert_eq!(body, b"half");
    assert!(
        error
            .expect("trailers")
            .contains("Runtime.ApplicationProtocol")
    );
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nx\r\n";
    // All of it has come before anything was sent, so it is an ordinary error.
    let error = web.ask(&get("/"), raw(chunks));
    error.assert_error("Runtime.ApplicationProtocol", &["chunk size"]);
    assert_eq!(streamed(&post(&mut web, &get("/"), text("ok"))).1, b"ok");
}

#[test]
fn what_fails_before_the_first_byte_is_an_ordinary_error() {
    let mut web = start();
    let error = web.ask(&request("POST", "/", ""), Step::close_after_request());
    error.assert_error("Runtime.ApplicationProtocol", &[]);
    let mut web = Web::start(&[STREAM, ("AWS_LWA_ERROR_STATUS_CODES", "500")]);
    let error = web.ask(&get("/"), Reply::new(500));
    error.assert_error("Function.ErrorStatus", &["500"]);
}

#[test]
fn at_the_deadline_there_is_a_504_or_an_error_in_the_trailers() {
    let mut web = start();
    web.app.push(Step::park());
    web.send_urgent(&get("/"));
    let (prelude, _, error) = streamed(&web.function.posted());
    assert_eq!((prelude["statusCode"].as_u64(), error), (Some(504), None));
    let begun = raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    web.app.push(Step::from(begun).then_park());
    web.send_urgent(&get("/"));
    let (_, body, error) = streamed(&web.function.posted());
    assert_eq!(body, b"half");
    assert!(error.expect("trailers").contains("Runtime.HandlerTimeout"));
}

#[test]
fn more_than_a_buffered_response_has_is_streamed() {
    let mut web = start();
    let body = vec![b'x'; 20_000_000];
    let request = post(&mut web, &get("/"), page("application/octet-stream", body));
    let (_, body, error) = streamed(&request);
    assert!(body.len() == 20_000_000 && error.is_none());
}

#[test]
fn a_reader_that_goes_away_ends_the_request_and_the_next_event_is_served() {
    let mut web = start();
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";
    web.app
        .push(Step::from(raw([chunks, &"5\r\n12345\r\n".repeat(2_000_000)].concat())).then_park());
    web.function.send_answered(
        event("gone", get("/").to_string()),
        Step::close_after_head(),
    );
    let connection = web.app.wait_for(2, limit())[1].connection;
    web.app.wait_closed(connection, limit());
    assert_eq!(
        streamed(&post(&mut web, &get("/"), text("next"))).1,
        b"next"
    );
}

#[test]
fn other_events_are_streamed_verbatim() {
    let mut web = start();
    let request = post(
        &mut web,
        &json!({"Records": []}),
        page("application/x-own", "bytes"),
    );
    assert_eq!(request.header("content-type"), Some("application/x-own"));
    assert_eq!(request.text(), "bytes");
}
