//! Texts as JSON, and JSON in one line of ASCII.

use coldspark::internal::push_json_unit;

use super::scanner::unescaped_length;

/// Writes a text in quotation marks.
pub(in crate::http) fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (run, behind) = rest.split_at(unescaped_length(rest));
        out.extend_from_slice(run);
        let Some((&byte, behind)) = behind.split_first() else {
            break;
        };
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            _ => push_json_unit(out, byte.into()),
        }
        rest = behind;
    }
    out.push(b'"');
}

/// Writes a valid value so that it can be the value of a header: in one line, and in ASCII.
pub(in crate::http) fn push_header(out: &mut Vec<u8>, raw: &str) {
    for character in raw.chars() {
        match character {
            ' '..='~' => out.push(character as u8),
            // Between values; in a text it would be escaped.
            '\n' | '\r' | '\t' => out.push(b' '),
            _ => {
                let units = &mut [0; 2];
                for unit in character.encode_utf16(units) {
                    push_json_unit(out, *unit);
                }
            }
        }
    }
}
