//! Cutting an error that is too large for its destination.

use crate::error::Error;

/// Length of the JSON of an empty error: `{"errorMessage":"","errorType":"","stackTrace":[]}`.
const EMPTY: usize = 50;
/// Largest error type in an error that is cut, in bytes.
const MAX_TYPE: usize = 256;

/// The JSON of an error, in at most `limit` bytes. A larger error loses its stack trace and keeps as much
/// of the beginning of its message as fits; the message says so.
pub(super) fn json(error: &Error, limit: usize) -> Vec<u8> {
    let whole = error.to_json();
    let size = whole.len();
    if size <= limit {
        return whole;
    }
    drop(whole);
    cut(error, size, limit).to_json()
}

#[cold]
fn cut(error: &Error, size: usize, limit: usize) -> Error {
    let note = format!("... (cut: {size} bytes of JSON, and {limit} may be sent)");
    let (error_type, type_size) = beginning(error.error_type(), MAX_TYPE);
    let room = limit.saturating_sub(EMPTY + type_size + note.len());
    let (message, _) = beginning(error.message(), room);
    Error::new(error_type.to_owned(), [message, &note].concat())
}

/// The longest beginning of a text that takes at most `limit` bytes within a JSON string, and an upper
/// bound of the bytes that it takes.
fn beginning(text: &str, limit: usize) -> (&str, usize) {
    let (mut end, mut size) = (0, 0);
    for byte in text.bytes() {
        size += match byte {
            // Some escapes are shorter, such as that of a line end.
            ..b' ' => 6,
            b'"' | b'\\' => 2,
            _ => 1,
        };
        if size > limit {
            break;
        }
        end += 1;
    }
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // `get`, since the panic of an index out of bounds brings 6 KB of code.
    (text.get(..end).unwrap_or_default(), size.min(limit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn parsed(error: &Error, limit: usize) -> Value {
        let json = json(error, limit);
        assert!(json.len() <= limit, "{} bytes", json.len());
        serde_json::from_slice(&json).expect("JSON")
    }

    #[test]
    fn what_fits_is_whole() {
        let error = Error::new("A.B", "\"c\"").with_stack_trace(vec!["d".to_owned()]);
        let whole = error.to_json();
        assert_eq!(json(&error, whole.len()), whole);
        assert_eq!(Error::new("", "").to_json().len(), EMPTY);
    }

    #[test]
    fn a_message_is_cut_at_a_character_and_fills_the_room() {
        for text in [
            "x",
            "\0",
            "\"",
            "\n",
            "\u{1f}",
            "\u{7f}",
            "\u{e9}",
            "\u{1f980}",
        ] {
            let error = Error::new("A.B", text.repeat(10_000));
            let size = error.to_json().len();
            for limit in 500..510 {
                let length = json(&error, limit).len();
                // A line end is counted as six bytes, like other control characters, and takes two.
                let unused = if text == "\n" { limit * 2 / 3 } else { 6 };
                assert!(limit - length < unused, "{text:?}: {length} of {limit}");
                let json = parsed(&error, limit);
                let message = json["errorMessage"].as_str().unwrap();
                let note = format!("... (cut: {size} bytes of JSON, and {limit} may be sent)");
                let kept = message.strip_suffix(note.as_str()).expect(message);
                assert!(error.message().starts_with(kept) && !kept.is_empty());
                assert_eq!(json["errorType"], "A.B");
            }
        }
    }

    #[test]
    fn the_stack_trace_goes_before_the_message_does() {
        let frames = vec!["frame \"x\"".to_owned(); 100];
        let json = parsed(&Error::new("A.B", "short").with_stack_trace(frames), 500);
        let message = json["errorMessage"].as_str().unwrap();
        assert!(message.starts_with("short... (cut"), "{message}");
        assert_eq!(json["stackTrace"], Value::Array(Vec::new()));
    }

    #[test]
    fn a_long_type_leaves_room_for_the_message() {
        let json = parsed(&Error::new("T".repeat(9000), "m".repeat(9000)), 2400);
        assert_eq!(json["errorType"].as_str().unwrap().len(), MAX_TYPE);
        assert!(json["errorMessage"].as_str().unwrap().len() > 1000);
    }
}
