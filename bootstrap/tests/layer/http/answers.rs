//! What becomes of the application's answers.

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::{Step, raw};
use serde_json::json;

use crate::common::web::{Web, get, page, request, text};

#[test]
fn an_answer_ends_by_length_by_chunks_or_with_the_connection() {
    let mut web = Web::start(&[]);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
    let chunked = raw(format!(
        "{head}Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n3;x=y\r\ntwo\r\n0\r\nX: y\r\n\r\n"
    ));
    let until_close = Step::from(raw(format!("{head}\r\nonetwo"))).then_close();
    let old = Step::from(raw(
        "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nonetwo",
    ))
    .then_close();
    for answer in [
        Step::from(text("onetwo")),
        Step::from(text("onetwo")).dribble(),
        Step::from(chunked.clone()),
        Step::from(chunked).dribble(),
        until_close,
        old,
    ] {
        let answer = web.answer(&get("/"), answer);
        assert_eq!(answer["body"], "onetwo", "{answer}");
        assert_eq!(answer["headers"].get("Transfer-Encoding"), None);
    }
}

#[test]
fn interim_answers_are_passed_over() {
    let mut web = Web::start(&[]);
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    let answer = web.answer(
        &request("POST", "/", "x"),
        Step::from(text("ok")).after_interim(interim),
    );
    assert_eq!(
        (&answer["body"], &answer["statusCode"]),
        (&json!("ok"), &json!(200))
    );
    assert_eq!(answer["headers"].get("Link"), None);
}

#[test]
fn answers_without_a_body_have_none_and_the_connection_stays() {
    let mut web = Web::start(&[]);
    let head = raw("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n");
    let answer = web.answer(&request("HEAD", "/", ""), head);
    assert_eq!(
        (&answer["body"], &answer["headers"]["Content-Length"]),
        (&json!(""), &json!("1000"))
    );
    for status in ["204 No Content", "304 Not Modified"] {
        let reply = raw(format!("HTTP/1.1 {status}\r\nETag: \"x\"\r\n\r\n"));
        let answer = web.answer(&get("/"), reply);
        assert_eq!(
            answer["statusCode"],
            status[..3].parse::<u16>().expect("a status")
        );
        assert_eq!(answer["body"], "");
    }
    assert_eq!(web.app.connections(), 1);
}

#[test]
fn what_http_does_not_allow_is_an_error() {
    let mut web = Web::start(&[]);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
    let answers = [
        (
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "both",
        ),
        (
            "Content-Length: 5\r\nContent-Length: 6\r\n\r\n123456",
            "two Content-Length",
        ),
        ("Content-Length: 5, 5\r\n\r\n12345", "not a number"),
        ("Content-Length: -1\r\n\r\n", "not a number"),
        ("Transfer-Encoding: gzip\r\n\r\nx", "other than chunked"),
        ("Content-Length: 10\r\n\r\nhalf", "within the body"),
        (
            "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            "last chunk",
        ),
        ("Transfer-Encoding: chunked\r\n\r\nx\r\n", "chunk size"),
        ("X: y\r\n folded\r\n\r\n", "header"),
        ("X\u{0}: y\r\n\r\n", "header name"),
        ("Content-Le", "within the head"),
    ];
    for (rest, reason) in answers {
        let answer = Step::from(raw(format!("{head}{rest}"))).then_close();
        let error = web.ask(&request("POST", "/", ""), answer);
        error.assert_error("Runtime.ApplicationProtocol", &[reason]);
    }
    for (answer, reason) in [
        ("SSH-2.0-x\r\n\r\n", "not HTTP/1.1"),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", "protocol"),
        (
            "HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n",
            "status over 599",
        ),
        (
            "HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n",
            "status below 100",
        ),
        ("HTTP/1.1 099 X\r\n\r\nok", "status below 100"),
    ] {
        let error = web.ask(&get("/"), Step::from(raw(answer)).then_close());
        error.assert_error("Runtime.ApplicationProtocol", &[reason]);
    }
    assert_eq!(web.answer(&get("/"), text("goes on"))["body"], "goes on");
    web.assert_starts(1);
}

#[test]
fn a_head_without_an_end_is_an_error() {
    let mut web = Web::start(&[]);
    let endless = raw(["HTTP/1.1 200 OK\r\n", &"X-Long: y\r\n".repeat(40_000)].concat());
    let error = web.ask(&get("/"), Step::from(endless).then_park());
    error.assert_error("Runtime.ApplicationProtocol", &["256 KB"]);
}

#[test]
fn bytes_that_are_no_text_go_as_base64() {
    let mut web = Web::start(&[]);
    let answer = web.answer(&get("/"), page("image/png", b"\x89PNG\0".to_vec()));
    assert_eq!(
        (&answer["body"], &answer["isBase64Encoded"]),
        (&json!("iVBORwA="), &json!(true))
    );
    let answer = web.answer(&get("/"), page("text/html", b"\xff".to_vec()));
    assert_eq!(answer["isBase64Encoded"], true);
    let answer = web.answer(
        &get("/"),
        page("application/problem+json", "{\"a\":\"\u{e9}\"}"),
    );
    assert_eq!(
        (&answer["body"], &answer["isBase64Encoded"]),
        (&json!("{\"a\":\"\u{e9}\"}"), &json!(false))
    );
}

