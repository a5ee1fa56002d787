//! Batches of SQS, Kinesis and DynamoDB streams: only what failed comes back.
//!
//! The events are the samples of the crate `aws_lambda_events`, with more records of the same
//! form, read by functions over that crate's types.

mod common;

use coldspark_emulator::script;
use common::{Profile, Session, assert_response, aws_event, failure, function, profile};
use serde_json::{Value, json};

/// The sample with one record for each text, changed by `change`.
fn batch(sample: &str, texts: &[&str], change: impl Fn(&mut Value, usize, &str)) -> String {
    let mut event = aws_event(sample);
    let record = event["Records"][0].clone();
    let records = texts.iter().enumerate().map(|(n, text)| {
        let mut record = record.clone();
        change(&mut record, n, text);
        record
    });
    event["Records"] = records.collect();
    event.to_string()
}

fn message(record: &mut Value, n: usize, text: &str) {
    record["messageId"] = json!(format!("m-{n}"));
    record["body"] = json!(text);
}

fn answer(ids: &[&str]) -> String {
    let items = ids.iter().map(|id| json!({ "itemIdentifier": id }));
    json!({ "batchItemFailures": items.collect::<Value>() }).to_string()
}

fn events(handler: &str) -> common::Function {
    function("fixture-events").handler(handler)
}

/// The texts of the records that were tried, in their order.
fn tried(session: &Session) -> Vec<String> {
    let log = session.stderr();
    let lines = log.lines().filter(|line| line.starts_with("INFO"));
    let texts = lines.filter_map(|line| line.split("tried ").nth(1));
    let texts = texts.map(|text| text.split(" request_id=").next().unwrap_or(text));
    texts.map(str::to_owned).collect()
}

/// One batch, answered with these ids after these texts were tried.
#[track_caller]
fn check(handler: &str, event: String, ids: &[&str], texts: &[&str]) -> Session {
    let session = events(handler).start(script::exchange("b-1", event));
    assert_response(&session.requests(3)[1], "b-1", answer(ids).as_bytes());
    assert_eq!(tried(&session), texts);
    session
}

#[test]
fn texts_with_escapes_are_read_where_a_type_borrows_from_the_event() {
    // As JSON is written that keeps to ASCII.
    let ascii = |json: String| json.replace('\u{e9}', "\\u00e9");
    let order = |article: &str| ascii(json!({ "article": article, "quantity": 2 }).to_string());
    let texts = [order("caf\u{e9}"), order("12\" rope"), order("a\nb")];
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    let event = batch("sqs-event", &texts, |record, n, text| {
        message(record, n, text);
        record["messageId"] = json!(format!("m-\"{n}"));
        record["attributes"]["MessageGroupId"] = json!(format!("group \u{e9}\"{n}"));
    });
    let session = function("queue").start(script::exchange("b-1", ascii(event)));
    assert_response(&session.requests(3)[1], "b-1", answer(&[]).as_bytes());
    session.assert_logged(&["INFO", "2 caf\u{e9}", "customer=group \u{e9}\"0"]);
    session.assert_logged(&["INFO", "2 12\" rope"]);

    let event = r#"[{"id":"p-\u0031","text":"fail \"12\""},{"id":"b","text":"caf\u00e9"}]"#;
    check(
        "plain",
        event.to_owned(),
        &["p-1"],
        &["fail \"12\"", "caf\u{e9}"],
    );
}

#[test]
fn a_queue_gets_back_the_messages_that_failed() {
    let texts = ["a", "fail b", "c", "fail d"];
    let event = batch("sqs-event", &texts, message);
    let session = check("queue", event, &["m-1", "m-3"], &texts);
    for id in ["record=m-1", "record=m-3"] {
        session.assert_logged(&["ERROR", "Record.Refused: as told", id]);
    }
    let sample = aws_event("sqs-event").to_string();
    check("queue", sample, &[], &["Message Body"]);
    check("queue", json!({ "Records": [] }).to_string(), &[], &[]);
}

