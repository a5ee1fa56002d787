//! JSON: reading an event's values without copies, and writing texts into an answer.

mod scanner;
mod write;

use std::borrow::Cow;

use scanner::Scanner;
pub(super) use write::{push_header, push_text};

/// A valid value, as a part of the event's text. The default stands for one that is missing, and has nothing in
/// it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Value<'a>(&'a str);

impl<'a> Value<'a> {
    /// The value that these bytes are; `None` when they are not JSON (RFC 8259).
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut scanner = Scanner { text, position: 0 };
        let value = scanner.value()?;
        scanner.space();
        (scanner.position == text.len()).then_some(value)
    }

    /// Its text in the event.
    pub(super) fn raw(self) -> &'a str {
        self.0
    }

    pub(super) fn is_missing(self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_null(self) -> bool {
        self.0 == "null"
    }

    pub(super) fn is_true(self) -> bool {
        self.0 == "true"
    }

    pub(super) fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    pub(super) fn is_text(self) -> bool {
        self.0.starts_with('"')
    }

    /// The content of a text; `None` for any other value.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        let inside = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if !inside.contains('\\') {
            return Some(Cow::Borrowed(inside));
        }
        Some(Cow::Owned(unescaped(inside)))
    }

    /// Names and values of an object; empty for any other value.
    pub(super) fn members(self) -> impl Iterator<Item = (Cow<'a, str>, Value<'a>)> {
        let mut parts = self.inside('{');
        std::iter::from_fn(move || {
            let name = parts.value()?.text()?;
            parts.skip(b':')?;
            let value = parts.value()?;
            parts.skip(b',');
            Some((name, value))
        })
    }

    /// The values of an array; empty for any other value.
    pub(super) fn items(self) -> impl Iterator<Item = Value<'a>> {
        let mut parts = self.inside('[');
        std::iter::from_fn(move || {
            let value = parts.value()?;
            parts.skip(b',');
            Some(value)
        })
    }

    /// The value of this name in an object, unless it is null.
    pub(super) fn get(self, name: &str) -> Option<Value<'a>> {
        let mut members = self.members();
        let (_, value) = members.find(|(known, _)| known == name)?;
        (!value.is_null()).then_some(value)
    }

    /// A scanner behind the opening bracket; at the end of an empty text for any other value.
    fn inside(self, opening: char) -> Scanner<'a> {
        let opened = self.0.starts_with(opening);
        Scanner {
            text: if opened { self.0 } else { "" },
            position: opened.into(),
        }
    }
}

/// Decodes the escapes of a text. Half of a surrogate pair is not a character.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        out.push_str(before);
        let (unit, behind) = unit(escape);
        rest = behind;
        let high = u32::from(unit);
        let low = rest.strip_prefix('\\').map(self::unit);
        let pair = low
            .filter(|(low, _)| (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(low));
        let code = match pair {
            Some((low, behind)) => {
                rest = behind;
                0x10000 + ((high - 0xd800) << 10) + (u32::from(low) - 0xdc00)
            }
            None => high,
        };
        out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    out.push_str(rest);
    out
}

/// The UTF-16 unit of an escape, and the text that follows it. `escape` begins behind the backslash.
fn unit(escape: &str) -> (u16, &str) {
    let Some(&letter) = escape.as_bytes().first() else {
        return (0xfffd, "");
    };
    let unit = match letter {
        b'u' => {
            let digits = escape.get(1..5).unwrap_or_default();
            let unit = u16::from_str_radix(digits, 16).unwrap_or(0xfffd);
            return (unit, escape.get(5..).unwrap_or_default());
        }
        b'b' => 8,
        b'f' => 12,
        b'n' => 10,
        b'r' => 13,
        b't' => 9,
        other => other.into(),
    };
    (unit, escape.get(1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serde_json_takes_is_taken_and_nothing_else() {
        for text in [
            "{}",
            " [1, -2.5e+3, 0, 0.1] ",
            r#"{"a":{"b":[null,true,false,"x\u0041\n"]}}"#,
            r#""""#,
            "01",
            "1.",
            ".1",
            "-",
            "1e",
            "[1,]",
            "[,1]",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{a:1}"#,
            r#"{"a":1,}"#,
            "tru",
            "nulls",
            "\"\u{1}\"",
            r#""\x""#,
            r#""\u12g4""#,
            "\"",
            "",
            " ",
            "[",
            "1 2",
            "\"12345678\u{1f}\"",
            "\"1234567\\\"8\"",
            "[[[[]]]]",
            "\u{feff}{}",
        ] {
            let expected = serde_json::from_str::<serde_json::Value>(text).is_ok();
            assert_eq!(
                Value::parse(text.as_bytes()).is_some(),
                expected,
                "{text:?}"
            );
        }
        assert!(Value::parse(b"\"\xff\"").is_none());
        assert!(Value::parse("[".repeat(100_000).as_bytes()).is_none());
    }

    #[test]
    fn values_are_found_in_an_object() {
        let text =
            br#" { "a" : [ "x" , 2 , { } ] , "b\u0020c":"d\\\"\/\ud83e\udd80\ud800!", "n":null } "#;
        let value = Value::parse(text).unwrap();
        let members: Vec<_> = value
            .members()
            .map(|(name, value)| (name, value.raw()))
            .collect();
        assert_eq!(members[0], ("a".into(), "[ \"x\" , 2 , { } ]"));
        assert_eq!(members[1].0, "b c");
        assert_eq!(members.len(), 3);
        let text = value.get("b c").unwrap().text().unwrap();
        assert_eq!(text, "d\\\"/\u{1f980}\u{fffd}!");
        let items: Vec<_> = value.get("a").unwrap().items().map(Value::raw).collect();
        assert_eq!(items, ["\"x\"", "2", "{ }"]);
        assert_eq!(value.get("n"), None);
        assert_eq!(value.items().count(), 0);
        assert_eq!(value.get("a").unwrap().members().count(), 0);
    }

    #[test]
    fn serde_json_reads_back_what_is_written() {
        let all: String = (0..0x250).filter_map(char::from_u32).collect();
        for text in [
            all.as_str(),
            "\u{1f980}\u{2028}\"\\",
            "",
            "plain text of some length",
        ] {
            let mut out = Vec::new();
            push_text(&mut out, text);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
            let written = String::from_utf8(out).unwrap();
            let mut header = Vec::new();
            push_header(&mut header, &written);
            assert!(header.iter().all(|byte| (b' '..0x7f).contains(byte)));
            assert_eq!(serde_json::from_slice::<String>(&header).unwrap(), text);
            assert_eq!(Value::parse(&header).unwrap().text().unwrap(), text);
        }
    }
}
