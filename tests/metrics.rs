//! Records of the CloudWatch Embedded Metric Format.

mod common;

use coldspark_emulator::script;
use common::log::{FORMAT, LEVEL, logging, served};
use serde_json::{Value, json};

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
fn no_filter_of_lambda_drops_metrics() {
    for (level, expected) in [
        ("", "INFO"),
        ("TRACE", "INFO"),
        ("debug", "INFO"),
        ("INFO", "INFO"),
        ("WARN", "WARN"),
        ("error", "ERROR"),
        ("FATAL", "FATAL"),
        ("no-such-level", "INFO"),
    ] {
        let function = logging("metrics").env(FORMAT, "JSON").env(LEVEL, level);
        let session = served(function, "[1]");
        let output = session.process.stdout();
        let record: Value = serde_json::from_str(output.lines().next().unwrap()).unwrap();
        assert_eq!(record["level"], expected, "{level:?}");
        // By the rule of Lambda, that a line without a timestamp is INFO.
        let stamp = record["timestamp"].as_str().expect("a timestamp");
        assert!(stamp.len() == 24 && stamp.ends_with('Z'), "{stamp}");
        let millis = record["_aws"]["Timestamp"].as_u64().expect("a time");
        assert!(millis > 1_735_689_600_000);
        let session = served(logging("metrics").env(LEVEL, level), "[1]");
        assert!(!session.process.stdout().contains("level"));
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
