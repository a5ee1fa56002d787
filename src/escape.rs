//! Escaping of text for a JSON string or for one line of the log.

use std::fmt;

/// Which characters are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Control characters but the tab, and Unicode's two separators of lines: the text goes into a
    /// line of the log, which people read in terminals.
    Line,
    /// The characters that JSON does not allow in a string (RFC 8259, section 7).
    Json,
}

/// Appends formatted text, escaped in this form.
pub(crate) struct Escape<'a> {
    pub(crate) out: &'a mut Vec<u8>,
    pub(crate) form: Form,
}

impl fmt::Write for Escape<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        append(self.out, text, self.form);
        Ok(())
    }
}

/// Appends `text`, escaped in this form. Valid UTF-8 stays UTF-8.
#[inline(never)]
pub(crate) fn append(out: &mut Vec<u8>, text: &str, form: Form) {
    let json = form == Form::Json;
    let mut rest = text.as_bytes();
    while let Some(&byte) = rest.first() {
        let mut pair = [b'\\', byte];
        let mut piece = &pair[..];
        match byte {
            b'\n' | b'\r' => {
                pair[1] = if byte == b'\n' { b'n' } else { b'r' };
                piece = &pair;
            }
            b'"' | b'\\' if json => {}
            _ => {
                let control = if json {
                    (byte < b' ').then_some((byte.into(), 1))
                } else {
                    control(rest)
                };
                if let Some((code, length)) = control {
                    unit(out, code);
                    rest = &rest[length..];
                    continue;
                }
                piece = &pair[1..];
            }
        }
        out.extend_from_slice(piece);
        rest = &rest[1..];
    }
}

/// A character at the start of a text that a line may not have: its code and its length in bytes.
fn control(text: &[u8]) -> Option<(u16, usize)> {
    match *text {
        // Up to U+001F without the tab, and DEL.
        [byte @ (0..=8 | 10..=0x1f | 0x7f), ..] => Some((byte.into(), 1)),
        // U+0080 to U+009F, among them CSI, with which a terminal's commands can begin as well.
        [0xc2, byte @ 0x80..0xa0, ..] => Some((byte.into(), 2)),
        // U+2028 and U+2029.
        [0xe2, 0x80, byte @ (0xa8 | 0xa9), ..] => Some((0x1f80 + u16::from(byte), 3)),
        _ => None,
    }
}

/// The text as a JSON string, in quotation marks. `{:?}` would bring 6 KB of tables of printable
/// characters.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    quote(&mut out, text);
    out
}

/// The texts as a JSON array.
#[must_use]
pub fn quoted_list(texts: &[&str]) -> String {
    let mut out = String::from("[");
    for (index, text) in texts.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        quote(&mut out, text);
    }
    out.push(']');
    out
}

fn quote(out: &mut String, text: &str) {
    let mut bytes = std::mem::take(out).into_bytes();
    bytes.push(b'"');
    append(&mut bytes, text, Form::Json);
    bytes.push(b'"');
    // What is UTF-8 stays UTF-8.
    *out = String::from_utf8(bytes).unwrap_or_default();
}

/// Appends a unit of UTF-16 as JSON writes it.
pub fn unit(out: &mut Vec<u8>, unit: u16) {
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        out.push(b"0123456789abcdef"[usize::from(unit >> shift & 15)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str, form: Form) -> String {
        let mut out = Vec::new();
        append(&mut out, text, form);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_stays_one() {
        assert_eq!(escaped("a\nb\r\nc\t\"", Form::Line), "a\\nb\\r\\nc\t\"");
    }

    #[test]
    fn a_line_has_no_control_characters_but_the_tab() {
        for code in 0..0x3000 {
            let Some(character) = char::from_u32(code) else {
                continue;
            };
            let expected = match character {
                '\t' => "\t".to_owned(),
                '\n' => "\\n".to_owned(),
                '\r' => "\\r".to_owned(),
                '\u{2028}' | '\u{2029}' => format!("\\u{code:04x}"),
                _ if character.is_control() => format!("\\u{code:04x}"),
                _ => character.to_string(),
            };
            let written = escaped(&format!("a{character}b"), Form::Line);
            assert_eq!(written, format!("a{expected}b"), "U+{code:04X}");
        }
    }

    #[test]
    fn quoted_texts_show_their_ends() {
        assert_eq!(quoted("a \"b\"\n\u{e9}"), "\"a \\\"b\\\"\\n\u{e9}\"");
        assert_eq!(quoted_list(&["", "b"]), "[\"\", \"b\"]");
        assert_eq!(quoted_list(&[]), "[]");
    }

    #[test]
    fn json_reads_back_what_was_written() {
        let all: String = (0..0x250).filter_map(char::from_u32).collect();
        for text in [all.as_str(), "\u{1f980}\u{2028}\u{ffff}\"\\", ""] {
            let written = escaped(text, Form::Json);
            let json = format!("\"{written}\"");
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
            assert!(!written.contains(['\n', '\r']));
        }
    }
}
