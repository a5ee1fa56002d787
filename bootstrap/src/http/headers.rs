//! Rules for headers: valid names and values, and headers that belong to one connection only.

/// Headers of a connection (RFC 9110, section 7.6.1), and others that older servers treat so.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether a name is one of these. An underscore counts as a hyphen, as in applications that see headers
/// as variables.
pub(super) fn is_one_of(name: &[u8], names: &[&str]) -> bool {
    names.iter().any(|known| is(name, known))
}

/// Whether a name is this one, which is in lower case and has hyphens.
pub(super) fn is(name: &[u8], known: &str) -> bool {
    let same = |(byte, known): (&u8, &u8)| match byte {
        b'_' => *known == b'-',
        _ => byte.to_ascii_lowercase() == *known,
    };
    name.len() == known.len() && name.iter().zip(known.as_bytes()).all(same)
}

/// The names of headers that are not passed on: those of the standard, and those listed in `Connection`.
pub(super) struct HopByHop<'a>(Vec<&'a str>);

impl<'a> HopByHop<'a> {
    pub(super) fn of(headers: &mut dyn Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut names = Vec::new();
        for (name, value) in headers {
            if is(name.as_bytes(), "connection") {
                names.extend(value.split(',').map(str::trim_ascii));
            }
        }
        Self(names)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        let named = |token: &&str| token.eq_ignore_ascii_case(name);
        is_one_of(name.as_bytes(), &HOP_BY_HOP) || self.0.iter().any(named)
    }
}

/// Whether this can be the name of a header, or a method (RFC 9110, section 5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    let may = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(may)
}

/// Whether this can be the value of a header (RFC 9110, section 5.5).
pub(super) fn is_value(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte == b'\t' || !byte.is_ascii_control())
}

/// Whether a client that sends this value of `Accept-Encoding` takes gzip.
pub(super) fn accepts_gzip(value: &str) -> bool {
    value.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim_ascii);
        let name = parts.next().unwrap_or_default();
        let refused = parts.any(|part| {
            let weight = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
            weight.is_some_and(|weight| weight.bytes().all(|byte| matches!(byte, b'0' | b'.')))
        });
        name.eq_ignore_ascii_case("gzip") && !refused
    })
}

/// Writes a header.
pub(super) fn push_header(head: &mut Vec<u8>, name: &str, value: &str) {
    for part in [name, ": ", value, "\r\n"] {
        head.extend_from_slice(part.as_bytes());
    }
}

/// Whether a body of this content type may go as text.
pub(super) fn is_text_type(content_type: &str) -> bool {
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    let essence = essence.to_ascii_lowercase();
    let (group, name) = essence.split_once('/').unwrap_or_default();
    let names = [
        "javascript",
        "json",
        "x-javascript",
        "x-www-form-urlencoded",
        "xml",
    ];
    group == "text"
        || name.ends_with("+json")
        || name.ends_with("+xml")
        || (group == "application" && names.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_a_connection_are_known() {
        let headers = [("Connection", "X-Own, close"), ("x-own", "1")];
        let hop_by_hop = HopByHop::of(&mut headers.into_iter());
        for name in [
            "Keep-Alive",
            "TE",
            "transfer_encoding",
            "x-OWN",
            "Upgrade",
            "close",
        ] {
            assert!(hop_by_hop.has(name), "{name}");
        }
        for name in ["Host", "X-Other", "Content-Length", "Cookie"] {
            assert!(!hop_by_hop.has(name), "{name}");
        }
    }

    #[test]
    fn types_of_texts_are_known() {
        for (content_type, is_text) in [
            ("text/csv", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/x-www-form-urlencoded", true),
            ("image/svg+xml", true),
            ("application/problem+json ;a=b", true),
            ("application/octet-stream", false),
            ("application/pdf", false),
            ("image/xml", false),
            ("model/json", false),
            ("json", false),
            ("", false),
        ] {
            assert_eq!(is_text_type(content_type), is_text, "{content_type}");
        }
    }

    #[test]
    fn gzip_is_taken_where_it_is_named_and_not_refused() {
        for (value, accepted) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("deflate, gzip; q=1.0", true),
            ("gzip;q=0", false),
            ("gzip;q=0.000", false),
            ("br", false),
            ("*", false),
            ("", false),
        ] {
            assert_eq!(accepts_gzip(value), accepted, "{value}");
        }
    }
}
