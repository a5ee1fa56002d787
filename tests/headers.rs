//! The headers that come with an event: present, absent, odd or useless.

mod common;

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::{self, Step};
use common::{Client, assert_next, assert_response, bare_event, client, function, with_bytes};
use serde_json::{Value, json};

const REQUEST_ID: &str = "Lambda-Runtime-Aws-Request-Id";
const DEADLINE: &str = "Lambda-Runtime-Deadline-Ms";
const CLIENT_CONTEXT: &str = "Lambda-Runtime-Client-Context";

/// Serves these events with the function that returns its context; gives the contexts and the
/// log.
#[track_caller]
fn contexts(events: impl IntoIterator<Item = (&'static str, Reply)>) -> (Vec<Value>, String) {
    let mut ids = Vec::new();
    let mut steps = Vec::new();
    for (id, event) in events {
        ids.push(id);
        steps.extend([Step::from(event), script::status(202).into()]);
    }
    let session = function("fixture-functions")
        .handler("context")
        .start(steps);
    let requests = session.requests(2 * ids.len() + 1);
    let answers = requests[1..].iter().step_by(2);
    let contexts = ids.iter().zip(answers).map(|(id, answer)| {
        assert_response(answer, id, &answer.body);
        answer.json()
    });
    (contexts.collect(), session.stderr())
}

/// Gives this event and expects the end, with these texts in the log and nothing answered.
#[track_caller]
fn assert_unanswerable(event: Reply, texts: &[&str]) {
    let session = function("hello").start([event]);
    let (requests, exit) = session.exit_after(1);
    assert_next(&requests[0]);
    exit.assert_failed_with(&["GET invocation/next", REQUEST_ID]);
    exit.assert_failed_with(texts);
}

#[test]
fn every_optional_header_may_be_absent() {
    let (contexts, log) = contexts([("only-the-id", bare_event("only-the-id", "{}"))]);
    let context = contexts[0].as_object().expect("an object");
    for (name, value) in context {
        match name.as_str() {
            "request_id" => assert_eq!(value, "only-the-id"),
            "debug" => {}
            _ => assert_eq!(value, &Value::Null, "{name}"),
        }
    }
    assert_eq!(log, "");
}

#[test]
fn an_empty_optional_header_is_as_good_as_absent() {
    let mut event = bare_event("empty", "{}");
    for name in [
        "Deadline-Ms",
        "Invoked-Function-Arn",
        "Trace-Id",
        "Client-Context",
        "Cognito-Identity",
        "Aws-Tenant-Id",
    ] {
        event = event.header(&format!("Lambda-Runtime-{name}"), "");
    }
    let (contexts, log) = contexts([("empty", event)]);
    let context = &contexts[0];
    for name in [
        "deadline_ms",
        "function_arn",
        "trace_id",
        "client_context",
        "cognito_identity",
        "tenant_id",
    ] {
        assert_eq!(context[name], Value::Null, "{name}");
    }
    assert_eq!(log, "");
}

#[test]
fn an_event_without_a_request_id_ends_the_process_unanswered() {
    assert_unanswerable(
        Reply::new(200).body("{}"),
        &["came without", "cannot be answered"],
    );
    assert_unanswerable(
        bare_event("", "{}"),
        &["came without", "cannot be answered"],
    );
}

#[test]
fn an_event_with_an_unusable_request_id_ends_the_process_unanswered() {
    for id in ["two words", "a/../b\tc", "caf\u{e9}"] {
        assert_unanswerable(
            bare_event(id, "{}"),
            &["unusable value", "cannot be answered"],
        );
    }
    let raw = with_bytes(&bare_event("MARK", "{}"), "MARK", b"a\xffb");
    assert_unanswerable(raw, &["unusable value", "cannot be answered"]);
}

#[test]
fn a_request_id_that_would_lead_elsewhere_ends_the_process_unanswered() {
    for id in [
        ".",
        "..",
        "...",
        "../next",
        "a/b",
        "a//b",
        "/",
        "%2e",
        "%2E%2e",
        ".%2e",
        "%252e.",
        "a%2Fb",
        "a%5cb",
        "a%25252fb",
        "a?b",
        "a#b",
        "a\\b",
        "..;",
        "..;a",
        "%2e.;a=b",
        ";",
    ] {
        assert_unanswerable(
            bare_event(id, "{}"),
            &["unusable value", "cannot be answered"],
        );
    }
}

#[test]
fn a_request_id_of_any_characters_that_a_path_keeps_is_answered() {
    for id in [
        ".a",
        "a..",
        "..a",
        "a.b-c_d~e",
        "!$&'()*+,;=:@",
        "%2ea",
        "%252",
        "a%",
    ] {
        let session = function("hello").start([bare_event(id, "{}"), script::status(202)]);
        let requests = session.requests(3);
        assert_response(&requests[1], id, b"{}");
    }
}

#[test]
fn long_headers_arrive_whole() {
    let long = |length: usize| json!({ "custom": { "k": "v".repeat(length) } }).to_string();
    let values = [
        long(7_000),
        long(100_000),
        long(900_000),
        "short".to_owned(),
    ];
    let events = ["l1", "l2", "l3", "l4"].into_iter().zip(&values);
    let events = events.map(|(id, value)| (id, bare_event(id, "{}").header(CLIENT_CONTEXT, value)));
    let (contexts, _) = contexts(events);
    for (context, value) in contexts.iter().zip(&values) {
        let got = context["client_context"].as_str().expect("a text");
        assert!(got == value, "{} of {} bytes", got.len(), value.len());
    }
}

#[test]
fn many_headers_are_read() {
    let mut event = Reply::new(200);
    for n in 0..100 {
        event = event.header(&format!("X-Other-{n}"), "of no interest");
    }
    let event = event.header(REQUEST_ID, "last").body("{}");
    let (contexts, _) = contexts([("last", event)]);
    assert_eq!(contexts[0]["request_id"], "last");
}

#[test]
fn more_headers_than_a_client_takes_end_the_process() {
    let mut event = bare_event("many", "{}");
    for _ in 0..2000 {
        event = event.header("X", "y");
    }
    let session = function("hello").start([event]);
    let (_, exit) = session.exit_after(1);
    exit.assert_failed_with(&["GET invocation/next", "malformed reply", "headers"]);
}

#[test]
fn names_are_compared_without_case() {
    let event = Reply::new(200)
        .header("lambda-runtime-aws-request-id", "lower")
        .header("LAMBDA-RUNTIME-AWS-TENANT-ID", "UPPER")
        .header("lAMBDA-rUNTIME-tRACE-iD", "mIXED")
        .body("{}");
    let (contexts, _) = contexts([("lower", event)]);
    assert_eq!(contexts[0]["tenant_id"], "UPPER");
    assert_eq!(contexts[0]["trace_id"], "mIXED");
}

#[test]
fn a_deadline_that_is_no_number_is_left_out_with_a_warning() {
    let values = ["soon", "-1", "12.5", "18446744073709551616", "0x10", "1e3"];
    let ids = ["d0", "d1", "d2", "d3", "d4", "d5"];
    let events = ids.into_iter().zip(values);
    let (contexts, log) =
        contexts(events.map(|(id, value)| (id, bare_event(id, "{}").header(DEADLINE, value))));
    let warnings: Vec<_> = log.lines().collect();
    assert_eq!((warnings.len(), contexts.len()), (6, 6), "{log}");
    for ((context, warning), value) in contexts.iter().zip(warnings).zip(values) {
        assert_eq!(context["deadline_ms"], Value::Null, "{value}");
        assert_eq!(context["time_left_ms"], Value::Null, "{value}");
        assert!(warning.starts_with("WARN "), "{warning}");
        assert!(warning.contains(DEADLINE), "{warning}");
        assert!(warning.contains(&format!("{value:?}")), "{warning}");
    }
}

#[test]
fn a_deadline_leaves_time_until_it_has_passed() {
    let far = u64::MAX.to_string();
    let events = [
        ("past", "1000"),
        ("zero", "0"),
        ("far", &far),
        ("2100", "4102444800000"),
    ];
    let (contexts, log) =
        contexts(events.map(|(id, value)| (id, bare_event(id, "{}").header(DEADLINE, value))));
    assert_eq!(contexts[0]["time_left_ms"], 0);
    assert_eq!(contexts[1]["time_left_ms"], 0);
    assert_eq!(contexts[0]["deadline_ms"], 1000);
    assert_eq!(contexts[2]["deadline_ms"], u64::MAX);
    assert!(contexts[2]["time_left_ms"].as_u64() > Some(1 << 60));
    assert!(contexts[3]["time_left_ms"].as_u64() > Some(0));
    assert_eq!(log, "");
}

#[test]
fn an_optional_header_that_is_not_text_is_left_out_with_a_warning() {
    let event = bare_event("bytes", "{}")
        .header(CLIENT_CONTEXT, "MARK")
        .header("Lambda-Runtime-Aws-Tenant-Id", "blue");
    let event = with_bytes(&event, "MARK", b"\xc3\x28\xff");
    let (contexts, log) = contexts([("bytes", event)]);
    assert_eq!(contexts[0]["client_context"], Value::Null);
    assert_eq!(contexts[0]["tenant_id"], "blue");
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.starts_with("WARN "), "{log}");
    assert!(log.contains(CLIENT_CONTEXT), "{log}");
    assert!(log.contains("not UTF-8"), "{log}");
}

#[test]
fn a_value_is_taken_without_the_space_around_it() {
    let wire = "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id:spaces\r\n\
                Lambda-Runtime-Trace-Id: \t Root=1; Parent=2 \t\r\nContent-Length: 2\r\n\r\n{}";
    let (contexts, _) = contexts([("spaces", Reply::raw(wire))]);
    assert_eq!(contexts[0]["trace_id"], "Root=1; Parent=2");
}

#[test]
fn a_head_without_end_ends_the_process() {
    let endless = bare_event("endless", "{}").header(CLIENT_CONTEXT, &"x".repeat(4 << 20));
    let step = Step::from(endless).cut_at(3 << 20).then_park();
    let session = function("hello").start([step]);
    let (_, exit) = session.exit_after(1);
    let limit = match client() {
        Client::Own => "over 2 MiB",
        Client::Ureq => "2097152",
    };
    exit.assert_failed_with(&["GET invocation/next", "malformed reply", limit]);
}
