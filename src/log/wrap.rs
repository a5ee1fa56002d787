//! Conversion of other programs' lines to JSON.

use super::line::Line;
use super::object::is_object;
use crate::escape::{self, Form};

/// Appends a line of another program, given without its end, as a JSON line. A JSON object stays as it
/// is; any other line becomes the message of an object, at level INFO, which is Lambda's default too.
/// `ids` are the ids of the request and the tenant; an absent id is empty. Invalid UTF-8 becomes
/// replacement characters.
pub fn wrap(out: &mut Vec<u8>, line: &[u8], ids: [&str; 2]) {
    if is_object(line) {
        out.extend_from_slice(line);
        out.push(b'\n');
        return;
    }
    let mut message = Vec::with_capacity(line.len());
    escape::append(&mut message, &String::from_utf8_lossy(line), Form::Json);
    let line = Line {
        level: "INFO",
        message: &message,
        ..Line::default()
    };
    line.encode(out, true, ids);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn wrapped(line: &[u8]) -> String {
        let mut out = Vec::new();
        wrap(&mut out, line, ["id-1", ""]);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_object_stays_as_it_is() {
        for line in [r#"{}"#, r#" {"a": [1, {"b": "\n"}]} "#, "{\"_aws\":{}}"] {
            assert_eq!(wrapped(line.as_bytes()), format!("{line}\n"));
        }
    }

    #[test]
    fn what_is_no_object_becomes_a_message() {
        let deep = "{\"a\":".repeat(1000) + &"}".repeat(1000);
        for line in [
            "",
            "text",
            "\"text\"",
            "[1]",
            "7",
            "null",
            "{",
            "{a:1}",
            "{} {}",
            &deep,
            "\t\r\u{1}\"\\",
        ] {
            let json: Value = serde_json::from_str(&wrapped(line.as_bytes())).unwrap();
            assert_eq!(json["message"], line);
            assert_eq!(json["level"], "INFO");
            assert_eq!(json["requestId"], "id-1");
            assert!(json.get("tenantId").is_none());
        }
    }

    #[test]
    fn what_is_not_utf_8_gets_replaced() {
        for line in [&b"a\xffb"[..], b"{\"a\":\"\xff\"}", b"\xf0\x9f"] {
            let json: Value = serde_json::from_str(&wrapped(line)).unwrap();
            assert_eq!(json["message"], *String::from_utf8_lossy(line));
        }
    }
}
