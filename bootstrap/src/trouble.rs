//! Why there is no response.

use std::io;

use coldspark::layer;

use crate::intake::Intake;
use crate::kind;
use crate::sys::file::Scratch;

/// Largest response in bytes that the Runtime API takes: 6 MiB and 100 bytes.
pub(crate) const MAX_RESPONSE: usize = 6 * 1024 * 1024 + 100;
/// Why there is no answer from a worker.
pub(crate) enum Trouble {
    /// It said that it failed, and goes on.
    Said { error_type: String, message: String },
    /// It said what it may not; what and when.
    Protocol(String),
    /// It has ended.
    Ended,
    /// The time was over.
    Late,
    /// A system call failed.
    System(&'static str, io::Error),
}

/// Names what was being done when a system call failed.
pub(crate) fn doing(what: &'static str) -> impl Fn(io::Error) -> Trouble {
    move |error| Trouble::System(what, error)
}

/// What a process printed as its response, if it is not too much.
pub(crate) fn collected(output: Intake) -> Result<Vec<u8>, Trouble> {
    match output.beyond {
        0 => Ok(output.bytes),
        beyond => Err(too_large((output.bytes.len() + beyond) as u64)),
    }
}

/// What a process left in a file as its response, if it is not too much.
pub(crate) fn kept(file: &Scratch) -> Result<Vec<u8>, Trouble> {
    let read = doing("read the response");
    let bytes = file.read(0, MAX_RESPONSE + 1).map_err(&read)?;
    if bytes.len() > MAX_RESPONSE {
        return Err(too_large(file.size().map_err(&read)?));
    }
    Ok(bytes)
}

/// The error of a response of this size.
pub(crate) fn too_large(size: u64) -> Trouble {
    Trouble::Said {
        error_type: kind::RESPONSE_TOO_LARGE.to_owned(),
        message: format!(
            "the response has {size} bytes, and Lambda takes at most {MAX_RESPONSE}; return less, \
             or put it into S3 and return where it is"
        ),
    }
}

/// The error of a worker that wrote these bytes; `when` says what is wrong with that.
pub(crate) fn said(bytes: &[u8], when: &str) -> Trouble {
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let shown = String::from_utf8_lossy(&line[..line.len().min(60)]);
    Trouble::Protocol(format!("said {} {when}", layer::quoted(&shown)))
}
