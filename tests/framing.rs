//! Every way in which HTTP/1.1 may bring a good event.

mod common;

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::{self, Step};
use common::{Client, assert_next, assert_response, bare_event, client, function};

/// Serves the event that this step brings under the id `framed`, then a usual one. The handler
/// returns what it was given. Gives the number of connections.
#[track_caller]
fn assert_served(framed: impl Into<Step>, body: &[u8]) -> usize {
    let [usual, _] = script::exchange("usual", "then this");
    let taken = || script::status(202).into();
    let session = function("hello").start([framed.into(), taken(), usual, taken()]);
    let requests = session.requests(5);
    assert_response(&requests[1], "framed", body);
    assert_next(&requests[2]);
    assert_response(&requests[3], "usual", b"then this");
    assert_eq!(session.stderr(), "");
    session.api.connections()
}

/// The event `framed` with these header lines and these bytes behind the head.
fn wire(start: &str, lines: &str, rest: impl AsRef<[u8]>) -> Reply {
    let head = format!("{start}\r\nLambda-Runtime-Aws-Request-Id: framed\r\n{lines}\r\n");
    Reply::raw([head.as_bytes(), rest.as_ref()].concat())
}

const OK: &str = "HTTP/1.1 200 OK";
const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

#[test]
fn chunks_are_put_together() {
    let body: Vec<u8> = (0..=255).cycle().take(40_000).collect();
    for sizes in [&[1, 2, 3][..], &[4096], &[0], &[39_999], &[8191, 1]] {
        let event = bare_event("framed", body.clone()).chunked(sizes);
        assert_eq!(assert_served(event, &body), 1, "{sizes:?}");
    }
    assert_eq!(assert_served(bare_event("framed", "").chunked(&[]), b""), 1);
}

#[test]
fn a_large_event_may_be_chunked() {
    let body: Vec<u8> = (0..=250).cycle().take(6 * 1024 * 1024).collect();
    let event = bare_event("framed", body.clone()).chunked(&[100_000]);
    assert_eq!(assert_served(event, &body), 1);
}

#[test]
fn chunks_that_come_byte_by_byte_are_put_together() {
    let event = bare_event("framed", "a body in chunks").chunked(&[1, 5]);
    assert_eq!(
        assert_served(Step::from(event).dribble(), b"a body in chunks"),
        1
    );
}

#[test]
fn chunk_extensions_are_passed_over() {
    for coded in [
        "5;name=value\r\nchunk\r\n2;a;b=\"c\"\r\ned\r\n0;last\r\n\r\n",
        "00005\r\nchunk\r\n2\r\ned\r\n000\r\n\r\n",
    ] {
        let event = || wire(OK, CHUNKED, coded);
        assert_eq!(assert_served(event(), b"chunked"), 1);
        assert_eq!(assert_served(Step::from(event()).dribble(), b"chunked"), 1);
    }
}

#[test]
fn chunk_sizes_may_have_letters_of_either_case() {
    let coded = format!(
        "a\r\n{}\r\nB\r\n{}\r\n0\r\n\r\n",
        "1".repeat(10),
        "2".repeat(11)
    );
    let body = format!("{}{}", "1".repeat(10), "2".repeat(11));
    assert_eq!(assert_served(wire(OK, CHUNKED, coded), body.as_bytes()), 1);
}

#[test]
fn trailers_are_passed_over() {
    let coded = "5\r\nchunk\r\n0\r\nLambda-Runtime-Aws-Request-Id: other\r\nX-Sum: 1\r\n\r\n";
    let lines = format!("{CHUNKED}Trailer: X-Sum\r\n");
    assert_served(wire(OK, &lines, coded), b"chunk");
    assert_served(Step::from(wire(OK, &lines, coded)).dribble(), b"chunk");
}

#[test]
fn a_connection_that_closes_behind_the_event_is_replaced() {
    let event = || bare_event("framed", "the last one");
    let told = Step::from(event().header("Connection", "close")).then_close();
    assert_eq!(assert_served(told, b"the last one"), 2);
    // The announcement is enough, also when the server then does not close.
    let kept = event().header("Connection", "close");
    assert_eq!(assert_served(kept, b"the last one"), 2);
}

#[test]
fn an_older_http_version_closes_behind_the_event() {
    let event = wire("HTTP/1.0 200 OK", "Content-Length: 3\r\n", "old");
    assert_eq!(assert_served(Step::from(event).then_close(), b"old"), 2);
    // Also when the server then does not close.
    let kept = wire("HTTP/1.0 200 OK", "Content-Length: 3\r\n", "old");
    assert_eq!(assert_served(kept, b"old"), 2);
    let event = wire("HTTP/1.0 200 OK", "", "as long as it takes");
    assert_eq!(
        assert_served(Step::from(event).then_close(), b"as long as it takes"),
        2
    );
}

