//! A response of ureq in the form of a [`Reply`].

use std::io::{self, Read};

use ureq::Body;
use ureq::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use ureq::http::{self, HeaderMap};

use super::super::error::BodyError;
use super::super::reply::Field;
use super::super::{ClientError, MAX_BODY, Reply};

/// A body is read by pieces of at most so many bytes, since each is zeroed first.
const PIECE: usize = 64 * 1024;

/// Copies a response of ureq into the one buffer of a reply.
pub(super) fn fill(response: http::Response<Body>, reply: &mut Reply) -> Result<(), ClientError> {
    let (parts, body) = response.into_parts();
    framed(&parts.headers)?;
    reply.status = parts.status.as_u16();
    for (name, value) in &parts.headers {
        let name = put(name.as_str().as_bytes(), reply);
        capitalize(&mut reply.bytes[name.clone()]);
        let value = put(value.as_bytes(), reply);
        reply.fields.push(Field { name, value });
    }
    let expected = body
        .content_length()
        .and_then(|length| usize::try_from(length).ok());
    if expected.is_some_and(|expected| expected > MAX_BODY) {
        return Err(ClientError::Body(BodyError::TooLarge));
    }
    let start = reply.bytes.len();
    reply.bytes.reserve_exact(expected.unwrap_or(PIECE) + 1);
    let read = read(&mut body.into_reader(), expected, &mut reply.bytes);
    reply.body = start..reply.bytes.len();
    let got = reply.body.len();
    match read {
        Ok(()) if got > MAX_BODY => Err(ClientError::Body(BodyError::TooLarge)),
        Ok(()) => Ok(()),
        Err(_) => Err(ClientError::Body(BodyError::Ended { got, expected })),
    }
}

/// Refuses what ureq would take for one of two lengths.
fn framed(headers: &HeaderMap) -> Result<(), ClientError> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter().peekable();
    let coded = codings.peek().is_some();
    if codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
        let reason = "malformed reply: a Transfer-Encoding other than chunked";
        return Err(ClientError::Other(reason.to_owned()));
    }
    if coded && headers.contains_key(CONTENT_LENGTH) {
        let reason = "malformed reply: both Content-Length and Transfer-Encoding";
        return Err(ClientError::Other(reason.to_owned()));
    }
    Ok(())
}

fn put(part: &[u8], reply: &mut Reply) -> std::ops::Range<usize> {
    let start = reply.bytes.len();
    reply.bytes.extend_from_slice(part);
    start..reply.bytes.len()
}

/// ureq keeps names in lower case. As the server writes them they are found without a comparison
/// letter by letter.
fn capitalize(name: &mut [u8]) {
    let mut first = true;
    for byte in name {
        if first {
            byte.make_ascii_uppercase();
        }
        first = *byte == b'-';
    }
}

/// Reads to the end, which also gives the connection back to ureq, or to over [`MAX_BODY`].
fn read(body: &mut impl Read, expected: Option<usize>, bytes: &mut Vec<u8>) -> io::Result<()> {
    let start = bytes.len();
    loop {
        let filled = bytes.len();
        let left = expected.map_or(PIECE, |expected| (start + expected).saturating_sub(filled));
        bytes.resize(filled + left.clamp(1, PIECE), 0);
        let got = body.read(&mut bytes[filled..]);
        bytes.truncate(filled + *got.as_ref().unwrap_or(&0));
        match got {
            Ok(0) => return Ok(()),
            Ok(_) if bytes.len() - start > MAX_BODY => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
