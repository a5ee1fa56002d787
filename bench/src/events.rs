//! The events that programs are sent.

use std::fmt::Write;

/// A small event, as most are.
pub(crate) const SMALL: &[u8] = br#"{"message":"hello from the benchmark"}"#;
/// The event of functions that answer with an item of a table.
pub(crate) const CALL: &[u8] = b"\"rope\"";
/// What they answer.
pub(crate) const ANSWER: &[u8] = br#"{"article":"rope","price":350}"#;
/// A request of a function URL to examples/axum.
pub(crate) const REQUEST: &[u8] = br#"{"version":"2.0","rawPath":"/orders/7","rawQueryString":"pieces=2","headers":{"accept":"*/*","host":"localhost"},"requestContext":{"http":{"method":"GET","path":"/orders/7"},"requestId":"1","stage":"$default"},"isBase64Encoded":false}"#;
/// What it answers.
pub(crate) const RESPONSE: &[u8] = br#"{"statusCode":200,"headers":{"content-type":"application/json","content-length":"19"},"cookies":[],"body":"{\"id\":7,\"pieces\":2}","isBase64Encoded":false}"#;
/// Bytes of the largest event that Lambda takes.
const LARGEST: usize = 6 << 20;
/// Bytes of the event that allocators are compared with, at least.
const JSON: usize = 1 << 20;

/// The largest event: one long string.
pub(crate) fn largest() -> Vec<u8> {
    let mut event = br#"{"data":""#.to_vec();
    event.resize(LARGEST - 2, b'x');
    event.extend_from_slice(br#""}"#);
    event
}

/// A JSON value of 1 MB with many small parts, as the rows of a table have them. Its keys are
/// sorted and there is no white space, so that printing what was parsed gives the same bytes.
pub(crate) fn json() -> Vec<u8> {
    let mut event = r#"{"rows":["#.to_owned();
    let mut row = 0;
    while event.len() < JSON {
        let comma = if row == 0 { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(
            event,
            r#"{comma}{{"article":"article {}","available":{},"id":{row},"price":{}.5,"size":{{"height":{},"width":{}}},"tags":["a{}","b{}"],"text":"row {row} of the table, with a text as long as texts are"}}"#,
            row * 7919 % 10_007,
            row % 3 == 0,
            row % 997,
            row % 31,
            row % 37,
            row % 11,
            row % 13,
        );
        row += 1;
    }
    event.push_str("]}");
    event.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_event_has_6_mb() {
        let event = largest();
        assert_eq!(event.len(), 6_291_456);
        assert!(serde_json::from_slice::<serde_json::Value>(&event).is_ok());
    }

    #[test]
    fn the_json_event_is_printed_as_it_was() {
        let event = json();
        assert!((JSON..JSON + 1000).contains(&event.len()));
        let value: serde_json::Value = serde_json::from_slice(&event).unwrap();
        assert!(serde_json::to_vec(&value).unwrap() == event);
    }
}