#[test]
fn a_body_without_length_lasts_until_the_connection_closes() {
    for size in [0, 1, 5000, 300_000] {
        let body = vec![b'u'; size];
        let event = bare_event("framed", body.clone()).without_header("Content-Length");
        assert_eq!(
            assert_served(Step::from(event).then_close(), &body),
            2,
            "{size}"
        );
    }
}

#[test]
fn an_interim_reply_is_passed_over() {
    let event = bare_event("framed", "after it").to_bytes();
    let both = [b"HTTP/1.1 100 Continue\r\n\r\n", &event[..]].concat();
    assert_eq!(assert_served(Reply::raw(both.clone()), b"after it"), 1);
    let dribbled = Step::from(Reply::raw(both)).dribble();
    assert_eq!(assert_served(dribbled, b"after it"), 1);
}

#[test]
fn an_interim_reply_with_headers_is_passed_over_or_named() {
    let event = bare_event("framed", "after it").to_bytes();
    let both = [b"HTTP/1.1 100 \r\nA: b\r\n\r\n", &event[..]].concat();
    match client() {
        Client::Own => assert_eq!(assert_served(Reply::raw(both), b"after it"), 1),
        Client::Ureq => {
            let (_, exit) = function("hello").start([Reply::raw(both)]).exit_after(1);
            exit.assert_failed_with(&["malformed reply", "headers with 100-continue"]);
        }
    }
}

#[test]
fn other_interim_replies_are_passed_over() {
    let event = bare_event("framed", "after them").to_bytes();
    let interim = "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let both = [interim.as_bytes(), &event].concat();
    assert_eq!(assert_served(Reply::raw(both), b"after them"), 1);
}

#[test]
fn a_reply_that_comes_byte_by_byte_is_read() {
    let event = script::event("framed", "slow and steady");
    assert_eq!(
        assert_served(Step::from(event).dribble(), b"slow and steady"),
        1
    );
}

#[test]
fn a_reply_may_be_split_anywhere() {
    let reply = |id: &str| bare_event(id, "body").chunked(&[3]);
    let length = reply("split-000").to_bytes().len();
    assert!(length > 80, "{length}");
    let steps = (0..=length).flat_map(|at| {
        let event = Step::from(reply(&format!("split-{at:03}"))).split_at(&[at]);
        let taken = Step::from(script::status(202)).split_at(&[at]);
        [event, taken]
    });
    let session = function("hello").start(steps);
    let requests = session.requests(2 * (length + 1) + 1);
    for (at, pair) in requests.chunks_exact(2).enumerate() {
        assert_next(&pair[0]);
        assert_response(&pair[1], &format!("split-{at:03}"), b"body");
    }
    assert_eq!(session.api.connections(), 1);
    assert_eq!(session.stderr(), "");
}

#[test]
fn two_lengths_that_agree_are_one() {
    let event = wire(OK, "Content-Length: 5\r\ncontent-length: 5\r\n", "agree");
    assert_served(event, b"agree");
}

#[test]
fn a_status_line_needs_no_reason() {
    for start in [
        "HTTP/1.1 200 ",
        "HTTP/1.1 200",
        "HTTP/1.1 200 \u{e4}nd so on",
    ] {
        assert_served(wire(start, "Content-Length: 3\r\n", "yes"), b"yes");
    }
}

#[test]
fn bytes_behind_the_body_are_never_taken_for_a_reply() {
    let smuggled = [
        script::status(500).to_bytes(),
        b"x".to_vec(),
        bare_event("smuggled", "not this").to_bytes(),
    ];
    for behind in smuggled {
        let lengthy = bare_event("framed", "body").to_bytes();
        let chunked = bare_event("framed", "body").chunked(&[2]).to_bytes();
        for event in [lengthy, chunked] {
            let both = Reply::raw([event, behind.clone()].concat());
            assert_eq!(assert_served(both, b"body"), 2);
        }
    }
}

#[test]
fn bytes_behind_an_acknowledgement_are_never_taken_for_an_event() {
    let [first, _] = script::exchange("framed", "body");
    let [second, taken] = script::exchange("usual", "then this");
    let smuggled = bare_event("smuggled", "not this").to_bytes();
    let answer = Reply::raw([script::status(202).to_bytes(), smuggled].concat());
    let session = function("hello").start([first, answer.into(), second, taken]);
    let requests = session.requests(5);
    assert_response(&requests[1], "framed", b"body");
    assert_response(&requests[3], "usual", b"then this");
    assert_eq!(session.api.connections(), 2);
}
