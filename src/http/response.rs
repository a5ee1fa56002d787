//! Conversion of a response to the answer that a front end reads.

use ::http::header::{HeaderName, SET_COOKIE};
use ::http::{HeaderMap, Response, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Body, FrontEnd};
use crate::error::{Error, error_type};
use crate::stream::check_status;

/// Largest answer that an Application Load Balancer takes, in bytes of JSON (its user guide, "Use
/// Lambda functions as targets": 1 MB).
const MAX_LOAD_BALANCER: usize = 1024 * 1024;

/// The answer to an event of that front end, as JSON.
///
/// [`Runtime::http`](crate::Runtime::http) calls it. A handler over bytes may call it too:
/// [`request`](super::request) has an example.
///
/// # Errors
/// `Runtime.InvalidResponse` for a status outside 200..=599, a header value that is not UTF-8, and
/// more than one `Set-Cookie` for a load balancer without multi-value headers.
/// `Function.ResponseSizeTooLarge` for more JSON than a load balancer takes, 1 MB.
pub fn response<B: Into<Body>>(
    response: Response<B>,
    front_end: FrontEnd,
) -> Result<Vec<u8>, Error> {
    let mut json = Vec::new();
    write(response.map(Into::into), front_end, &mut json)?;
    Ok(json)
}

pub(super) fn write(
    response: Response<Body>,
    front_end: FrontEnd,
    json: &mut Vec<u8>,
) -> Result<(), Error> {
    let (parts, body) = response.into_parts();
    check_status(parts.status.as_u16()).map_err(invalid)?;
    let answer = Answer {
        status: parts.status,
        headers: headers(&parts.headers, front_end)?,
        body: &body,
        front_end,
    };
    // Texts, lists and maps of texts: nothing that serde_json could refuse.
    serde_json::to_writer(&mut *json, &answer).map_err(|error| invalid(error.to_string()))?;
    match front_end {
        FrontEnd::LoadBalancer | FrontEnd::LoadBalancerMultiValue => check_size(json.len()),
        // The other front ends have Lambda's limit or a higher one.
        FrontEnd::ApiGatewayV1 | FrontEnd::ApiGatewayV2 | FrontEnd::VpcLattice => Ok(()),
    }
}

/// Refuses an answer for which a load balancer would send 502 without a reason.
fn check_size(length: usize) -> Result<(), Error> {
    if length <= MAX_LOAD_BALANCER {
        return Ok(());
    }
    Err(Error::new(
        error_type::RESPONSE_TOO_LARGE,
        format!(
            "the response has {length} bytes as JSON, and a load balancer takes at most 1 MB \
             ({MAX_LOAD_BALANCER} bytes); return less, or a link to where the rest is"
        ),
    ))
}

/// The error for a response that cannot be sent.
pub(super) fn invalid(message: String) -> Error {
    Error::new(error_type::INVALID_RESPONSE, message)
}

type Headers<'a> = Vec<(&'a HeaderName, Vec<&'a str>)>;

/// Every header with its values.
fn headers(headers: &HeaderMap, front_end: FrontEnd) -> Result<Headers<'_>, Error> {
    let mut all = Vec::with_capacity(headers.keys_len());
    for name in headers.keys() {
        let values = headers.get_all(name).iter();
        let values: Result<Vec<_>, _> = values
            .map(|value| std::str::from_utf8(value.as_bytes()))
            .collect();
        let values = values.map_err(|_| {
            invalid(format!(
                "the response's header {name} has a value that is not UTF-8, and JSON has no \
                 form for it"
            ))
        })?;
        let remedy = match front_end {
            FrontEnd::LoadBalancer => {
                "this load balancer takes one; set lambda.multi_value_headers.enabled on its target \
                 group"
            }
            FrontEnd::VpcLattice => "VPC Lattice takes one",
            _ => "",
        };
        if !remedy.is_empty() && name == SET_COOKIE && values.len() > 1 {
            let count = values.len();
            return Err(invalid(format!(
                "the response has {count} Set-Cookie headers, and {remedy}"
            )));
        }
        all.push((name, values));
    }
    Ok(all)
}

struct Answer<'a> {
    status: StatusCode,
    headers: Headers<'a>,
    body: &'a Body,
    front_end: FrontEnd,
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = serializer.serialize_map(None)?;
        json.serialize_entry("statusCode", &self.status.as_u16())?;
        match self.front_end {
            FrontEnd::ApiGatewayV1 => {
                json.serialize_entry("multiValueHeaders", &Lists(&self.headers))?;
            }
            FrontEnd::LoadBalancerMultiValue => {
                json.serialize_entry("statusDescription", &self.description())?;
                json.serialize_entry("multiValueHeaders", &Lists(&self.headers))?;
            }
            FrontEnd::LoadBalancer | FrontEnd::VpcLattice => {
                json.serialize_entry("statusDescription", &self.description())?;
                json.serialize_entry("headers", &Joined(&self.headers, None))?;
            }
            FrontEnd::ApiGatewayV2 => {
                let cookies = Some(&SET_COOKIE);
                json.serialize_entry("headers", &Joined(&self.headers, cookies))?;
                // Written even when it is empty: `cargo lambda watch` needs it.
                let mut all = self.headers.iter();
                let cookies = all.find(|(name, _)| *name == SET_COOKIE);
                let cookies = cookies.map_or(&[][..], |(_, cookies)| cookies);
                json.serialize_entry("cookies", cookies)?;
            }
        }
        match self.body.text() {
            Ok(text) => {
                json.serialize_entry("body", text)?;
                json.serialize_entry("isBase64Encoded", &false)?;
            }
            Err(_) => {
                json.serialize_entry("body", &BASE64_STANDARD.encode(self.body))?;
                json.serialize_entry("isBase64Encoded", &true)?;
            }
        }
        json.end()
    }
}

impl Answer<'_> {
    /// `200 OK`, the status line that a load balancer sends.
    fn description(&self) -> String {
        let reason = self.status.canonical_reason().unwrap_or("Unknown");
        [self.status.as_str(), " ", reason].concat()
    }
}

/// Headers as an object of lists.
struct Lists<'a>(&'a Headers<'a>);

impl Serialize for Lists<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let headers = self.0.iter();
        serializer.collect_map(headers.map(|(name, values)| (name.as_str(), values)))
    }
}

/// Headers, but one, as an object of texts. RFC 9110, section 5.3: values joined with commas mean
/// the same.
struct Joined<'a>(&'a Headers<'a>, Option<&'a HeaderName>);

impl Serialize for Joined<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(headers, without) = self;
        let headers = headers.iter().filter(|(name, _)| Some(*name) != *without);
        serializer.collect_map(headers.map(|(name, values)| (name.as_str(), values.join(", "))))
    }
}
