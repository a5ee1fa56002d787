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
/// request id the event cannot be answered.
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
    let mut all_are_used = true;
    let mut optional = |name| match reply.header(name) {
        None | Some([]) => None,
        Some(value) => {
            let text = std::str::from_utf8(value).ok();
            all_are_used &= text.is_some();
            text
        }
    };
    let deadline = optional(DEADLINE_MS);
    let deadline_ms = deadline.and_then(|value| value.parse().ok());
    let metadata = Metadata {
        request_id,
        invocation_id: optional(INVOCATION_ID),
        deadline_ms,
        function_arn: optional(FUNCTION_ARN),
        trace_id: optional(TRACE_ID),
        client_context: optional(CLIENT_CONTEXT),
        cognito_identity: optional(COGNITO_IDENTITY),
        tenant_id: optional(TENANT_ID),
    };
    let bad_deadline = deadline.is_some() && deadline_ms.is_none();
    if !all_are_used || bad_deadline {
        describe(reply, bad_deadline, ignored);
    }
    Ok(metadata)
}

/// Says which headers could not be used, and why.
#[cold]
#[inline(never)]
fn describe(reply: &Reply, bad_deadline: bool, ignored: &mut String) {
    static OPTIONAL: [&str; 7] = [
        DEADLINE_MS,
        INVOCATION_ID,
        FUNCTION_ARN,
        TRACE_ID,
        CLIENT_CONTEXT,
        COGNITO_IDENTITY,
        TENANT_ID,
    ];
    for (index, name) in OPTIONAL.iter().enumerate() {
        let value = reply.header(name).unwrap_or_default();
        let reason = if std::str::from_utf8(value).is_err() {
            "not UTF-8"
        } else if bad_deadline && index == 0 {
            "not a number of milliseconds"
        } else {
            continue;
        };
        let shown = quoted(&String::from_utf8_lossy(&value[..value.len().min(100)]));
        let separator = if ignored.is_empty() { "" } else { "; " };
        *ignored +=
            &format!("{separator}the header {name}: {shown} is ignored, because it is {reason}");
    }
}

/// Whether a request id can be one segment of a path: it has only bytes that need no encoding there
/// (RFC 3986, section 3.3), and no server on the way reads it as several segments or as a step.
fn is_a_segment(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte);
    let unusual = |byte: u8| plain(byte) || byte == b'%';
    id.bytes().all(plain) && !id.starts_with(['.', ';'])
        || id.bytes().all(unusual) && !leads_elsewhere(id.as_bytes())
}

/// Whether a segment is a step within its path, `.` or `..` (section 5.2.4), with or without
/// parameters, or contains a separator, also for a server that decodes the path once or several times.
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
