//! The request of a call, for every protocol, and which requests are allowed.

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
pub(super) fn reads(operation: &str) -> bool {
    const VERBS: [&str; 12] = [
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
        "Verify",
    ];
    VERBS.iter().any(|verb| operation.starts_with(verb))
}

/// A request as the caller gave it.
pub(super) fn checked(outgoing: &Outgoing<'_>) -> Result<(), Error> {
    const OURS: [&str; 7] = [
        "authorization",
        "content-length",
        "host",
        "transfer-encoding",
        "x-amz-date",
        "x-amz-security-token",
        "x-amzn-trace-id",
    ];
    let wrong = |why: String| Err(Error::of("Aws.BadRequest", why));
    let sent = |byte: u8| byte.is_ascii_graphic() && !b"?#\"<>\\^`{|}".contains(&byte);
    if !outgoing.path.starts_with('/') || !outgoing.path.bytes().all(sent) {
        return wrong(format!(
            "the path {:?} cannot be sent; it must begin with a slash, and what stands between \
             slashes be encoded, by aws::encode for instance",
            outgoing.path
        ));
    }
    // Services shorten such paths, and then compute another signature.
    let mut parts = outgoing.path[1..].split('/').rev().skip(1);
    let mut all = outgoing.path.split('/');
    if parts.any(str::is_empty) || all.any(|part| matches!(part, "." | "..")) {
        return wrong(format!(
            "the path {:?} has an empty part, or . or .., which no signature covers",
            outgoing.path
        ));
    }
    match outgoing
        .headers
        .iter()
        .find(|(name, _)| OURS.contains(&&**name))
    {
        Some((name, _)) => wrong(format!("the header {name} is set by the client")),
        None => Ok(()),
    }
}
