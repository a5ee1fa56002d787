//! Nothing of one invocation is seen in another.

mod common;

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::{self, Request, Step};
use common::{Session, assert_response, bare_event, exchanges, failure, function};
use serde_json::{Value, json};

const POISON: &str = "POISON";

/// The sizes of the short events that follow a long one.
const SHORT: [usize; 9] = [0, 1, 2, 15, 16, 100, 4095, 4096, 4097];

fn poison(size: usize) -> String {
    POISON.repeat(size / POISON.len() + 1)
}

#[test]
fn a_short_event_after_a_long_one_has_no_old_bytes() {
    for handler in ["echo", "copy"] {
        let events = SHORT.iter().enumerate().flat_map(|(n, size)| {
            [
                (format!("long-{n}"), poison(300_000)),
                (format!("short-{n}"), "s".repeat(*size)),
            ]
        });
        let session = function("fixture-functions")
            .handler(handler)
            .start(exchanges(events));
        let requests = session.requests(4 * SHORT.len() + 1);
        for (n, size) in SHORT.iter().enumerate() {
            assert_response(
                &requests[4 * n + 1],
                &format!("long-{n}"),
                poison(300_000).as_bytes(),
            );
            assert_response(
                &requests[4 * n + 3],
                &format!("short-{n}"),
                "s".repeat(*size).as_bytes(),
            );
        }
    }
}

#[test]
fn short_json_after_long_json_has_no_old_bytes() {
    let long = format!("[\"{}\"]", poison(300_000));
    let short = SHORT.map(|size| format!("\"{}\"", "s".repeat(size)));
    let events = short.iter().enumerate().flat_map(|(n, text)| {
        [
            (format!("long-{n}"), long.clone()),
            (format!("short-{n}"), text.clone()),
        ]
    });
    let session = function("fixture-functions")
        .handler("json")
        .start(exchanges(events));
    let requests = session.requests(4 * SHORT.len() + 1);
    for (n, text) in short.iter().enumerate() {
        assert_response(&requests[4 * n + 1], &format!("long-{n}"), long.as_bytes());
        assert_response(&requests[4 * n + 3], &format!("short-{n}"), text.as_bytes());
    }
}

#[test]
fn a_failed_event_leaves_nothing_for_the_next() {
    let cut = bare_event("cut", poison(50_000)).set_header("Content-Length", "60000");
    let session = function("fixture-functions").handler("json").start([
        Step::from(script::event("bad", poison(50_000))),
        script::status(202).into(),
        Step::from(cut).then_close(),
        script::status(202).into(),
        script::event("good", "[]").into(),
        script::status(202).into(),
    ]);
    let requests = session.requests(7);
    for (at, id) in [(1, "bad"), (3, "cut")] {
        let failure = failure(&requests[at], id);
        failure.assert_type("Runtime.InvalidEvent");
        assert!(!failure.message.contains(POISON), "{failure:?}");
    }
    assert_response(&requests[5], "good", b"[]");
    assert!(!session.stderr().contains(POISON));
}

#[test]
fn a_response_that_was_begun_and_failed_leaves_nothing_for_the_next() {
    let events = [("bad", "[[1]]"), ("good", "[]")];
    let events = events.map(|(id, event)| (id.to_owned(), event));
    let session = function("fixture-functions")
        .handler("map")
        .start(exchanges(events));
    let requests = session.requests(5);
    failure(&requests[1], "bad").assert_type("Runtime.InvalidResponse");
    assert_response(&requests[3], "good", b"{}");
}

#[test]
fn headers_of_one_event_are_not_those_of_the_next() {
    let full = |id: &str| -> Reply {
        script::event(id, "{}")
            .header("Lambda-Runtime-Client-Context", &poison(4_000))
            .header("Lambda-Runtime-Cognito-Identity", POISON)
            .header("Lambda-Runtime-Aws-Tenant-Id", POISON)
            .set_header("Lambda-Runtime-Invocation-Id", POISON)
            .set_header("Lambda-Runtime-Trace-Id", POISON)
    };
    let taken = || script::status(202);
    let session = function("fixture-functions").handler("context").start([
        full("full"),
        taken(),
        bare_event("bare", "{}"),
        taken(),
        bare_event("b", "{}"),
        taken(),
    ]);
    let requests = session.requests(7);
    assert!(requests[1].text().contains(POISON));
    for (at, id) in [(3, "bare"), (5, "b")] {
        assert!(
            !requests[at].text().contains(POISON),
            "{}",
            requests[at].text()
        );
        assert_eq!(requests[at].header("Lambda-Runtime-Invocation-Id"), None);
        let context = requests[at].json();
        assert_eq!(context["request_id"], id);
        assert_eq!(context["tenant_id"], Value::Null);
    }
}

