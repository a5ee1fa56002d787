//! What the fuzz targets share: the layer's modules that parse, taken in as they are, and ways to
//! make several values out of one input.
#![allow(dead_code, unused_imports, missing_docs)]

#[path = "../../../bootstrap/src/decimal.rs"]
mod decimal;
#[path = "../../../bootstrap/src/error/mod.rs"]
mod error;
#[path = "../../../bootstrap/src/resolve.rs"]
pub mod resolve;
#[path = "../../../bootstrap/src/settings.rs"]
mod settings;

/// The layer's `process`, of which only these parse.
#[path = "../../../bootstrap/src/process"]
mod process {
    pub mod content_type;
    pub mod executable;
}

/// The layer's `worker`, of which only this parses.
#[path = "../../../bootstrap/src/worker"]
mod worker {
    pub mod protocol;
}

/// The layer's `http`, without what starts and talks to a process.
#[path = "../../../bootstrap/src/http"]
mod http {
    mod event;
    mod headers;
    mod json;
    mod metadata;
    mod request;
    mod settings;
    mod target;
    #[path = "../../../tests/fuzz/src/web.rs"]
    pub mod web;
}

#[path = "../../../bootstrap/src/deadline.rs"]
mod deadline;
mod layer;

/// The system calls of the layer that these modules need.
mod sys {
    use std::ffi::{CStr, OsStr};

    /// No variable is set.
    pub(crate) fn environment() -> impl Iterator<Item = &'static CStr> {
        std::iter::empty()
    }

    /// No variable is set.
    pub(crate) fn variable(_: &str) -> Option<&'static OsStr> {
        None
    }

    pub(crate) mod read_ahead {
        /// No file was looked for.
        pub(crate) fn handler_was_found() -> bool {
            false
        }
    }
}

pub use http::web;
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
