//! AWS Signature Version 4.
//!
//! Source: the IAM User Guide, "Create a signed AWS API request". The crates for it are larger than this
//! module: aws-sigv4 was measured at 97 KB with 35 crates, and needs a newer Rust; reqsign at 279 KB.
//! Tests compare the signatures with AWS's published vectors here, and with botocore's in
//! tests/aws/oracles.rs.

use ring::{digest, hmac};

use super::credentials::Credentials;
use super::timestamps;
use crate::idempotency::hex;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The parts of a request that are signed.
pub(super) struct Signing<'a> {
    pub(super) method: &'a str,
    /// The path as it is sent.
    pub(super) path: &'a str,
    /// The query as [`query`] makes it.
    pub(super) query: &'a str,
    /// Names in lower case; `host` is among them.
    pub(super) headers: &'a [(String, String)],
    pub(super) body: &'a [u8],
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    /// Seconds since 1970.
    pub(super) now: u64,
}

/// The headers that signing adds; the last one has the signature.
pub(super) fn sign(
    signing: &Signing<'_>,
    credentials: &Credentials,
) -> Vec<(&'static str, String)> {
    let date = timestamps::basic(signing.now);
    let date = std::str::from_utf8(&date).expect("digits and letters");
    let mut added = vec![("x-amz-date", date.to_owned())];
    if let Some(token) = credentials.token() {
        added.push(("x-amz-security-token", token.to_owned()));
    }
    let scope = format!(
        "{}/{}/{}/aws4_request",
        &date[..8],
        signing.region,
        signing.service
    );
    let (names, request) = canonical(signing, &added);
    let to_sign = format!(
        "{ALGORITHM}\n{date}\n{scope}\n{}",
        hex(digest::digest(&digest::SHA256, request.as_bytes()).as_ref())
    );
    let first = ["AWS4", credentials.secret()].concat().into_bytes();
    let first = zeroize::Zeroizing::new(first);
    let mut key = hmac::Key::new(hmac::HMAC_SHA256, &first);
    for part in scope.split('/') {
        let tag = hmac::sign(&key, part.as_bytes());
        key = hmac::Key::new(hmac::HMAC_SHA256, tag.as_ref());
    }
    let signature = hex(hmac::sign(&key, to_sign.as_bytes()).as_ref());
    added.push((
        "authorization",
        format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            credentials.access_key_id()
        ),
    ));
    added
}

/// The signed headers' names, and the canonical request.
fn canonical(signing: &Signing<'_>, added: &[(&'static str, String)]) -> (String, String) {
    let mut headers: Vec<(&str, String)> = Vec::new();
    let given = signing.headers.iter().map(|(name, value)| (&**name, value));
    for (name, value) in given.chain(added.iter().map(|(name, value)| (*name, value))) {
        let words: Vec<_> = value.split_ascii_whitespace().collect();
        let value = words.join(" ");
        match headers.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => {
                values.push(',');
                values.push_str(&value);
            }
            None => headers.push((name, value)),
        }
    }
    headers.sort_unstable();
    let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let mut request = [signing.method, "\n"].concat();
    // The canonical path is encoded twice, except for S3, which this module does not serve.
    encode(signing.path, b"/", &mut request);
    request.push('\n');
    request.push_str(signing.query);
    request.push('\n');
    for (name, value) in &headers {
        for part in [name, ":", value, "\n"] {
            request.push_str(part);
        }
    }
    let body = hex(digest::digest(&digest::SHA256, signing.body).as_ref());
    for part in ["\n", &names, "\n", &body] {
        request.push_str(part);
    }
    (names, request)
}

/// The canonical query, which is also the one that is sent: encoded, then sorted.
pub(super) fn query(parameters: &[(&str, &str)]) -> String {
    let encoded = |text: &str| {
        let mut to = String::new();
        encode(text, b"", &mut to);
        to
    };
    let mut pairs: Vec<_> = parameters
        .iter()
        .map(|(name, value)| (encoded(name), encoded(value)))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// Percent-encodes all bytes but the unreserved ones of RFC 3986 and those of `kept`.
pub(super) fn encode(text: &str, kept: &[u8], to: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || kept.contains(&byte) {
            to.push(byte.into());
        } else {
            to.push('%');
            for digit in [byte >> 4, byte & 15] {
                to.push(b"0123456789ABCDEF"[usize::from(digit)].into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// Requests of AWS's signing test suite and their signatures; the file says where they are from.
    const VECTORS: &str = include_str!("vectors.json");

    #[derive(Deserialize)]
    struct Vectors {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        name: String,
        method: String,
        path: String,
        query: Vec<(String, String)>,
        headers: Vec<(String, String)>,
        body: String,
        token: Option<String>,
        signature: String,
    }

    #[test]
    fn published_vectors_have_the_published_signatures() {
        let vectors: Vectors = serde_json::from_str(VECTORS).unwrap();
        assert!(vectors.cases.len() > 20);
        for case in vectors.cases {
            let credentials = Credentials::new(
                "AKIDEXAMPLE".to_owned(),
                "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
                case.token,
            );
            let pairs: Vec<_> = case.query.iter().map(|(n, v)| (&**n, &**v)).collect();
            let added = sign(
                &Signing {
                    method: &case.method,
                    path: &case.path,
                    query: &query(&pairs),
                    headers: &case.headers,
                    body: case.body.as_bytes(),
                    region: "us-east-1",
                    service: "service",
                    now: 1_440_938_160,
                },
                &credentials,
            );
            let signature = added.last().unwrap().1.rsplit('=').next().unwrap();
            assert_eq!(signature, case.signature, "{}", case.name);
        }
    }
}
