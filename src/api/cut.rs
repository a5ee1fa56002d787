//! An error that is too large for where it goes.

use crate::error::Error;

/// The least that the JSON of an error has: `{"errorMessage":"","errorType":"","stackTrace":[]}`.
const EMPTY: usize = 50;
/// How much an error type that is too long may have of the bytes; it is a name.
const MAX_TYPE: usize = 256;

/// The JSON of an error, in at most `limit` bytes. One that would have more keeps the beginning of
/// its message, and of its stack trace the frames for which there is room; the message says so.
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
    let note = format!("... (cut: the error has {size} bytes of JSON, and {limit} may be sent)");
    let (error_type, type_size) = beginning(error.error_type(), MAX_TYPE);
    let room = limit.saturating_sub(EMPTY + type_size + note.len());
    let (message, message_size) = beginning(error.message(), room);
    let mut room = room - message_size;
    let mut frames = Vec::new();
    for frame in error.stack_trace() {
        // Quotation marks and a comma.
        let (_, size) = beginning(frame, usize::MAX);
        let Some(left) = room.checked_sub(size + 3) else {
            break;
        };
        room = left;
        frames.push(frame.clone());
    }
    Error::new(error_type.to_owned(), [message, &note].concat()).with_stack_trace(frames)
}

/// As much of the beginning of a text as takes at most `limit` bytes within a JSON string; and how
/// many it takes.
fn beginning(text: &str, limit: usize) -> (&str, usize) {
    let mut size = 0;
    for (at, character) in text.char_indices() {
        let longer = size
            + match character {
                '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
                '\0'..=' ' if character < ' ' => 6,
                _ => character.len_utf8(),
            };
        if longer > limit {
            // By `get`: the error of a slice that is none brings 6 KB of code.
            return (text.get(..at).unwrap_or_default(), size);
        }
        size = longer;
    }
    (text, size)
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
                assert!(limit - length < 6, "{text:?}: {length} of {limit}");
                let json = parsed(&error, limit);
                let message = json["errorMessage"].as_str().unwrap();
                let note = format!(
                    "... (cut: the error has {size} bytes of JSON, and {limit} may be sent)"
                );
                let kept = message.strip_suffix(note.as_str()).expect(message);
                assert!(error.message().starts_with(kept) && !kept.is_empty());
                assert_eq!(json["errorType"], "A.B");
            }
        }
    }

    #[test]
    fn frames_go_before_the_message_does() {
        let frames = vec!["frame \"x\"".to_owned(); 100];
        let json = parsed(&Error::new("A.B", "short").with_stack_trace(frames), 500);
        let message = json["errorMessage"].as_str().unwrap();
        assert!(message.starts_with("short... (cut"), "{message}");
        let kept = json["stackTrace"].as_array().unwrap();
        assert!(kept.len() > 10, "{kept:?}");
        assert!(kept.iter().all(|frame| frame == "frame \"x\""));
        let long = vec!["y".repeat(1000)];
        let json = parsed(&Error::new("A.B", "short").with_stack_trace(long), 500);
        assert_eq!(json["stackTrace"], Value::Array(Vec::new()));
    }

    #[test]
    fn a_long_type_leaves_room_for_the_message() {
        let json = parsed(&Error::new("T".repeat(9000), "m".repeat(9000)), 2400);
        assert_eq!(json["errorType"].as_str().unwrap().len(), MAX_TYPE);
        assert!(json["errorMessage"].as_str().unwrap().len() > 1000);
    }
}
