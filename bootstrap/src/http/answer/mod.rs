//! Conversion of an application's answer to the response that each front end takes.

mod response;

use coldspark::Error;
use coldspark::internal::{Field, Head};

use super::exchange_error::ExchangeError;
use super::headers::HopByHop;
use crate::error;

/// The head of an answer.
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    /// The status line without the version: `200 OK`.
    line: &'a str,
    headers: Vec<(&'a str, &'a str)>,
}

impl<'a> Answer<'a> {
    /// The head at the beginning of these bytes, of which `fields` says where the headers are. Those
    /// of the connection are left out.
    pub(super) fn read(
        bytes: &'a [u8],
        head: &Head,
        fields: &[Field],
    ) -> Result<Self, ExchangeError> {
        let text = |bytes: &'a [u8]| std::str::from_utf8(bytes);
        if !(200..=599).contains(&head.status) {
            return Err(ExchangeError::Malformed("a status over 599"));
        }
        let mut headers = Vec::with_capacity(fields.len());
        for field in fields {
            // Names are tokens.
            let name = text(&bytes[field.name.clone()]).unwrap_or_default();
            let value = text(&bytes[field.value.clone()]).map_err(|_| {
                ExchangeError::Unusable(Error::new(
                    error::INVALID_RESPONSE,
                    format!(
                        "the response's header {name} has a value that is not UTF-8, and JSON has no \
                         form for it"
                    ),
                ))
            })?;
            headers.push((name, value));
        }
        let hop_by_hop = HopByHop::of(&mut headers.iter().copied());
        headers.retain(|(name, _)| !hop_by_hop.has(name));
        let line = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).next();
        let line = text(line.and_then(|line| line.get(9..)).unwrap_or_default());
        Ok(Self {
            status: head.status,
            line: line.unwrap_or_default(),
            headers,
        })
    }

    /// The head of a plain text that the bootstrap itself answers, with this status line.
    pub(super) fn plain_text(line: &'a str) -> Self {
        Self {
            status: line
                .get(..3)
                .and_then(|status| status.parse().ok())
                .unwrap_or(500),
            line,
            headers: vec![("content-type", "text/plain")],
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

/// The error for an answer of this size; `over` is empty, or `more than `.
pub(super) fn too_large(over: &str, size: usize, most: usize, who: &str) -> ExchangeError {
    ExchangeError::Unusable(Error::new(
        error::RESPONSE_TOO_LARGE,
        format!(
            "the response has {over}{size} bytes as it is posted, and {who} at most {most}; return less, \
             put it into S3 and return where it is, or stream it (AWS_LWA_INVOKE_MODE)"
        ),
    ))
}
