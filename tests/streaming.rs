//! Streamed responses on the wire.

mod common;

use coldspark_emulator::script::{self, Request, Step};
use common::{Profile, Session, assert_next, assert_response, failure, function, profile};
use serde_json::{Value, json};

const MODE: &str = "Lambda-Runtime-Function-Response-Mode";
const HTTP: &str = "application/vnd.awslambda.http-integration-response";

/// Streams as each of the events says, with an ordinary event behind each, and gives the posts
/// that answered the first ones.
#[track_caller]
fn streamed(events: &[Value]) -> (Vec<Request>, Session) {
    let mut steps = Vec::new();
    for (number, event) in events.iter().enumerate() {
        steps.extend(script::exchange(&format!("s{number}"), event.to_string()));
        steps.extend(script::exchange("after", r#"[{"Whole":"still there"}]"#));
    }
    let session = function("fixture-stream").handler("script").start(steps);
    let requests = session.requests(4 * events.len() + 1);
    for after in requests.chunks_exact(4) {
        assert_response(&after[3], "after", b"still there");
    }
    assert_next(&requests[4 * events.len()]);
    let posts = requests.iter().skip(1).step_by(4);
    (posts.cloned().collect(), session)
}

/// The post is a whole streamed response with these bytes and no error; gives its content type.
#[track_caller]
fn assert_stream<'a>(request: &'a Request, id: &str, body: &[u8]) -> &'a str {
    assert_begun(request, id, body);
    assert_eq!(request.trailers, [], "{request:?}");
    request.header("Content-Type").expect("a content type")
}

#[track_caller]
fn assert_begun(request: &Request, id: &str, body: &[u8]) {
    assert!(request.is_complete(), "{:?}", request.fault);
    assert_eq!(request.method, "POST");
    let path = format!("/2018-06-01/runtime/invocation/{id}/response");
    assert_eq!(request.path, path);
    for (name, value) in [
        (MODE, Some("streaming")),
        ("Transfer-Encoding", Some("chunked")),
        ("Connection", Some("close")),
        (
            "Trailer",
            Some("Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body"),
        ),
        ("Content-Length", None),
        ("Lambda-Runtime-Function-Error-Type", None),
        (
            "Lambda-Runtime-Invocation-Id",
            Some(&*format!("nonce-{id}")),
        ),
    ] {
        assert_eq!(request.header(name), value, "{name}");
    }
    let start = String::from_utf8_lossy(&request.body[..request.body.len().min(200)]);
    assert!(request.body == body, "{start:?}");
}

#[test]
fn a_response_is_streamed_on_a_connection_of_its_own() {
    let (posts, session) = streamed(&[
        json!([{"Write": "Hello, "}, "Flush", {"Write": "World"}]),
        json!([{"Type": "text/plain; charset=utf-8"}, {"Write": "typed"}]),
    ]);
    assert_eq!(
        assert_stream(&posts[0], "s0", b"Hello, World"),
        "application/octet-stream"
    );
    assert_eq!(posts[0].chunks, [7, 5]);
    assert_eq!(
        assert_stream(&posts[1], "s1", b"typed"),
        "text/plain; charset=utf-8"
    );
    let requests = session.requests(9);
    let connections: Vec<_> = requests.iter().map(|request| request.connection).collect();
    let kept = connections[0];
    assert_eq!(
        connections,
        [kept, 2, kept, kept, kept, 3, kept, kept, kept]
    );
}

