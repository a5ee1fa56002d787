//! Entry points of the fuzz targets: texts that go into headers.

use super::{cause, cut, streaming};
use crate::base64;
use crate::error::Error;

/// Largest cause, in bytes.
pub const MAX_CAUSE: usize = cause::MAX;
/// Largest JSON of an error in the trailers, in bytes.
pub const MAX_ERROR: usize = streaming::MAX_ERROR;

/// Base64 of these bytes.
pub fn encode_base64(bytes: &[u8]) -> String {
    base64::encode(bytes)
}

/// The error's cause for X-Ray.
pub fn cause_of(error: &Error) -> String {
    cause::cause(error)
}

/// The error's type as a header, and its JSON.
pub fn report(error: &Error) -> (String, Vec<u8>) {
    (error.header().into_owned(), error.to_json())
}

/// The error's JSON as trailers have it.
pub fn shortened(error: &Error) -> Vec<u8> {
    cut::json(error, MAX_ERROR)
}
