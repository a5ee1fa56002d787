//! The error in a service's answer.
//!
//! Source: Smithy, "AWS JSON 1.0 protocol" and "AWS restJson1 protocol", "Operation error
//! serialization".

use std::time::Duration;

use serde_json::Value;

use super::Error;
use super::http::Answer;

/// The error in an answer whose status is not a success.
#[cold]
pub(super) fn error(answer: &Answer) -> Error {
    let body = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
    let text = |names: &[&str]| {
        let found = names.iter().find_map(|name| body.get(name)?.as_str());
        found.map(str::to_owned)
    };
    // SQS sends here the codes of its older protocol, which are the documented ones.
    let older = answer.header("x-amzn-query-error");
    let code = older
        .and_then(|value| value.split(';').next())
        .and_then(short)
        .or_else(|| answer.header("x-amzn-errortype").and_then(short))
        .or_else(|| short(&text(&["__type", "code", "Code"])?));
    let mut message = text(&["message", "Message", "errorMessage"]).unwrap_or_default();
    let code = match code {
        Some(code) => code,
        None => {
            if message.is_empty() {
                message = begin(&answer.body);
            }
            format!("Aws.Status{}", answer.status)
        }
    };
    if let Some(advice) = advice(&code, answer.status) {
        message = match message.as_str() {
            "" => advice.to_owned(),
            message => format!("{message}; {advice}"),
        };
    }
    Error::of(code, message).answered(answer.status, request_id(answer))
}

/// `aws.protocoltests#Code:http://...` is `Code`; an empty one is no code.
fn short(code: &str) -> Option<String> {
    let code = code.split(':').next().unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default();
    (!code.is_empty()).then(|| code.to_owned())
}

/// The start of a body that is not a service's error, such as a proxy's page.
fn begin(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(200)]);
    let text = text.trim();
    if text.is_empty() {
        return "the answer has no body".to_owned();
    }
    format!("the answer begins with {text:?}")
}

fn advice(code: &str, status: u16) -> Option<&'static str> {
    match code {
        "UnknownOperationException" | "InvalidAction" => {
            Some("the service has no operation of this name; the API reference has its names")
        }
        "UnrecognizedClientException" | "InvalidClientTokenId" => {
            Some("the credentials are those of no account, or of another partition")
        }
        "ExpiredTokenException" | "ExpiredToken" => Some("the credentials have expired"),
        "AccessDeniedException" | "AccessDenied" => {
            Some("the function's role must allow this action on this resource")
        }
        "RequestEntityTooLarge" | "RequestEntityTooLargeException" => {
            Some("the input is over what the service takes; send less, or put it into S3")
        }
        _ if status == 413 => {
            Some("the input is over what the service takes; send less, or put it into S3")
        }
        _ => None,
    }
}

pub(super) fn request_id(answer: &Answer) -> Option<String> {
    let names = ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"];
    let found = names.iter().find_map(|name| answer.header(name));
    found.map(str::to_owned)
}

/// The delay that the service asks for before a retry; its header has milliseconds.
pub(super) fn retry_after(answer: &Answer) -> Option<Duration> {
    let value = answer.header("x-amz-retry-after")?;
    Some(Duration::from_millis(value.parse().ok()?))
}
