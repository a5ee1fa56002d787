//! Encoding of an event's path and query string for a URI.

use std::fmt::Write;

/// Adds a path. Only bytes that a path cannot have are encoded: some front ends deliver the path as the
/// client sent it, others decoded.
pub(super) fn push_path(uri: &mut String, path: &str) {
    if !path.starts_with('/') {
        uri.push('/');
    }
    push(uri, path, |byte| is_segment(byte) || byte == b'/', true);
}

/// Adds a query string that the client encoded.
pub(super) fn push_raw_query(uri: &mut String, query: &str) {
    let stays = |byte| is_segment(byte) || matches!(byte, b'/' | b'?');
    push(uri, query, stays, true);
}

/// Adds a query string of names and values that are `decoded`, or as the client encoded them.
pub(super) fn push_pairs<'p>(
    uri: &mut String,
    pairs: impl Iterator<Item = (&'p str, &'p str)>,
    decoded: bool,
) {
    let mut first = true;
    for (name, value) in pairs {
        if !first {
            uri.push('&');
        }
        first = false;
        for (part, separator) in [(name, "="), (value, "")] {
            if decoded {
                push(uri, part, is_unreserved, false);
            } else {
                let stays =
                    |byte| (is_segment(byte) || matches!(byte, b'/' | b'?')) && byte != b'&';
                push(uri, part, stays, true);
            }
            uri.push_str(separator);
        }
    }
}

/// Adds a text and encodes every byte that `stays` refuses; escapes stay if `keep_escapes`.
fn push(uri: &mut String, text: &str, stays: impl Fn(u8) -> bool, keep_escapes: bool) {
    let bytes = text.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        let escape = || {
            let digits = bytes.get(at + 1..at + 3);
            digits.is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
        };
        if stays(byte) || (byte == b'%' && keep_escapes && escape()) {
            uri.push(char::from(byte));
        } else {
            // A String takes everything.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
}

/// RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986, section 3.3: what may stand in a segment of a path.
fn is_segment(byte: u8) -> bool {
    let others = b"!$&'()*+,;=:@";
    is_unreserved(byte) || others.contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::json::Pairs;

    #[track_caller]
    fn check(add: impl Fn(&mut String), expected: &str) {
        let mut uri = String::new();
        add(&mut uri);
        assert_eq!(uri, expected);
        assert!(expected.is_empty() || format!("/?{uri}").parse::<::http::Uri>().is_ok());
    }

    #[test]
    fn a_path_keeps_its_escapes_and_gets_those_it_lacks() {
        for (path, expected) in [
            ("/", "/"),
            ("", "/"),
            ("orders", "/orders"),
            ("/a%2Fb/c", "/a%2Fb/c"),
            ("/a b?c#d", "/a%20b%3Fc%23d"),
            ("/100%", "/100%25"),
            ("/%zz%4", "/%25zz%254"),
            ("/é\u{7f}\"", "/%C3%A9%7F%22"),
            ("/a@b:c;d=e", "/a@b:c;d=e"),
        ] {
            check(|uri| push_path(uri, path), expected);
        }
    }

    #[test]
    fn a_query_string_is_encoded_once() {
        check(
            |uri| push_raw_query(uri, "a=b%20c&d=e+f/?"),
            "a=b%20c&d=e+f/?",
        );
        check(|uri| push_raw_query(uri, "a=b c#d"), "a=b%20c%23d");
        let pairs = r#"{"a&b":["c=d","e f"],"g":"h%20+","empty":"","none":null}"#;
        let pairs: Pairs<'_> = serde_json::from_str(pairs).unwrap();
        check(
            |uri| push_pairs(uri, pairs.iter(), true),
            "a%26b=c%3Dd&a%26b=e%20f&g=h%2520%2B&empty=",
        );
        check(
            |uri| push_pairs(uri, pairs.iter(), false),
            "a%26b=c=d&a%26b=e%20f&g=h%20+&empty=",
        );
    }
}
