//! The request of a call, for every protocol, and which requests are allowed.

use ureq::http::{HeaderName, HeaderValue};

use super::Error;

/// A request, whatever the protocol.
pub(super) struct Outgoing<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: &'a [u8],
    /// Whether it may be carried out twice.
    pub(super) repeatable: bool,
}

/// Whether an operation only reads, judged by its name.
pub(super) fn only_reads(operation: &str) -> bool {
    // Step Functions hands a task to the worker that asks, and hands the next one to the next question.
    const HANDS_OUT: &str = "GetActivityTask";
    // Of KMS; other services use up a code under such a name.
    const WHOLE: [&str; 2] = ["Verify", "VerifyMac"];
    const VERBS: [&str; 11] = [
        "BatchGet",
        "Decrypt",
        "Describe",
        "Encrypt",
        "Filter",
        "GenerateDataKey",
        "Get",
        "List",
        "Query",
        "Scan",
        "TransactGet",
    ];
    let reads = VERBS.iter().any(|verb| operation.starts_with(verb));
    WHOLE.contains(&operation) || reads && operation != HANDS_OUT
}

/// Refuses a request that the client cannot send as the caller gave it.
pub(super) fn check(outgoing: &Outgoing<'_>) -> Result<(), Error> {
    const OURS: [&str; 7] = [
        "authorization",
        "content-length",
        "host",
        "transfer-encoding",
        "x-amz-date",
        "x-amz-security-token",
        "x-amzn-trace-id",
    ];
    check_path(outgoing.path)?;
    let ours = |(name, _): &&(String, String)| OURS.contains(&&**name);
    match outgoing.headers.iter().find(ours) {
        Some((name, _)) => wrong(format!("the header {name} is set by the client")),
        None => Ok(()),
    }
}

/// Refuses a path that cannot be sent as it is.
pub(super) fn check_path(path: &str) -> Result<(), Error> {
    let sent = |byte: u8| byte.is_ascii_graphic() && !b"?#\"<>\\^`{|}".contains(&byte);
    if !path.starts_with('/') || !path.bytes().all(sent) {
        return wrong(format!(
            "the path {path:?} cannot be sent; it must begin with a slash, and the parts between \
             slashes must be encoded, by aws::encode for instance"
        ));
    }
    // Services shorten such paths, and then compute another signature.
    let mut parts = path[1..].split('/').rev().skip(1);
    let mut all = path.split('/');
    if parts.any(str::is_empty) || all.any(|part| matches!(part, "." | "..")) {
        return wrong(format!(
            "the path {path:?} has an empty part, or . or .., which no signature covers"
        ));
    }
    Ok(())
}

/// A header of a request; its value is not printed, since it may be secret.
pub(super) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let refused = |name: &str| {
        Error::of(
            "Aws.BadRequest",
            format!(
                "the header {name} cannot be sent; a name has letters, digits and hyphens, and a value \
                 no line break or other control character"
            ),
        )
    };
    let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused(&format!("{name:?}")))?;
    let value = HeaderValue::from_str(value).map_err(|_| refused(name))?;
    Ok((key, value))
}

fn wrong(why: String) -> Result<(), Error> {
    Err(Error::of("Aws.BadRequest", why))
}