#[test]
fn a_fifo_queue_keeps_the_order_of_each_group() {
    let texts = ["x 1", "y fail", "x 2", "y 3", "x fail", "x 4", "z 5"];
    let event = batch("sqs-event", &texts, |record, n, text| {
        message(record, n, text);
        record["attributes"]["MessageGroupId"] = json!(&text[..1]);
    });
    let left = ["m-1", "m-3", "m-4", "m-5"];
    let tried = ["x 1", "y fail", "x 2", "x fail", "z 5"];
    let session = check("fifo", event, &left, &tried);
    session.assert_logged(&["WARN", "was not tried", "record=m-3"]);
}

#[test]
fn a_kinesis_stream_goes_back_to_the_first_failure() {
    // "ok", "fail" and "ok" in Base64.
    let event = batch(
        "kinesis-event",
        &["b2s=", "ZmFpbA==", "b2s="],
        |record, n, data| {
            record["kinesis"]["sequenceNumber"] = json!(format!("4956{n}"));
            record["kinesis"]["data"] = json!(data);
        },
    );
    let session = check("kinesis", event, &["49561"], &["ok", "fail"]);
    session.assert_logged(&["ERROR", "record=49561", "not_tried=1"]);
    let sample = aws_event("kinesis-event").to_string();
    check("kinesis", sample, &[], &["Hello World"; 2]);
}

#[test]
fn a_dynamodb_stream_goes_back_to_the_first_failure() {
    let event = batch(
        "dynamodb-event",
        &["INSERT", "fail", "fail"],
        |record, n, name| {
            record["dynamodb"]["SequenceNumber"] = json!(format!("140{n}"));
            record["eventName"] = json!(name);
        },
    );
    check("dynamodb", event, &["1401"], &["INSERT", "fail"]);
    let sample = aws_event("dynamodb-event").to_string();
    check("dynamodb", sample, &[], &["INSERT"; 2]);
}

#[test]
fn plain_types_may_borrow() {
    let event = json!([{ "id": "1", "text": "fail" }, { "id": "2", "text": "ok" }]);
    check("plain", event.to_string(), &["1"], &["fail", "ok"]);
}

#[test]
fn a_record_without_an_id_refuses_the_batch_untried() {
    for id in [Value::Null, json!("")] {
        let event = batch("sqs-event", &["fail", "ok"], |record, n, text| {
            message(record, n, text);
            if n == 1 {
                record["messageId"] = id.clone();
            }
        });
        let good = batch("sqs-event", &["good"], message);
        let steps = [
            script::exchange("b-1", event),
            script::exchange("b-2", good),
        ];
        let session = events("queue").start(steps.concat());
        let requests = session.requests(5);
        let failure = failure(&requests[1], "b-1");
        failure
            .assert_type("Runtime.InvalidEvent")
            .assert_says(&["record 2 of the batch has no id"]);
        assert_response(&requests[3], "b-2", answer(&[]).as_bytes());
        assert_eq!(tried(&session), ["good"]);
    }
}

#[test]
fn a_panic_costs_its_record_or_brings_the_batch_back() {
    let event = batch("sqs-event", &["a", "panic b", "c"], message);
    let session = events("queue").start(script::exchange("b-1", event));
    let told = "as told by panic b";
    match profile() {
        Profile::Unwind => {
            let requests = session.requests(3);
            assert_response(&requests[1], "b-1", answer(&["m-1"]).as_bytes());
            assert_eq!(tried(&session), ["a", "panic b", "c"]);
            session.assert_logged(&["Function.Panic", told, "fixture-events.rs", "record=m-1"]);
        }
        Profile::Abort => {
            let (requests, exit) = session.exit_after(2);
            failure(&requests[1], "b-1")
                .assert_type("Function.Panic")
                .assert_says(&[told, "fixture-events.rs"]);
            exit.assert_failed_with(&[told]);
        }
    }
}

#[test]
fn the_example_reports_its_sample_batch() {
    let event = include_str!("../examples/queue/event.json");
    let session = function("queue").start(script::exchange("q-1", event));
    let expected = answer(&["m-2", "m-3"]);
    assert_response(&session.requests(3)[1], "q-1", expected.as_bytes());
    session.assert_logged(&["INFO", "4 lamp", "customer=ada"]);
}
