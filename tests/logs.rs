//! The log in both formats: what a line has, and which are written.

mod common;

use coldspark_emulator::script;
use common::function;
use common::log::{FORMAT, LEVEL, lines, logging, served};
use serde_json::{Value, json};

#[test]
fn a_json_line_has_all_of_an_event() {
    let event = script::event("l-1", "\"text\"").header("Lambda-Runtime-Aws-Tenant-Id", "t\"1\\");
    let steps: [script::Step; 2] = [event.into(), script::status(202).into()];
    let session = logging("fields").env(FORMAT, "JSON").start(steps);
    session.requests(3);
    let lines = lines(&session);
    assert_eq!(lines.len(), 3);
    let line = &lines[0];
    let odd = "a\"\\\n\r\t\u{0}\u{1b}\u{7f}\u{2028}\u{1f980}";
    assert_eq!(line["message"], format!("{odd}text"));
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["target"], "fixture_logs");
    assert_eq!(line["requestId"], "l-1");
    assert_eq!(line["tenantId"], "t\"1\\");
    let fields = &line["fields"];
    assert_eq!(fields["text"], "text");
    assert_eq!(fields["odd"], odd);
    assert_eq!(fields["lossy"], "a\u{fffd}\u{fffd}\"\n");
    assert!(
        fields["path"].is_string() && fields["bytes"].is_string(),
        "{fields}"
    );
    assert_eq!(fields["small"], i64::MIN);
    assert_eq!(fields["large"], u64::MAX);
    assert_eq!(fields["huge"], u128::MAX.to_string());
    assert_eq!(fields["yes"], true);
    assert_eq!(fields["float"], 0.1);
    assert_eq!(fields["not"], "NaN");
    assert_eq!(fields["infinite"], "-inf");
    assert_eq!(fields["level"], "of the function");
    assert_eq!(fields["quoted \"name\""], 1);
    assert_eq!(lines[1]["fields"], json!({ "alone": 1 }));
    assert_eq!(lines[1]["message"], "");
    assert_eq!(lines[2]["target"], "a\"b\n");
    assert!(lines[2].get("fields").is_none() && lines[2].get("spans").is_none());
}

#[test]
fn a_json_line_has_the_spans_around_it() {
    let session = served(logging("spans").env(FORMAT, "JSON"), "\"t\"");
    let lines = lines(&session);
    let found = lines
        .iter()
        .map(|line| (line["message"].as_str().unwrap(), &line["spans"]));
    let order = json!({ "name": "order", "fields": { "id": 7, "text": "t" } });
    let total = json!({ "name": "order", "fields": { "id": 7, "text": "t", "total": 1.5 } });
    let pay = json!({ "name": "pay", "fields": {} });
    let next = json!({ "name": "ne\"xt\n", "fields": {} });
    let fields = json!({ "message": "of the span", "open": "{", "last": 1 });
    let told = json!({ "name": "told", "fields": fields });
    let expected = [
        ("in one", json!([order])),
        ("in the same", json!([total])),
        ("in two", json!([total, pay])),
        ("on another thread", Value::Null),
        ("by its name", json!([total])),
        ("entered there", json!([total])),
        ("in another", json!([next])),
        ("in the last", json!([told])),
        ("in none", Value::Null),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(message, spans)| (*message, spans))
        .collect();
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn a_text_line_has_fields_spans_and_request_id() {
    let session = served(logging("spans").env(FORMAT, "text"), "\"a\\nb\"");
    let log = session.stderr();
    for line in [
        "INFO fixture_logs: order{id=7 text=a\\nb}: in one request_id=l-1\n",
        "INFO fixture_logs: order{id=7 text=a\\nb total=1.5}: pay{}: in two by=card request_id=l-1\n",
        "INFO fixture_logs: on another thread",
        "INFO fixture_logs: told{message=of the span open={ last=1}: in the last request_id=l-1\n",
        "INFO fixture_logs: in none request_id=l-1\n",
    ] {
        assert!(log.contains(line), "{line}{log}");
    }
    let session = served(logging("fields"), "\"t\"");
    let log = session.stderr();
    assert!(
        log.contains("INFO fixture_logs: alone=1 request_id=l-1\n"),
        "{log}"
    );
    assert_eq!(log.lines().count(), 3, "{log}");
}

#[test]
fn no_control_character_of_an_event_reaches_a_text_line() {
    let codes = (0..=0x1f).chain(0x7f..=0x9f).chain([0x2028, 0x2029]);
    let odd: String = codes.filter_map(char::from_u32).collect();
    let failing = json!({ "error_type": format!("A.{odd}"), "message": odd });
    for (function, handler, event) in [
        ("fixture-functions", "log", json!(odd)),
        ("fixture-functions", "fail", failing),
        ("fixture-functions", "panic", json!(odd)),
        ("fixture-logs", "fields", json!(odd)),
        ("fixture-logs", "spans", json!(odd)),
    ] {
        let session = common::function(function)
            .handler(handler)
            .start(script::exchange("l-1", event.to_string()));
        match (handler, common::profile()) {
            ("panic", common::Profile::Abort) => drop(session.exit_after(2)),
            _ => drop(session.requests(3)),
        }
        let log = session.stderr();
        for shown in [
            "\\u001b", "\\u007f", "\\u009b", "\\u2028", "\\u2029", "\t", "\\n", "\\r",
        ] {
            assert!(log.contains(shown), "{handler}, {shown:?}: {log:?}");
        }
        let raw = log.chars().find(|character| match character {
            '\t' | '\n' => false,
            '\u{2028}' | '\u{2029}' => true,
            other => other.is_control(),
        });
        assert_eq!(raw, None, "{handler}: {log:?}");
        assert!(log.lines().all(|line| line.contains(": ")), "{log:?}");
    }
}

#[test]
fn levels_are_filtered_in_any_case_and_format() {
    let all = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];
    for (level, least) in [
        ("TRACE", 0),
        ("trace", 0),
        ("Debug", 1),
        ("iNFO", 2),
        ("", 2),
        ("WARN", 3),
        ("error", 4),
        ("FATAL", 4),
        ("Fatal", 4),
    ] {
        let log = function("fixture-functions")
            .handler("log")
            .env(LEVEL, level);
        let session = served(log.env(FORMAT, "jSON"), "\"x\"");
        let lines = lines(&session);
        let found: Vec<_> = lines
            .iter()
            .map(|line| line["level"].as_str().unwrap())
            .collect();
        assert_eq!(found, all[least..], "{level}");
        let log = function("fixture-functions")
            .handler("log")
            .env(LEVEL, level);
        let session = served(log.env(FORMAT, "TEXT"), "\"x\"");
        let log = session.stderr();
        let found: Vec<_> = log
            .lines()
            .filter_map(|line| line.split(' ').next())
            .collect();
        assert_eq!(found, all[least..], "{level}");
    }
}

