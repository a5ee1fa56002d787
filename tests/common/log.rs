//! Lines of the log.

use coldspark_emulator::script;
use serde_json::Value;

use super::{Function, Session, function};

pub(crate) const FORMAT: &str = "AWS_LAMBDA_LOG_FORMAT";
pub(crate) const LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";

pub(crate) fn logging(handler: &str) -> Function {
    function("fixture-logs").handler(handler)
}

/// Serves one event, with the request id `l-1`.
#[track_caller]
pub(crate) fn served(function: Function, event: &str) -> Session {
    let session = function.start(script::exchange("l-1", event));
    session.requests(3);
    session
}

/// A line of the log in JSON, checked for what every line has.
#[track_caller]
pub(crate) fn parsed(line: &str) -> Value {
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

pub(crate) fn lines(session: &Session) -> Vec<Value> {
    let stderr = session.stderr();
    assert!(stderr.is_empty() || stderr.ends_with('\n'), "{stderr:?}");
    stderr.lines().map(parsed).collect()
}
