//! The place of an error in a JSON text, as a path: `items[2].quantity`.
//!
//! serde_json gives line and column. After an error, the text is read again up to there. A deserializer
//! that tracks the path would be compiled for each type.

/// Longest path, in bytes; a longer one is cut.
const MAX: usize = 256;

/// A list or an object that is open at a place of the text.
enum Open<'a> {
    /// A list, and how many elements stand before this place.
    List(usize),
    /// An object, and the last key, between its quotes.
    Object(Option<&'a [u8]>),
}

/// The path of the value that serde_json refused, and a colon after it; empty for an error of the text
/// as a whole, and for a text that is not JSON.
#[cold]
pub(crate) fn prefix(json: &[u8], error: &serde_json::Error) -> String {
    if !error.is_data() {
        return String::new();
    }
    let mut path = path(json, error.line(), error.column());
    if !path.is_empty() {
        path.push_str(": ");
    }
    path
}

/// The path of the value in which, or after which, `line` and `column` are, counted as serde_json does:
/// columns are bytes, up to the last one that was read. Empty for the text as a whole.
fn path(json: &[u8], line: usize, column: usize) -> String {
    let before: usize = json
        .split_inclusive(|byte| *byte == b'\n')
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    let json = &json[..json.len().min(before + column)];
    write(&open_at_end(json))
}

/// The lists and objects that are open where the text ends, the outermost first.
fn open_at_end(json: &[u8]) -> Vec<Open<'_>> {
    let mut open = Vec::new();
    let mut at = 0;
    // A string in an object is a key behind `{` and `,`, and a value behind `:`.
    let mut key_is_next = false;
    while let Some(byte) = json.get(at) {
        at += 1;
        match byte {
            b'[' => open.push(Open::List(0)),
            b'{' => {
                open.push(Open::Object(None));
                key_is_next = true;
            }
            b']' | b'}' => {
                open.pop();
            }
            b':' => key_is_next = false,
            b',' => match open.last_mut() {
                Some(Open::List(index)) => *index += 1,
                _ => key_is_next = true,
            },
            b'"' => {
                let text = &json[at..at + length_of_text(&json[at..])];
                at += text.len() + 1;
                if let (true, Some(Open::Object(key))) = (key_is_next, open.last_mut()) {
                    *key = Some(text);
                }
            }
            _ => {}
        }
    }
    open
}

/// The bytes up to the quote that ends a text.
fn length_of_text(rest: &[u8]) -> usize {
    let mut escaped = false;
    let ends = |byte: &u8| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    };
    rest.iter().position(ends).unwrap_or(rest.len())
}

fn write(open: &[Open<'_>]) -> String {
    let mut path = String::new();
    for part in open {
        match part {
            Open::List(index) => path.extend(["[", &index.to_string(), "]"]),
            Open::Object(None) => {}
            Open::Object(Some(key)) => {
                let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
                let text = String::from_utf8_lossy(key);
                if !key.is_empty() && key.iter().all(plain) {
                    path.extend([if path.is_empty() { "" } else { "." }, &text]);
                } else {
                    path.extend(["[\"", &text, "\"]"]);
                }
            }
        }
        if path.len() > MAX {
            let mut end = MAX;
            while !path.is_char_boundary(end) {
                end -= 1;
            }
            path.truncate(end);
            path.push_str("...");
            break;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde::de::DeserializeOwned;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only read from JSON")]
    struct Order {
        items: Vec<Item>,
        #[serde(default)]
        note: String,
        #[serde(default)]
        by: std::collections::BTreeMap<String, (u8, u8)>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only read from JSON")]
    struct Item {
        article: String,
        quantity: u32,
    }

    #[track_caller]
    fn check<T: DeserializeOwned + std::fmt::Debug>(json: &str, path: &str) {
        let error = serde_json::from_slice::<T>(json.as_bytes()).unwrap_err();
        let found = super::path(json.as_bytes(), error.line(), error.column());
        assert_eq!(found, path, "{error} in {json}");
    }

    #[test]
    fn an_error_has_the_path_of_its_value() {
        let order =
            |item: &str| format!("{{\"items\": [{{\"article\":\"a\",\"quantity\":1}},\n{item}]}}");
        for (item, path) in [
            (r#"{"article": "b", "quantity": "3"}"#, "items[1].quantity"),
            (r#"{"quantity": -1, "article": "b"}"#, "items[1].quantity"),
            (r#"{"quantity": 1.5, "article": "b"}"#, "items[1].quantity"),
            (r#"{"quantity": 9999999999}"#, "items[1].quantity"),
            (r#"{"quantity": {"a": [1]}}"#, "items[1].quantity"),
            (r#"{"quantity": [1]}"#, "items[1].quantity"),
            (r#"{"quantity": null}"#, "items[1].quantity"),
            (r#"{"quantity": true}"#, "items[1].quantity"),
            (r#"{"article": "b"}"#, "items[1]"),
            (r#"{"article": "b", "colour": 1}"#, "items[1].colour"),
            (r#"{"article": 7, "quantity": 1}"#, "items[1].article"),
            ("7", "items[1]"),
            ("\"seven\"", "items[1]"),
        ] {
            check::<Order>(&order(item), path);
        }
        check::<Order>("{}", "");
        check::<Order>("7", "");
        check::<Order>(r#"{"items": 7}"#, "items");
        check::<Order>(r#"{"items": [], "note": ["x"]}"#, "note");
        check::<Order>(
            r#"{"items": [], "by": {"a b\"c": [1, "2"]}}"#,
            r#"by["a b\"c"][1]"#,
        );
        check::<Order>(r#"{"items": [], "by": {"a,{[": [1]}}"#, r#"by["a,{["]"#);
        check::<Vec<Vec<u8>>>("[[1, 2], [3, 400]]", "[1][1]");
    }

    #[test]
    fn a_path_has_an_end_whatever_the_text() {
        let deep = "{\"é\":".repeat(1000);
        let path = super::path(deep.as_bytes(), 1, usize::MAX / 2);
        assert!(path.len() < 270 && path.ends_with("..."), "{path}");
        for text in ["", "\"", "\"\\", "]]}},,", "{,", "[\"\\\"", "\n\n"] {
            for line in 0..4 {
                for column in 0..9 {
                    super::path(text.as_bytes(), line, column);
                }
            }
        }
    }
}
