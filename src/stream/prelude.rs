//! The prelude: the head of a streamed HTTP response.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::escape::quoted;

/// The content type by which a front end knows a prelude.
pub const CONTENT_TYPE: &str = "application/vnd.awslambda.http-integration-response";
/// The bytes between the prelude and the body.
pub const END: [u8; 8] = [0; 8];

/// Whether a response of this content type begins with a prelude.
pub(super) fn is_announced_by(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(CONTENT_TYPE)
}

/// The lengths of a prelude's JSON and of the zero bytes behind it, if the response begins with a prelude.
pub(super) fn parts(response: &[u8]) -> Option<[usize; 2]> {
    let json = response
        .windows(END.len())
        .position(|bytes| *bytes == END)?;
    Some([json, END.len()])
}

/// Status, headers and cookies of a streamed response to a function URL or to API Gateway.
///
/// With the feature `http`, `Prelude::try_from(&parts)` makes it from the parts of a response of the
/// `http` crate. Only [`Writer::prelude`](super::Writer::prelude) sends it.
///
/// It is sent ahead of the body as a JSON object (`statusCode`, `headers`, `cookies`) and 8 NUL
/// bytes, under the content type `application/vnd.awslambda.http-integration-response`. A direct
/// invocation returns these bytes as part of the response.
///
/// ```
/// use coldspark::stream::Prelude;
///
/// # fn main() -> Result<(), coldspark::stream::InvalidHead> {
/// let prelude = Prelude::new(200)?
///     .header("Content-Type", "text/event-stream")?
///     .cookie("seen=1; Secure")?;
/// assert!(Prelude::new(99).is_err());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prelude {
    status: u16,
    headers: Vec<(String, String)>,
    cookies: Vec<String>,
}

/// The error for an invalid content type or prelude, or for one that comes after the response has begun.
///
/// ```
/// let refused = coldspark::stream::Prelude::new(99).unwrap_err();
/// assert!(refused.to_string().contains("99"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidHead(pub(crate) String);

impl Prelude {
    /// A prelude with this status and nothing else.
    ///
    /// # Errors
    /// When the status is not that of a final HTTP response, 200 to 599.
    pub fn new(status: u16) -> Result<Self, InvalidHead> {
        check_status(status).map_err(InvalidHead)?;
        Ok(Self {
            status,
            headers: Vec::new(),
            cookies: Vec::new(),
        })
    }

    /// Adds a header. Several of one name, compared without case, become one with their values
    /// joined by `, ` (RFC 9110, section 5.3). `Set-Cookie` is a [`cookie`](Self::cookie).
    ///
    /// # Errors
    /// When the name is not a token of HTTP, or the value has a line end or another control byte.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, InvalidHead> {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            return Err(InvalidHead(format!(
                "{} cannot be the name of an HTTP header",
                quoted(name)
            )));
        }
        if name.eq_ignore_ascii_case("set-cookie") {
            return self.cookie(value);
        }
        check(name, value)?;
        let mut known = self.headers.iter_mut();
        match known.find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, values)) => values.extend([", ", value]),
            None => self.headers.push((name.to_owned(), value.to_owned())),
        }
        Ok(self)
    }

    /// Adds a cookie, as `Set-Cookie` would have it.
    ///
    /// # Errors
    /// When it has a line end or another control byte.
    pub fn cookie(mut self, cookie: &str) -> Result<Self, InvalidHead> {
        check("Set-Cookie", cookie)?;
        self.cookies.push(cookie.to_owned());
        Ok(self)
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The value of the header of this name, compared without case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// The cookies, each as `Set-Cookie` has it.
    #[must_use]
    pub fn cookies(&self) -> &[String] {
        &self.cookies
    }

    /// Whether a response of this content type begins with a prelude.
    pub(crate) fn is_announced_by(content_type: &str) -> bool {
        is_announced_by(content_type)
    }

    /// Removes the prelude from the beginning of a response; `None` when there is no valid prelude.
    pub(crate) fn taken_from(response: &mut Vec<u8>) -> Option<Self> {
        let [json, zeros] = parts(response)?;
        let head: serde_json::Value = serde_json::from_slice(&response[..json]).ok()?;
        let mut prelude = Self::new(u16::try_from(head["statusCode"].as_u64()?).ok()?).ok()?;
        for (name, value) in head["headers"].as_object().into_iter().flatten() {
            prelude = prelude.header(name, value.as_str()?).ok()?;
        }
        for cookie in head["cookies"].as_array().into_iter().flatten() {
            prelude = prelude.cookie(cookie.as_str()?).ok()?;
        }
        response.drain(..json + zeros);
        Some(prelude)
    }

    /// The bytes ahead of the body.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Numbers and strings: nothing that serde_json could refuse.
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.extend_from_slice(&END);
        bytes
    }
}

