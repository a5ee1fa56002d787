//! The error cause for X-Ray: JSON in a header, which X-Ray shows on the function's segment.
//!
//! ```text
//! {"working_directory":"","paths":[],"exceptions":[{"type":"A.B","message":"...",
//!     "stack":[{"label":"..."}]}]}
//! ```
//!
//! Source: the model of the error cause in the Runtime Interface Emulator, which crops a cause
//! over 64 KiB and drops one that is not JSON. What Lambda itself does with a longer one is not
//! documented; AWS's own clients do not send 1 MiB and more.

use crate::error::Error;
use crate::escape::unit;

/// Largest cause, in bytes. It is far under the 64 KiB that X-Ray takes as one document, because it is a
/// header: ureq writes the head of a request as a whole, into a buffer of 4 KiB.
pub(super) const MAX: usize = if cfg!(feature = "ureq") { 2 } else { 8 } * 1024;
/// Bytes for the type and the message; the rest is for the stack.
const MAX_TYPE: usize = 256;
const MAX_MESSAGE: usize = MAX / 2;
/// Extra room for the end, and for one stack frame over the limit.
const MAX_FRAME: usize = 256;
const MARGIN: usize = MAX_FRAME + 128;

/// The cause of an error: ASCII without control bytes, at most 8 KiB (with ureq: 2 KiB). Type, message and
/// frames that are too long are cut, and frames that do not fit are left out.
pub(super) fn cause(error: &Error) -> String {
    let mut out = Vec::new();
    let before = "{\"working_directory\":\"\",\"paths\":[],\"exceptions\":[{\"type\":\"";
    member(&mut out, before, error.error_type(), MAX_TYPE);
    member(&mut out, "\",\"message\":\"", error.message(), MAX_MESSAGE);
    let mut before = "\",\"stack\":[{\"label\":\"";
    for frame in error.stack_trace() {
        if out.len() > MAX - MARGIN {
            break;
        }
        member(&mut out, before, frame, MAX_FRAME);
        before = "\"},{\"label\":\"";
    }
    let end = match error.stack_trace() {
        [] => "\"}]}",
        _ => "\"}]}]}",
    };
    out.extend_from_slice(end.as_bytes());
    String::from_utf8(out).unwrap_or_default()
}

/// Appends `before` as it is, and `text` as the inside of a JSON string in ASCII, cut where it
/// would take more than `limit` bytes.
#[inline(never)]
fn member(out: &mut Vec<u8>, before: &str, text: &str, limit: usize) {
    out.extend_from_slice(before.as_bytes());
    // One character becomes at most two units of UTF-16.
    let end = out.len() + limit - 12 - "...".len();
    for code in text.encode_utf16() {
        if out.len() > end && !(0xdc00..0xe000).contains(&code) {
            out.extend_from_slice(b"...");
            return;
        }
        match u8::try_from(code) {
            Ok(plain @ (b' ' | b'!' | b'#'..=b'[' | b']'..=b'~')) => out.push(plain),
            _ => unit(out, code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn parsed(error: &Error) -> Value {
        let text = cause(error);
        assert!(text.len() <= MAX, "{} bytes", text.len());
        assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_cause_has_type_message_and_stack() {
        let error = Error::new("A.B", "caf\u{e9}\n\u{1f980}");
        let json = parsed(&error);
        assert_eq!(json["exceptions"][0]["type"], "A.B");
        assert_eq!(json["exceptions"][0]["message"], "caf\u{e9}\n\u{1f980}");
        assert!(json["exceptions"][0].get("stack").is_none());
        assert!(json["working_directory"] == "" && json["paths"].is_array());
        let error = error.with_stack_trace(vec!["main".into(), "start \"x\"".into()]);
        let stack = &parsed(&error)["exceptions"][0]["stack"];
        assert_eq!(stack[0]["label"], "main");
        assert_eq!(stack[1]["label"], "start \"x\"");
    }

    #[test]
    fn a_cause_never_grows_over_what_x_ray_takes() {
        for text in ["x", "\u{1}", "\u{1f980}", "\""] {
            let long = text.repeat(2_000_000 / text.len());
            let frames = vec![long.clone(); 100];
            let error = Error::new(long.clone(), long).with_stack_trace(frames);
            let json = parsed(&error);
            let exception = &json["exceptions"][0];
            assert!(exception["message"].as_str().unwrap().ends_with("..."));
            assert!(exception["stack"].as_array().unwrap().len() > 1);
        }
        let frames: Vec<_> = (0..100_000).map(|n| format!("frame {n}")).collect();
        let json = parsed(&Error::new("A.B", "deep").with_stack_trace(frames));
        let stack = json["exceptions"][0]["stack"].as_array().unwrap();
        assert_eq!(stack[50]["label"], "frame 50");
    }

    /// Whatever the bytes before them come to.
    #[test]
    fn frames_are_left_out_only_where_one_may_not_fit() {
        for length in 0..200 {
            let error = Error::new("A.B", "m".repeat(length));
            let cause = cause(&error.with_stack_trace(vec!["f".repeat(80); 200]));
            assert!(cause.len() <= MAX);
            assert!(cause.len() - "\"}]}]}".len() > MAX - MARGIN, "{length}");
        }
    }
}
