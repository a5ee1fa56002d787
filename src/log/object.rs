//! A check whether a line is a JSON object. A parser that also says where and why a text is not JSON is
//! several times its size.

/// Deepest nesting of values; a line with more counts as text.
const MAX_DEPTH: u32 = 128;

/// Whether `text` is one JSON object (RFC 8259) and nothing else but blanks.
pub(super) fn is_object(text: &[u8]) -> bool {
    let text = blank(text);
    // The first byte decides for most lines of text.
    text.first() == Some(&b'{')
        && std::str::from_utf8(text).is_ok()
        && value(text, MAX_DEPTH).is_some_and(|rest| blank(rest).is_empty())
}

/// The rest of the text behind a value; `None` when there is no valid value.
fn value(text: &[u8], depth: u32) -> Option<&[u8]> {
    let end = match text.first()? {
        b'{' => b'}',
        b'[' => b']',
        b'"' => return string(text),
        b't' => return text.strip_prefix(b"true"),
        b'f' => return text.strip_prefix(b"false"),
        b'n' => return text.strip_prefix(b"null"),
        _ => return number(text),
    };
    let depth = depth.checked_sub(1)?;
    let mut rest = blank(&text[1..]);
    if rest.first() == Some(&end) {
        return Some(&rest[1..]);
    }
    loop {
        if end == b'}' {
            rest = blank(blank(string(rest)?).strip_prefix(b":")?);
        }
        rest = blank(value(rest, depth)?);
        let (next, after) = rest.split_first()?;
        match next {
            b',' => rest = blank(after),
            next if *next == end => return Some(after),
            _ => return None,
        }
    }
}

fn string(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text.strip_prefix(b"\"")?;
    loop {
        let (byte, after) = rest.split_first()?;
        rest = match byte {
            b'"' => return Some(after),
            b'\\' => match after.split_first()? {
                (b'u', code) if code.get(..4)?.iter().all(u8::is_ascii_hexdigit) => &code[4..],
                (byte, after) if b"\"\\/bfnrt".contains(byte) => after,
                _ => return None,
            },
            0..b' ' => return None,
            _ => after,
        };
    }
}

fn number(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let mut rest = match text.first() {
        Some(b'0') => &text[1..],
        _ => digits(text)?,
    };
    if let Some(fraction) = rest.strip_prefix(b".") {
        rest = digits(fraction)?;
    }
    match rest {
        [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => {
            digits(exponent)
        }
        _ => Some(rest),
    }
}

/// The rest of the text behind one or more digits.
fn digits(text: &[u8]) -> Option<&[u8]> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count > 0).then(|| &text[count..])
}

fn blank(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const GOOD: &[&str] = &[
        "{}",
        " { } \r",
        r#"{"a":1,"b":[true,false,null,{}],"a":"\u00e9\"\\\/\b\f\n\r\t"}"#,
        r#"{"n":[0,-0,10,1.5,-2.25e10,3E-7,4e+1,[],[[]]]}"#,
        "{\"caf\u{e9}\" : { \"\u{1f980}\" : \"\u{7f}\" } }",
    ];

    #[test]
    fn it_agrees_with_serde_json() {
        let agrees = |text: &str| {
            let object = matches!(serde_json::from_str(text), Ok(Value::Object(_)));
            assert_eq!(is_object(text.as_bytes()), object, "{text:?}");
            object
        };
        for text in GOOD {
            assert!(agrees(text));
            // Each with one character left out, doubled, or replaced.
            for (place, character) in text.char_indices() {
                let (before, after) = (&text[..place], &text[place + character.len_utf8()..]);
                agrees(&format!("{before}{after}"));
                agrees(&format!("{before}{character}{character}{after}"));
                for other in "{}[]\":,\\0-+.eu tn\n\u{1}x".chars() {
                    agrees(&format!("{before}{other}{after}"));
                }
                agrees(before);
            }
        }
        for text in [
            "",
            "7",
            "[{}]",
            "null",
            "\"{}\"",
            "{} {}",
            "\u{feff}{}",
            "{1:2}",
        ] {
            assert!(!agrees(text));
        }
    }

    #[test]
    fn what_is_not_utf_8_is_none() {
        assert!(!is_object(b"{\"a\":\"\xff\"}"));
    }

    #[test]
    fn depth_is_limited() {
        let deep = |depth: usize| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
        assert!(is_object(deep(128).as_bytes()));
        assert!(!is_object(deep(129).as_bytes()));
        assert!(!is_object(deep(1_000_000).as_bytes()));
    }
}
