//! What the Runtime API replies to a streamed response, during it and behind it.

use coldspark_emulator::script::{self, Step};
use serde_json::json;

use crate::common::assert_response;
use crate::{goes_on, start};

#[test]
fn a_refusal_behind_the_stream_is_logged() {
    for (status, meaning) in [
        (400, "not accepted"),
        (403, "not allowed"),
        (410, "too late"),
        (413, "too large"),
    ] {
        let event = json!([{"Write": "x"}, "Flush", {"Write": "y"}]);
        let session = start(&event, script::status(status));
        assert_eq!(goes_on(&session).text(), "xy");
        let status = format!("status {status}");
        session.assert_logged(&["WARN", "the answer was not taken", &status, meaning]);
    }
    let session = start(&json!([{"Write": "x"}]), script::status(500));
    let (_, exit) = session.exit_after(2);
    exit.assert_failed_with(&["status 500", "the process ends"]);
}

#[test]
fn a_refusal_within_the_stream_ends_the_writing() {
    // More than sockets hold, so that the refusal is there before all was written.
    let event = json!(["Stubborn", {"Bytes": 30_000_000}, {"Write": "more"}, "Flush"]);
    for status in [400, 403, 410, 413] {
        for answer in [
            Step::from(script::status(status)).before_body(),
            Step::from(script::status(status))
                .before_body()
                .then_close(),
            // It never reads on.
            Step::from(script::status(status)).before_body().then_park(),
        ] {
            let session = start(&event, answer);
            goes_on(&session);
            let status = format!("status {status}");
            session.assert_logged(&["WARN", "the answer was not taken", &status]);
            session.assert_logged(&["going on after", "BrokenPipe", "nobody reads"]);
        }
    }
}

#[test]
fn interim_replies_within_the_stream_are_no_answer() {
    // More than sockets hold, and what fits into one write.
    let events = [
        json!([{"Bytes": 30_000_000}, {"Write": "end"}]),
        json!([{"Write": "x"}, "Flush", {"Sleep": 20}, {"Write": "y"}, "Flush", {"Sleep": 20},
            {"Write": "end"}]),
        json!([{"Write": "end"}]),
    ];
    for interim in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n",
        "HTTP/1.1 100 \r\n\r\nHTTP/1.1 103 \r\n\r\n",
        // The rest of it comes with the answer.
        "HTTP/1.1 103 Early Hints\r\nLink: ",
    ] {
        for event in &events {
            let rest = if interim.ends_with(' ') {
                "x\r\n\r\n"
            } else {
                ""
            };
            let answer = [rest.as_bytes(), &script::status(202).to_bytes()].concat();
            let answer = Step::from(script::raw(answer)).after_interim(interim);
            let session = start(event, answer);
            assert!(goes_on(&session).text().ends_with("end"));
            assert_eq!(session.stderr(), "");
        }
    }
    // A refusal behind them is one.
    let early = Step::from(script::status(413)).before_body();
    let event = json!(["Stubborn", {"Bytes": 30_000_000}, {"Write": "more"}, "Flush"]);
    let session = start(&event, early.after_interim("HTTP/1.1 100 Continue\r\n\r\n"));
    goes_on(&session);
    session.assert_logged(&["WARN", "the answer was not taken", "status 413"]);
}

#[test]
fn a_success_within_the_stream_does_not_end_the_writing() {
    // `cargo lambda watch` answers at the head, and reads on.
    let chunks = json!([{"Write": "a"}, "Flush", {"Sleep": 20}, {"Write": "b"}, "Flush",
        {"Sleep": 20}, {"Write": "end"}]);
    for event in [chunks, json!([{"Bytes": 30_000_000}, {"Write": "end"}])] {
        let early = Step::from(script::raw("")).after_interim(script::status(200).to_bytes());
        let session = start(&event, early.then_close());
        // In whichever order the server has read them: the client is done when all was sent.
        let requests = session.requests(5);
        let answer = |id: &str| {
            let mut requests = requests.iter();
            requests.find(|request| request.request_id() == Some(id))
        };
        let streamed = answer("stream").expect("a response");
        assert!(streamed.is_complete(), "{:?}", streamed.fault);
        assert!(streamed.text().ends_with("end"));
        assert_response(
            answer("after").expect("a response"),
            "after",
            b"still there",
        );
        assert_eq!(session.stderr(), "");
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_writing() {
    let event = json!([{"Bytes": 30_000_000}]);
    let session = start(&event, Step::close_after_head());
    goes_on(&session);
    session.assert_logged(&["ERROR", "Fixture.Write", "BrokenPipe", "nobody reads"]);
    session.assert_logged(&[
        "WARN",
        "the answer was not taken",
        "POST invocation/response",
    ]);
    // At the end of a small response it is noticed when the answer does not come.
    let session = start(&json!([{"Write": "x"}]), Step::reset());
    goes_on(&session);
    session.assert_logged(&[
        "WARN",
        "the answer was not taken",
        "POST invocation/response",
    ]);
}