#[test]
fn an_unknown_level_is_warned_of_once_and_info() {
    let log = function("fixture-functions")
        .handler("log")
        .env(LEVEL, "verb\"ose\n");
    let steps = ["a", "b"].map(|id| script::exchange(id, "\"x\""));
    let session = log.env(FORMAT, "json").start(steps.concat());
    session.requests(5);
    let lines = lines(&session);
    let found: Vec<_> = lines
        .iter()
        .map(|line| line["level"].as_str().unwrap())
        .collect();
    assert_eq!(
        found,
        ["WARN", "INFO", "WARN", "ERROR", "INFO", "WARN", "ERROR"]
    );
    let warning = lines[0]["message"].as_str().unwrap();
    assert!(
        warning.starts_with("AWS_LAMBDA_LOG_LEVEL is \"verb\\\"ose\\n\""),
        "{warning}"
    );
    assert!(warning.contains("\"FATAL\""), "{warning}");
}

#[test]
fn an_unknown_format_is_warned_of_once_and_text() {
    let log = function("fixture-functions")
        .handler("log")
        .env(FORMAT, "xml");
    let session = served(log, "\"x\"");
    let log = session.stderr();
    assert_eq!(log.lines().count(), 4, "{log}");
    assert!(
        log.starts_with("WARN coldspark: AWS_LAMBDA_LOG_FORMAT is \"xml\""),
        "{log}"
    );
    assert!(log.contains("[\"Text\", \"JSON\"]"), "{log}");
}

#[test]
fn a_request_id_is_on_the_lines_of_its_own_event() {
    let steps = ["a", "b", "c"].map(|id| script::exchange(id, "\"x\""));
    let log = function("fixture-functions")
        .handler("log")
        .env(LEVEL, "error");
    let session = log.env(FORMAT, "JSON").start(steps.concat());
    session.requests(7);
    let ids = lines(&session)
        .iter()
        .map(|line| line["requestId"].clone())
        .collect::<Vec<_>>();
    assert_eq!(ids, ["a", "b", "c"]);
}

#[test]
fn a_header_that_is_ignored_is_a_line_of_its_event() {
    let steps = [
        script::exchange("a", "1"),
        [
            script::event("b", "2")
                .without_header("Lambda-Runtime-Deadline-Ms")
                .header("Lambda-Runtime-Deadline-Ms", "soon")
                .into(),
            script::status(202).into(),
        ],
    ];
    let log = function("fixture-functions")
        .handler("echo")
        .env(FORMAT, "JSON");
    let session = log.start(steps.concat());
    session.requests(5);
    let lines = lines(&session);
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (&lines[0]["requestId"], &lines[0]["level"]),
        (&json!("b"), &json!("WARN"))
    );
}
