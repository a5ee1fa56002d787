//! The headers of the Runtime API. HTTP compares their names without case.

use super::error::ApiError;
use crate::client::Reply;
use crate::escape::quoted;
use crate::invocation::Metadata;

pub(crate) const REQUEST_ID: &str = "Lambda-Runtime-Aws-Request-Id";
pub(crate) const DEADLINE_MS: &str = "Lambda-Runtime-Deadline-Ms";
pub(crate) const FUNCTION_ARN: &str = "Lambda-Runtime-Invoked-Function-Arn";
pub(crate) const TRACE_ID: &str = "Lambda-Runtime-Trace-Id";
pub(crate) const CLIENT_CONTEXT: &str = "Lambda-Runtime-Client-Context";
pub(crate) const COGNITO_IDENTITY: &str = "Lambda-Runtime-Cognito-Identity";
pub(crate) const TENANT_ID: &str = "Lambda-Runtime-Aws-Tenant-Id";
pub(crate) const INVOCATION_ID: &str = "Lambda-Runtime-Invocation-Id";
pub(crate) const ERROR_TYPE: &str = "Lambda-Runtime-Function-Error-Type";
pub(crate) const ERROR_CAUSE: &str = "Lambda-Runtime-Function-XRay-Error-Cause";
pub(crate) const CONTENT_TYPE: &str = "Content-Type";

/// Reads the headers of `next`.
///
/// An optional header that cannot be used is left out, and `ignored` says so; without a usable
/// request id there is nobody to answer.
pub(super) fn metadata<'a>(
    reply: &'a Reply,
    ignored: &mut String,
) -> Result<Metadata<'a>, ApiError> {
    let request_id = match reply.header(REQUEST_ID) {
        None | Some([]) => return Err(ApiError::RequestId("the event came without the")),
        Some(id) => match std::str::from_utf8(id) {
            Ok(id) if is_a_segment(id) => id,
            _ => {
                return Err(ApiError::RequestId(
                    "the event came with an unusable value in the",
                ));
            }
        },
    };
    let mut optional = |name| match reply.header(name) {
        None | Some([]) => None,
        Some(value) => text(name, value, ignored),
    };
    let deadline = optional(DEADLINE_MS);
    let metadata = Metadata {
        request_id,
        invocation_id: optional(INVOCATION_ID),
        deadline_ms: deadline.and_then(|value| value.parse().ok()),
        function_arn: optional(FUNCTION_ARN),
        trace_id: optional(TRACE_ID),
        client_context: optional(CLIENT_CONTEXT),
        cognito_identity: optional(COGNITO_IDENTITY),
        tenant_id: optional(TENANT_ID),
    };
    if let (Some(value), None) = (deadline, metadata.deadline_ms) {
        ignore(ignored, DEADLINE_MS, value, "not a number of milliseconds");
    }
    Ok(metadata)
}

/// Whether a request id can be what it becomes, one segment of a path: it has only bytes that stand
/// there as they are (RFC 3986, section 3.3), and nobody on the way takes it for more or for less.
fn is_a_segment(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte);
    let unusual = |byte: u8| plain(byte) || byte == b'%';
    id.bytes().all(plain) && !id.starts_with(['.', ';'])
        || id.bytes().all(unusual) && !leads_elsewhere(id.as_bytes())
}

/// Whether a segment is a step within its path, `.` or `..` (section 5.2.4), with parameters or
/// not, or has a separator in it, for a server that decodes what is encoded, however often.
#[cold]
#[inline(never)]
fn leads_elsewhere(mut rest: &[u8]) -> bool {
    let mut dots = true;
    let mut parameters = false;
    while let [first, behind @ ..] = rest {
        let mut byte = *first;
        rest = behind;
        if byte == b'%' {
            while let [b'2', b'5', behind @ ..] = rest {
                rest = behind;
            }
            match rest {
                [b'2', b'f' | b'F', ..] | [b'5', b'c' | b'C', ..] => return true,
                [b'2', b'e' | b'E', behind @ ..] => {
                    byte = b'.';
                    rest = behind;
                }
                _ => {}
            }
        }
        parameters |= byte == b';';
        dots &= parameters || byte == b'.';
    }
    dots
}

fn text<'a>(name: &str, value: &'a [u8], ignored: &mut String) -> Option<&'a str> {
    let text = std::str::from_utf8(value).ok();
    if text.is_none() {
        let value = String::from_utf8_lossy(value);
        ignore(ignored, name, &value, "not UTF-8");
    }
    text
}

/// Says that a header is ignored, and why, behind what was said of others.
#[cold]
fn ignore(ignored: &mut String, name: &str, value: &str, reason: &str) {
    let shown: String = value.chars().take(100).collect();
    if !ignored.is_empty() {
        ignored.push_str("; ");
    }
    for part in [
        "the header ",
        name,
        ": ",
        &quoted(&shown),
        " is ignored, because it is ",
        reason,
    ] {
        ignored.push_str(part);
    }
}
