//! The request target: conversion of an event's path and query string.

use super::event::{Event, FrontEnd};

/// Writes path and query string of a request, without the base path. Bytes that a request line cannot have
/// are encoded; everything else stays as the front end gave it, `..` and escapes too.
pub(super) fn push(out: &mut Vec<u8>, event: &Event<'_>, base_path: Option<&str>) {
    let path = match event.front_end {
        FrontEnd::ApiGatewayV2 => event.fields.raw_path.text(),
        _ => event.fields.path.text(),
    };
    let path = path.as_deref().unwrap_or("/");
    let path = base_path.map_or(path, |base| without_base(path, base));
    if !path.starts_with('/') {
        out.push(b'/');
    }
    encode(out, path, &|byte| {
        byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#')
    });
    let start = out.len();
    out.push(b'?');
    if event.front_end == FrontEnd::ApiGatewayV2 {
        let query = event.fields.raw_query_string.text();
        encode(out, query.as_deref().unwrap_or_default(), &|byte| {
            byte.is_ascii_graphic() && byte != b'#'
        });
    } else {
        parameters(out, event);
    }
    if out.len() == start + 1 {
        out.pop();
    }
}

/// Writes the parameters of the query string. API Gateway gives names and values decoded, a load balancer as
/// the client has sent them.
fn parameters(out: &mut Vec<u8>, event: &Event<'_>) {
    let decoded = event.front_end == FrontEnd::ApiGatewayV1;
    let stays = |byte: u8| match decoded {
        true => byte.is_ascii_alphanumeric() || b"-._~".contains(&byte),
        false => byte.is_ascii_graphic() && !matches!(byte, b'#' | b'&'),
    };
    for (index, (name, value)) in event.query().iter().enumerate() {
        if index > 0 {
            out.push(b'&');
        }
        encode(out, name, &stays);
        out.push(b'=');
        encode(out, value, &stays);
    }
}

/// A path without the base path, if that ends at a segment's end.
fn without_base<'p>(path: &'p str, base: &str) -> &'p str {
    let base = base.strip_prefix('/').unwrap_or(base);
    let rest = path
        .strip_prefix('/')
        .and_then(|path| path.strip_prefix(base));
    match rest {
        Some("") => "/",
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    }
}

/// Writes a text; bytes that do not stay as they are become `%` and two hexadecimal digits.
fn encode(out: &mut Vec<u8>, text: &str, stays: &dyn Fn(u8) -> bool) {
    for byte in text.bytes() {
        if stays(byte) {
            out.push(byte);
        } else {
            let digit = |value: u8| b"0123456789ABCDEF"[usize::from(value & 15)];
            out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte)]);
        }
    }
}

/// Whether a request target leads to a guarded path, however it is written: encoded, in another case, with
/// parameters or empty segments.
pub(super) fn leads_to(target: &[u8], guarded: &str) -> bool {
    let path = target
        .split(|byte| *byte == b'?')
        .next()
        .unwrap_or_default();
    normal_segments(path) == normal_segments(guarded.as_bytes())
}

/// The segments of a path as a router may see them: decoded, in lower case, without `.` and `..`.
fn normal_segments(path: &[u8]) -> Vec<Vec<u8>> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let [byte, behind @ ..] = rest {
        let escaped = match behind {
            [high, low, ..] if *byte == b'%' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        let value = escaped.map_or(*byte, |(high, low)| high << 4 | low);
        rest = if escaped.is_some() {
            &behind[2..]
        } else {
            behind
        };
        if !value.is_ascii_control() {
            decoded.push(value.to_ascii_lowercase());
        }
    }
    let mut segments = Vec::new();
    for segment in decoded.split(|byte| *byte == b'/') {
        match segment
            .split(|byte| *byte == b';')
            .next()
            .unwrap_or_default()
        {
            b"" | b"." => {}
            b".." => drop(segments.pop()),
            segment => segments.push(segment.to_vec()),
        }
    }
    segments
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(event: &Value, base_path: Option<&str>, expected: &str) {
        let event = event.to_string();
        let mut out = Vec::new();
        push(&mut out, &Event::read(event.as_bytes()).unwrap(), base_path);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    fn v2(path: &str, query: &str) -> Value {
        json!({"version": "2.0", "rawPath": path, "rawQueryString": query, "requestContext": {"http": {}}})
    }

    #[test]
    fn path_and_query_stay_as_they_came() {
        for (path, query, expected) in [
            ("/", "", "/"),
            ("", "", "/"),
            ("orders", "", "/orders"),
            ("/a/../b//./c", "x=../y", "/a/../b//./c?x=../y"),
            (
                "/a%2Fb%2f%zz%",
                "a=b%20c&d[]=e|f+g%",
                "/a%2Fb%2f%zz%?a=b%20c&d[]=e|f+g%",
            ),
            ("/a b?c#d", "a=b c#d", "/a%20b%3Fc%23d?a=b%20c%23d"),
            ("/\u{e9}\r\nX: y", "\u{0}", "/%C3%A9%0D%0AX:%20y?%00"),
        ] {
            check(&v2(path, query), None, expected);
        }
        let v1 = json!({"httpMethod": "GET", "path": "/a%20b", "queryStringParameters": {"q": "2"},
            "multiValueQueryStringParameters": {"q": ["1&", "2"], "r": ["\u{e9}"]}});
        check(&v1, None, "/a%20b?q=1%26&q=2&r=%C3%A9");
        let elb = json!({"requestContext": {"elb": {}}, "httpMethod": "GET", "path": "/a%2Fb",
            "queryStringParameters": {"q%5B%5D": "a%20b+c"}});
        check(&elb, None, "/a%2Fb?q%5B%5D=a%20b+c");
    }

    #[test]
    fn the_base_path_is_removed_once_at_the_end_of_a_segment() {
        for (path, base, expected) in [
            ("/api/api/orders", "/api", "/api/orders"),
            ("/api", "/api", "/"),
            ("/api/", "/api", "/"),
            ("/apiorders", "/api", "/apiorders"),
            ("/v1/api/x", "v1/api", "/x"),
            ("/other", "/api", "/other"),
        ] {
            check(&v2(path, "a=1"), Some(base), &format!("{expected}?a=1"));
        }
    }

    #[test]
    fn a_guarded_path_is_known_however_it_is_written() {
        for target in [
            "/snap/after",
            "/snap/after?x=1",
            "//snap/./after/",
            "/SNAP/%61fter",
            "/x/../snap/after",
            "/snap;x=1/after",
            "/snap/after%0A",
            "/snap/%2fafter",
        ] {
            assert!(leads_to(target.as_bytes(), "/snap/after"), "{target}");
        }
        for target in [
            "/snap/afterwards",
            "/snap",
            "/",
            "/snap/%2561fter",
            "/snap/after/x",
        ] {
            assert!(!leads_to(target.as_bytes(), "/snap/after"), "{target}");
        }
    }
}