#[test]
fn headers_and_cookies_have_each_front_ends_form() {
    let mut web = Web::start(&[]);
    let reply = || {
        let reply = text("ok")
            .header("Set-Cookie", "a=1")
            .header("Set-Cookie", "b=2");
        reply
            .header("Vary", "A")
            .header("Connection", "X-Own")
            .header("X-Own", "1")
            .header("vary", "B")
    };
    let answer = web.answer(&get("/"), reply());
    assert_eq!(answer["cookies"], json!(["a=1", "b=2"]));
    assert_eq!(answer["headers"]["Vary"], "A, B");
    assert_eq!(answer["headers"].get("X-Own"), None);
    let v1 = json!({"httpMethod": "GET", "path": "/", "requestContext": {}});
    let answer = web.answer(&v1, reply());
    assert_eq!(
        answer["multiValueHeaders"]["Set-Cookie"],
        json!(["a=1", "b=2"])
    );
    assert_eq!(answer["multiValueHeaders"]["Vary"], json!(["A", "B"]));
    let multi = json!({"httpMethod": "GET", "path": "/", "requestContext": {"elb": {}}, "multiValueHeaders": {"a": ["b"]}});
    let answer = web.answer(&multi, reply());
    assert_eq!(answer["statusDescription"], "200 OK");
    assert_eq!(
        answer["multiValueHeaders"]["Set-Cookie"],
        json!(["a=1", "b=2"])
    );
    let single =
        json!({"httpMethod": "GET", "path": "/", "requestContext": {"elb": {}}, "headers": {}});
    let error = web.ask(&single, reply());
    error.assert_error(
        "Runtime.InvalidResponse",
        &["2 Set-Cookie", "multi_value_headers"],
    );
}

#[test]
fn statuses_that_are_set_to_be_errors_are_errors() {
    let mut web = Web::start(&[("AWS_LWA_ERROR_STATUS_CODES", "500,502-504")]);
    for status in [500, 503] {
        let error = web.ask(&get("/"), Reply::new(status));
        error.assert_error("Function.ErrorStatus", &[&status.to_string()]);
    }
    assert_eq!(web.answer(&get("/"), Reply::new(501))["statusCode"], 501);
    web.app.push(Reply::new(500));
    web.function
        .invoke("{}")
        .assert_error("Function.ErrorStatus", &["500"]);
}

#[test]
fn a_text_is_compressed_for_a_client_that_takes_gzip() {
    let mut web = Web::start(&[("AWS_LWA_ENABLE_COMPRESSION", "true")]);
    let long = "all work and no play ".repeat(500);
    let mut event = get("/");
    event["headers"] = json!({"accept-encoding": "br, gzip"});
    let answer = web.answer(&event, text(&long));
    assert_eq!(answer["headers"]["content-encoding"], "gzip");
    assert_eq!(answer["headers"]["vary"], "accept-encoding");
    assert_eq!(answer["headers"].get("Content-Length"), None);
    assert_eq!(unzipped(answer["body"].as_str().expect("Base64")), long);
    let fixed = text(&long).header("Cache-Control", "max-age=60, No-Transform");
    for (event, reply) in [
        (&get("/"), text(&long)),
        (&event, fixed),
        (&event, page("image/png", &*long)),
        (&event, text(&long).header("Content-Encoding", "br")),
        (&event, text("short")),
    ] {
        let answer = web.answer(event, reply);
        assert_ne!(answer["headers"]["content-encoding"], "gzip", "{answer}");
    }
    let mut web = Web::start(&[]);
    assert_eq!(web.answer(&event, text(&long))["body"], long);
}

/// What gzip(1) makes of it.
fn unzipped(base64: &str) -> String {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut gunzip = Command::new("sh")
        .args(["-c", "base64 -d | gzip -dc"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    gunzip
        .stdin
        .take()
        .expect("a pipe")
        .write_all(base64.as_bytes())
        .expect("it reads");
    let output = gunzip.wait_with_output().expect("its output");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("a text")
}

#[test]
fn too_much_is_an_error() {
    let mut web = Web::start(&[]);
    let error = web.ask(&get("/"), text(&"x".repeat(7 * 1024 * 1024)));
    error.assert_error("Function.ResponseSizeTooLarge", &["AWS_LWA_INVOKE_MODE"]);
    // As Base64 it is more than it was.
    let error = web.ask(&get("/"), page("image/png", vec![0; 5 * 1024 * 1024]));
    error.assert_error("Function.ResponseSizeTooLarge", &[]);
    let answer = web.answer(&get("/"), text(&"x".repeat(6 * 1024 * 1024 - 1024)));
    assert_eq!(
        answer["body"].as_str().map(str::len),
        Some(6 * 1024 * 1024 - 1024)
    );
}
