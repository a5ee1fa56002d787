//! The log in both formats: its members, its levels, one write a line, and metrics.

mod common;

use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::Duration;

use coldspark_emulator::script;
use common::{Function, Profile, Session, assert_response, function, profile};
use serde_json::{Value, json};

const FORMAT: &str = "AWS_LAMBDA_LOG_FORMAT";
const LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";

fn logging(handler: &str) -> Function {
    function("fixture-logs").handler(handler)
}

/// Serves one event, with the request id `l-1`.
#[track_caller]
fn served(function: Function, event: &str) -> Session {
    let session = function.start(script::exchange("l-1", event));
    session.requests(3);
    session
}

/// A line of the log in JSON, checked for what every line has.
#[track_caller]
fn parsed(line: &str) -> Value {
    let json: Value = match serde_json::from_str(line) {
        Ok(json) => json,
        Err(error) => panic!("{error}: {line:?}"),
    };
    let stamp = json["timestamp"].as_str().expect("a timestamp");
    let form = stamp
        .bytes()
        .map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    assert_eq!(
        form.collect::<Vec<_>>(),
        b"0000-00-00T00:00:00.000Z",
        "{stamp}"
    );
    assert!(stamp > "2025", "{stamp}");
    for member in ["level", "message", "target"] {
        assert!(json[member].is_string(), "{member}: {line}");
    }
    json
}

fn lines(session: &Session) -> Vec<Value> {
    let stderr = session.stderr();
    assert!(stderr.is_empty() || stderr.ends_with('\n'), "{stderr:?}");
    stderr.lines().map(parsed).collect()
}

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
    let expected = [
        ("in one", json!([order])),
        ("in the same", json!([total])),
        ("in two", json!([total, pay])),
        ("on another thread", Value::Null),
        ("by its name", json!([total])),
        ("entered there", json!([total])),
        ("in another", json!([next])),
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

#[test]
fn an_error_is_a_structured_record() {
    let failure =
        r#"{"error_type":"Order.Empty","message":"no \"pieces\"\n","stack_trace":["f","g"]}"#;
    let fail = || function("fixture-functions").handler("fail");
    let lines = lines(&served(fail().env(FORMAT, "JSON"), failure));
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["requestId"], "l-1");
    assert_eq!(line["message"], "Order.Empty: no \"pieces\"\n");
    assert_eq!(line["errorType"], "Order.Empty");
    assert_eq!(line["errorMessage"], "no \"pieces\"\n");
    assert_eq!(line["stackTrace"], json!(["f", "g"]));
    let session = served(fail(), failure);
    let expected = "ERROR coldspark: Order.Empty: no \"pieces\"\\n request_id=l-1\n";
    assert_eq!(session.stderr(), expected);
}

#[test]
fn a_panic_is_a_structured_record() {
    let panic = function("fixture-functions")
        .handler("panic")
        .env(FORMAT, "JSON");
    let session = panic.start(script::exchange("p-1", "\"out of \\\"rope\\\"\\n\""));
    match profile() {
        Profile::Abort => drop(session.exit_after(2)),
        Profile::Unwind => drop(session.requests(3)),
    }
    let lines = lines(&session);
    let line = &lines[0];
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["requestId"], "p-1");
    assert_eq!(line["errorType"], "Function.Panic");
    let message = line["errorMessage"].as_str().unwrap();
    assert!(message.contains("fixture-functions.rs:"), "{message}");
    assert!(message.ends_with(": out of \"rope\"\n"), "{message}");
    assert_eq!(line["stackTrace"], json!([]));
}

#[test]
fn an_init_error_is_a_structured_record() {
    let log = function("fixture-functions")
        .handler("nobody")
        .env(FORMAT, "JSON");
    let session = log.start([script::status(202)]);
    session.exit_after(1);
    let lines = lines(&session);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["errorType"], "Runtime.NoSuchHandler");
    assert_eq!(lines[0]["level"], "ERROR");
    assert!(lines[0].get("requestId").is_none());
    let message = lines[0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("the init phase failed: Runtime.NoSuchHandler: "),
        "{message}"
    );
}

#[test]
fn each_line_is_one_write() {
    let (log, end) = UnixDatagram::pair().unwrap();
    log.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let function = logging("threads")
        .env(FORMAT, "JSON")
        .logging_to(OwnedFd::from(end));
    let event = r#"{"threads":16,"lines":20,"size":40000}"#;
    let session = function.start(script::exchange("w-1", event));
    let mut last = [-1; 16];
    let mut datagram = vec![0; 1 << 20];
    for _ in 0..16 * 20 {
        let length = log.recv(&mut datagram).expect("a line");
        check_line(
            &String::from_utf8_lossy(&datagram[..length]),
            &mut last,
            40_000,
        );
    }
    session.requests(3);
}

#[test]
fn long_lines_of_many_threads_never_mix() {
    // A stream that is full takes a line in pieces.
    let (log, end) = UnixStream::pair().unwrap();
    log.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let function = logging("threads")
        .env(FORMAT, "JSON")
        .logging_to(OwnedFd::from(end));
    let event = r#"{"threads":16,"lines":3,"size":300000}"#;
    let session = function.start(script::exchange("w-1", event));
    let mut last = [-1; 16];
    let mut log = BufReader::new(log);
    for _ in 0..16 * 3 {
        let mut line = String::new();
        log.read_line(&mut line).expect("a line");
        check_line(&line, &mut last, 300_000);
    }
    session.requests(3);
}