#[test]
fn an_error_of_one_event_is_not_that_of_the_next() {
    let events = [
        r#"{"error_type":"Poison.Long","message":"POISON POISON","stack_trace":["POISON"]}"#,
        r#"{"error_type":"A.B","message":""}"#,
    ];
    let events = events.into_iter().enumerate();
    let steps = exchanges(events.map(|(n, event)| (format!("e-{n}"), event)));
    let session = function("fixture-functions").handler("fail").start(steps);
    let requests = session.requests(5);
    failure(&requests[1], "e-0").assert_says(&[POISON]);
    let second = failure(&requests[3], "e-1");
    second.assert_type("A.B");
    assert_eq!((second.message.as_str(), second.stack_trace.len()), ("", 0));
}

/// Nothing but the answers to these events has the pattern: no other answer, in head, body or
/// trailers, and no line of the log.
#[track_caller]
fn only_of(session: &Session, requests: &[Request], poisoned: &[&str]) {
    let has = |bytes: &[u8]| {
        bytes
            .windows(POISON.len())
            .any(|part| part == POISON.as_bytes())
    };
    for request in requests {
        let own = poisoned
            .iter()
            .any(|id| request.path.contains(&format!("/{id}/")));
        let trailers = request
            .trailers
            .iter()
            .any(|(_, value)| has(value.as_bytes()));
        assert!(
            own || !has(&request.head) && !has(&request.body) && !trailers,
            "{}: {}",
            request.path,
            request.text()
        );
    }
    assert!(!has(session.stderr().as_bytes()), "{}", session.stderr());
}

#[test]
fn an_event_that_comes_in_parts_or_not_whole_has_nothing_of_the_last_one() {
    for size in [3_000, 300_000, 6_000_000] {
        let short = b"\"short\"".as_slice();
        let taken = || Step::from(script::status(202));
        let poisoned = |n: usize| {
            let event = format!("\"{}\"", poison(size));
            [
                Step::from(script::event(&format!("poison-{n}"), event)),
                taken(),
            ]
        };
        let event = |id: &str| script::event(id, short);
        let cut =
            |id: &str| Step::from(event(id).set_header("Content-Length", "1000000")).then_close();
        let length = event("parts").to_bytes().len();
        let mut steps = Vec::new();
        for (n, next) in [
            Step::from(event("dribbled")).dribble(),
            Step::from(event("parts")).split_at(&[length - 3, length - 1]),
            Step::from(event("chunked").chunked(&[1, 2])),
            // Announced longer than it is: an error, and not filled up with what was there.
            cut("cut"),
            Step::from(event("empty").body("")),
        ]
        .into_iter()
        .enumerate()
        {
            steps.extend(poisoned(n));
            steps.extend([next, taken()]);
        }
        let session = function("fixture-functions").handler("json").start(steps);
        let requests = session.requests(21);
        for (at, id) in [(3, "dribbled"), (7, "parts"), (11, "chunked")] {
            assert_response(&requests[at], id, short);
        }
        for (at, id) in [(15, "cut"), (19, "empty")] {
            failure(&requests[at], id).assert_type("Runtime.InvalidEvent");
        }
        let own = [0, 1, 2, 3, 4].map(|n| format!("poison-{n}"));
        only_of(&session, &requests, &own.each_ref().map(String::as_str));
    }
}

#[test]
fn a_refusal_has_nothing_of_the_last_event_in_the_log() {
    let long = format!("\"{}\"", poison(300_000));
    let session = function("fixture-functions").handler("json").start([
        Step::from(script::event("poison", long)),
        script::status(202).into(),
        script::event("refused", "[1]").into(),
        script::status(403).body("").into(),
        script::event("failed", "x").into(),
        script::status(400).body("{\"errorMessage\":\"no\"").into(),
        script::event("good", "[]").into(),
        script::status(202).into(),
    ]);
    let requests = session.requests(9);
    assert_response(&requests[7], "good", b"[]");
    only_of(&session, &requests, &["poison"]);
}

#[test]
fn a_stream_has_nothing_of_the_last_one() {
    let write = |size: usize| json!({ "Write": poison(size) });
    let fail = json!({"Fail": {"error_type": "A.B", "message": "late"}});
    let steps = [
        script::exchange("poison-1", json!([write(300_000)]).to_string()),
        script::exchange(
            "short",
            json!([{"Write": "a"}, "Flush", {"Write": "b"}]).to_string(),
        ),
        script::exchange(
            "poison-2",
            json!([write(1000), "Flush", write(1000)]).to_string(),
        ),
        script::exchange(
            "failed",
            json!([{"Write": "a"}, "Flush", {"Write": "b"}, fail]).to_string(),
        ),
        // Collected and never sent.
        script::exchange("poison-3", json!([write(1000), fail]).to_string()),
        script::exchange("empty", json!([]).to_string()),
    ];
    let session = function("fixture-stream")
        .handler("script")
        .start(steps.concat());
    let requests = session.requests(13);
    let bodies: Vec<_> = [3, 7, 11].map(|at| requests[at].text()).into();
    assert_eq!(bodies, ["ab", "ab", ""]);
    only_of(&session, &requests, &["poison-1", "poison-2"]);
}
