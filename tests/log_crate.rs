//! Records of the `log` crate in the log.

mod common;

use common::log::{FORMAT, LEVEL, lines, logging, served};
use serde_json::json;

#[test]
fn a_record_is_a_json_line_with_its_values_its_place_and_the_spans_around_it() {
    let session = served(logging("records").env(FORMAT, "JSON"), "\"t\"");
    let lines = lines(&session);
    assert_eq!(lines.len(), 3);
    let odd = "a\"\\\n\r\t\u{0}\u{1b}\u{7f}\u{2028}\u{1f980}";
    for (line, level, target, message) in [
        (&lines[0], "WARN", "shop::prices", "a record of t"),
        (&lines[1], "INFO", "fixture_logs", "with values"),
        (&lines[2], "ERROR", "fixture_logs", &format!("{odd}t")),
    ] {
        assert_eq!(line["level"], level);
        assert_eq!(line["target"], target);
        assert_eq!(line["message"], message);
        assert_eq!(line["requestId"], "l-1");
        let file = line["fields"]["file"].as_str().expect("a file");
        assert!(file.ends_with("fixture-logs.rs"), "{file}");
        assert!(line["fields"]["line"].is_u64(), "{line}");
    }
    let fields = &lines[1]["fields"];
    assert_eq!(fields["text"], "t");
    assert_eq!(fields["number"], -7);
    assert_eq!(fields["large"], u64::MAX);
    assert_eq!(fields["yes"], true);
    assert_eq!(fields["float"], 0.5);
    assert_eq!(fields["not"], "NaN");
    assert_eq!(fields["odd"], odd);
    assert_eq!(fields["some"], "Some(1)");
    assert_eq!(fields["message"], "of the function");
    assert_eq!(
        lines[1]["spans"],
        json!([{ "name": "order", "fields": { "id": 7 } }])
    );
    assert!(lines[0].get("spans").is_none(), "{}", lines[0]);
}

#[test]
fn a_record_is_a_text_line_with_its_values() {
    let session = served(logging("records"), "\"t\"");
    let log = session.stderr();
    let mut lines = log.lines();
    for expected in [
        "WARN shop::prices: a record of t request_id=l-1",
        "INFO fixture_logs: order{id=7}: with values text=t number=-7 large=18446744073709551615 \
         yes=true float=0.5 not=NaN odd=a\"\\\\n\\r\t\\u0000\\u001b\\u007f\\u2028\u{1f980} some=Some(1) \
         message=of the function request_id=l-1",
    ] {
        assert_eq!(lines.next(), Some(expected), "{log}");
    }
    assert_eq!(lines.count(), 1, "{log}");
}

#[test]
fn records_below_the_level_are_not_written() {
    for (level, count) in [("DEBUG", 3), ("WARN", 2), ("ERROR", 1), ("FATAL", 1)] {
        let session = served(logging("records").env(LEVEL, level), "\"t\"");
        let log = session.stderr();
        assert_eq!(log.lines().count(), count, "{level}: {log}");
    }
}