/// Refuses a status that no final response has (RFC 9110, section 15), and says why; for streamed and
/// other responses.
pub(crate) fn check_status(status: u16) -> Result<(), String> {
    if (200..=599).contains(&status) {
        return Ok(());
    }
    Err(format!(
        "an HTTP response cannot have the status {status}; give one from 200 to 599"
    ))
}

/// Refuses bytes that a header's value cannot have (RFC 9110, section 5.5).
pub(super) fn check(name: &str, value: &str) -> Result<(), InvalidHead> {
    match value.chars().find(|c| c.is_ascii_control() && *c != '\t') {
        None => Ok(()),
        Some(_) => Err(InvalidHead(format!(
            "{} cannot be the value of {name}: it has a control byte",
            quoted(value)
        ))),
    }
}

impl Serialize for Prelude {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Headers<'a>(&'a [(String, String)]);
        impl Serialize for Headers<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
            }
        }
        let mut json = serializer.serialize_map(Some(3))?;
        json.serialize_entry("statusCode", &self.status)?;
        json.serialize_entry("headers", &Headers(&self.headers))?;
        json.serialize_entry("cookies", &self.cookies)?;
        json.end()
    }
}

impl fmt::Display for InvalidHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidHead {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prelude_is_json_and_eight_zero_bytes() {
        let prelude = Prelude::new(404)
            .and_then(|prelude| prelude.header("X-A", "b\"c"))
            .and_then(|prelude| prelude.header("x-a", "d"))
            .and_then(|prelude| prelude.cookie("e=f"))
            .and_then(|prelude| prelude.header("Set-Cookie", "g=h"));
        let json = br#"{"statusCode":404,"headers":{"X-A":"b\"c, d"},"cookies":["e=f","g=h"]}"#;
        let bytes = [json.as_slice(), &[0; 8]].concat();
        assert_eq!(prelude.unwrap().to_bytes(), bytes);
    }

    #[test]
    fn the_parts_of_a_prelude_are_found() {
        assert_eq!(parts(b"{}\0\0\0\0\0\0\0\0\0body"), Some([2, 8]));
        assert_eq!(parts(b"{}\0\0\0\0\0\0\0"), None);
        assert_eq!(parts(b""), None);
    }

    #[test]
    fn a_content_type_is_compared_without_case_and_parameters() {
        for (content_type, announces) in [
            (CONTENT_TYPE, true),
            (
                "Application/vnd.AWSlambda.http-integration-response ; a=b",
                true,
            ),
            (
                "application/vnd.awslambda.http-integration-responses",
                false,
            ),
            ("text/html", false),
            ("", false),
        ] {
            assert_eq!(is_announced_by(content_type), announces, "{content_type}");
        }
    }

    #[test]
    fn what_no_response_can_have_is_refused() {
        for status in [0, 1, 99, 100, 101, 199, 600, 999, u16::MAX] {
            let refused = Prelude::new(status).unwrap_err().to_string();
            assert!(
                refused.contains(&format!("the status {status};")),
                "{refused}"
            );
        }
        for status in [200, 204, 301, 404, 599] {
            assert!(Prelude::new(status).is_ok());
        }
        let prelude = || Prelude::new(200).unwrap();
        for name in ["", "a b", "a:", "a\r\nb", "\u{e9}"] {
            assert!(prelude().header(name, "v").is_err(), "{name:?}");
        }
        for value in ["a\nb", "a\r", "\u{0}", "\u{7f}"] {
            assert!(prelude().header("A", value).is_err(), "{value:?}");
            assert!(prelude().cookie(value).is_err(), "{value:?}");
        }
        assert!(prelude().header("A", "").is_ok());
    }
}