/// A whole line of `threads`, which follows the last one of its thread.
#[track_caller]
fn check_line(line: &str, last: &mut [i64; 16], size: usize) {
    assert!(line.ends_with("}\n"), "{} bytes", line.len());
    let fields = &parsed(line)["fields"];
    let number = fields["number"].as_u64().unwrap() as usize;
    let next = fields["line"].as_i64().unwrap();
    assert_eq!(next, last[number] + 1);
    last[number] = next;
    let text = fields["text"].as_str().unwrap();
    let letter = b'a' + number as u8;
    assert!(text.len() == size && text.bytes().all(|byte| byte == letter));
}

#[test]
fn metrics_are_a_line_of_standard_output_in_either_format() {
    for format in ["JSON", "Text"] {
        let session = served(logging("metrics").env(FORMAT, format), "[1.5, 2]");
        assert_eq!(session.stderr(), "");
        let output = session.process.stdout();
        let (record, rest) = output.split_once('\n').expect("a line");
        assert_eq!(rest, "begun and ended\n");
        let json: Value = serde_json::from_str(record).unwrap();
        let directive = &json["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Tests");
        assert_eq!(directive["Dimensions"], json!([["Service"]]));
        assert_eq!(
            directive["Metrics"],
            json!([{ "Name": "Value", "Unit": "Milliseconds" }])
        );
        assert!(json["_aws"]["Timestamp"].as_u64().unwrap() > 1_735_689_600_000);
        assert_eq!(json["Service"], "logs");
        assert_eq!(json["Value"], json!([1.5, 2.0]));
        assert_eq!(json["requestId"], "l-1");
    }
}

#[test]
fn metrics_over_a_limit_are_an_error_and_not_written() {
    let values = format!("{:?}", [1; 101]);
    let session = logging("metrics").start(script::exchange("l-1", values));
    let requests = session.requests(3);
    let failure = common::failure(&requests[1], "l-1");
    assert_eq!(failure.error_type, "InvalidRecord");
    failure.assert_says(&["101 values", "may have 100"]);
    assert!(!session.process.stdout().contains("_aws"));
}

#[test]
fn a_traceparent_is_made_of_the_x_ray_header() {
    let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
    let made = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8";
    for (header, expected) in [
        (
            format!("{root};Parent=53995c3f42cd8ad8;Sampled=1"),
            Some(format!("{made}-01")),
        ),
        (
            format!("{root};Parent=53995c3f42cd8ad8;Sampled=0"),
            Some(format!("{made}-00")),
        ),
        (root.to_owned(), None),
        ("Root=2-x;Parent=;".to_owned(), None),
        ("\u{e9}=;=".to_owned(), None),
    ] {
        let event = script::event("l-1", "\"\"").without_header("Lambda-Runtime-Trace-Id");
        let event = event.header("Lambda-Runtime-Trace-Id", &header);
        let steps: [script::Step; 2] = [event.into(), script::status(202).into()];
        let session = logging("traceparent").start(steps);
        let requests = session.requests(3);
        assert_response(&requests[1], "l-1", json!(expected).to_string().as_bytes());
        let warned = session
            .stderr()
            .contains("WARN coldspark::traceparent: no traceparent");
        assert_eq!(warned, expected.is_none(), "{header}: {}", session.stderr());
    }
    let event = script::event("l-1", "\"\"").without_header("Lambda-Runtime-Trace-Id");
    let steps: [script::Step; 2] = [event.into(), script::status(202).into()];
    let session = logging("traceparent").start(steps);
    assert_response(&session.requests(3)[1], "l-1", b"null");
    assert_eq!(session.stderr(), "");
}

#[test]
fn x_ray_gets_the_cause_of_an_error() {
    let header = "Lambda-Runtime-Function-XRay-Error-Cause";
    let long = "\u{e9}".repeat(100_000);
    let failure = json!({ "error_type": "A.B", "message": long, "stack_trace": vec![long; 50] });
    let steps = [
        script::exchange(
            "a",
            r#"{"error_type":"A.B","message":"\u00e9\r\nX: y","stack_trace":["f"]}"#,
        ),
        script::exchange("b", failure.to_string()),
    ];
    let session = function("fixture-functions")
        .handler("fail")
        .start(steps.concat());
    let requests = session.requests(5);
    let cause = |index: usize| {
        let text = requests[index].header(header).expect("a cause");
        assert!(text.len() <= 8192, "{} bytes", text.len());
        serde_json::from_str::<Value>(text).unwrap()
    };
    let exception =
        json!({ "type": "A.B", "message": "\u{e9}\r\nX: y", "stack": [{ "label": "f" }] });
    assert_eq!(cause(1)["exceptions"], json!([exception]));
    assert_eq!(cause(1)["paths"], json!([]));
    assert!(cause(1)["working_directory"].is_string());
    let message = cause(3)["exceptions"][0]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(message.starts_with("\u{e9}\u{e9}") && message.ends_with("..."));
}