#[test]
fn the_head_is_byte_for_byte_what_it_should_be() {
    let (posts, _) = streamed(&[json!([{"Write": "x"}])]);
    let head = String::from_utf8(posts[0].head.clone()).unwrap();
    let host = posts[0].header("Host").unwrap();
    let expected = format!(
        "POST /2018-06-01/runtime/invocation/s0/response HTTP/1.1\r\n\
         Host: {host}\r\n\
         User-Agent: coldspark/{}\r\n\
         Content-Type: application/octet-stream\r\n\
         Lambda-Runtime-Function-Response-Mode: streaming\r\n\
         Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\
         Lambda-Runtime-Invocation-Id: nonce-s0\r\n\
         Transfer-Encoding: chunked\r\n\
         Connection: close\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(head, expected);
}

#[test]
fn without_an_invocation_id_no_id_is_echoed() {
    let event = common::bare_event("bare", r#"[{"Write":"x"}]"#);
    let session = function("fixture-stream")
        .handler("script")
        .start([Step::from(event), script::status(202).into()]);
    let requests = session.requests(3);
    assert_eq!(requests[1].header("Lambda-Runtime-Invocation-Id"), None);
    assert_eq!(requests[1].text(), "x");
}

#[test]
fn an_empty_write_does_not_end_the_stream() {
    let (posts, _) = streamed(&[
        json!(["Nothing", "Flush", {"Write": "a"}, "Flush", "Nothing", "Flush", "Flush",
               {"Write": ""}, {"Write": "b"}, "Nothing"]),
        json!([]),
        json!(["Nothing", "Flush"]),
    ]);
    assert_stream(&posts[0], "s0", b"ab");
    assert_eq!(posts[0].chunks, [1, 1]);
    assert_stream(&posts[1], "s1", b"");
    assert_stream(&posts[2], "s2", b"");
}

#[test]
fn small_writes_are_collected_and_large_ones_are_not_copied() {
    let (posts, _) = streamed(&[
        json!([{"Drops": 40_000}]),
        json!([{"Drops": 10}, {"Bytes": 100_000}]),
    ]);
    assert_stream(&posts[0], "s0", &[b'.'; 40_000]);
    assert_eq!(posts[0].chunks, [16_384, 16_384, 7_232]);
    assert_eq!(posts[1].chunks, [65_546, 34_464]);
}

#[test]
fn a_prelude_comes_before_the_body() {
    let prelude = json!({"Prelude": {
        "status": 201,
        "headers": [["Content-Type", "text/html"], ["X-A", "b"], ["x-a", "c"]],
        "cookies": ["d=e; Secure"],
    }});
    let (posts, _) = streamed(&[
        json!([prelude, {"Write": "<p>"}]),
        json!([prelude, "Flush", "Begun"]),
        json!([prelude]),
    ]);
    let head = br#"{"statusCode":201,"headers":{"Content-Type":"text/html","X-A":"b, c"},"cookies":["d=e; Secure"]}"#;
    let with = |body: &[u8]| [head.as_slice(), &[0; 8], body].concat();
    assert_eq!(assert_stream(&posts[0], "s0", &with(b"<p>")), HTTP);
    assert_eq!(assert_stream(&posts[1], "s1", &with(b"true")), HTTP);
    assert_eq!(assert_stream(&posts[2], "s2", &with(b"")), HTTP);
    // In debug builds its parts go apart, since `cargo lambda watch` needs it so, else together and
    // with what was written behind them.
    let json = head.len();
    let chunks: [&[usize]; 3] = match profile() {
        Profile::Unwind => [&[json, 8, 3], &[json, 8, 4], &[json, 8]],
        Profile::Abort => [&[json + 8 + 3], &[json + 8, 4], &[json + 8]],
    };
    for (post, chunks) in posts.iter().zip(chunks) {
        assert_eq!(post.chunks, chunks);
    }
}

#[test]
fn a_head_that_no_response_can_have_is_an_ordinary_error() {
    let prelude = |status: u16, header: [&str; 2]| json!([{"Prelude": {"status": status, "headers": [header], "cookies": []}}]);
    let (posts, _) = streamed(&[
        prelude(99, ["A", "b"]),
        prelude(1000, ["A", "b"]),
        prelude(101, ["A", "b"]),
        prelude(200, ["A", "b\r\nC: d"]),
        prelude(200, ["A b", "c"]),
        json!([{"Type": "text/plain\r\nX: y"}]),
        json!([{"Type": ""}]),
        json!([{"Type": HTTP}, {"Write": "{}"}]),
        json!([{"Type": format!("{}; a=b", HTTP.to_uppercase())}]),
        json!([{"Write": "x"}, "Flush", {"Type": "text/plain"}]),
    ]);
    for (post, says) in posts.iter().zip([
        "the status 99;",
        "the status 1000;",
        "the status 101;",
        "control byte",
        "\"A b\" cannot be the name",
        "cannot be a content type",
        "cannot be a content type",
        "give the response one with Writer::prelude",
        "give the response one with Writer::prelude",
    ]) {
        let id = post.request_id().unwrap();
        let failure = failure(post, id);
        assert_eq!(failure.header, "Function.InvalidHead");
        failure.assert_says(&[says]);
    }
    assert_begun(&posts[9], "s9", b"x");
    assert_eq!(
        posts[9].trailer("Lambda-Runtime-Function-Error-Type"),
        Some("Function.InvalidHead")
    );
}

#[test]
fn a_response_may_turn_out_to_be_whole() {
    let (posts, _) = streamed(&[
        json!([{"Whole": "one"}]),
        json!([{"Write": "x"}, {"Whole": "two"}]),
        json!([{"Whole": "three"}, "Stubborn", {"Write": "x"}, {"Type": "a/b"}, "Flush"]),
    ]);
    assert_response(&posts[0], "s0", b"one");
    failure(&posts[1], "s1").assert_says(&["either streamed or whole"]);
    assert_response(&posts[2], "s2", b"three");
}
