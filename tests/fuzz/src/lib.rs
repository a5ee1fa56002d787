//! What the fuzz targets share: the layer's modules that parse, taken in as they are, and ways to
//! make several values out of one input.
#![allow(dead_code, unused_imports, missing_docs)]

#[path = "../../../bootstrap/src/check.rs"]
pub mod check;
#[path = "../../../bootstrap/src/control.rs"]
pub mod control;
#[path = "../../../bootstrap/src/deadline.rs"]
mod deadline;
#[path = "../../../bootstrap/src/kind.rs"]
mod kind;
#[path = "../../../bootstrap/src/resolve.rs"]
pub mod resolve;
#[path = "../../../bootstrap/src/settings.rs"]
mod settings;
#[path = "../../../bootstrap/src/stream.rs"]
mod stream;

mod layer;

/// What of the layer's system calls these modules need.
mod sys {
    use std::ffi::OsStr;

    /// No variable is set.
    pub(crate) fn variable(_: &str) -> Option<&'static OsStr> {
        None
    }
}

pub use layer::{elf_interpreter, executable, resolve, worker_line};

/// The first byte of an input, which says how the rest is used, and the rest.
pub fn knob(data: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = data.split_first()?;
    Some((usize::from(*first), rest))
}

/// The parts of a text that one line has each.
pub fn lines(data: &[u8]) -> Option<Vec<&str>> {
    Some(std::str::from_utf8(data).ok()?.split('\n').collect())
}

/// A text as one byte string of JSON, by serde_json.
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("every text is a JSON string")
}
