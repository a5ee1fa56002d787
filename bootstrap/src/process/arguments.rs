//! Arguments and environment of the function's processes.

use std::borrow::Cow;
use std::ffi::{CStr, CString, OsString};
use std::io::Read;
use std::os::unix::ffi::OsStringExt;

use coldspark::{Error, internal};

use crate::{context, error, sys};

/// Largest command line that is read, in bytes.
const MOST_WORDS: usize = 64 * 1024;
/// How many lines of the environment there is room for at first: Lambda sets about 20.
const LINES: usize = 32;

/// The words that this program was started with, its own name first. Without std's start-up code, musl
/// leaves std::env::args empty.
pub(crate) fn own_words() -> Vec<CString> {
    let mut line = vec![0; MOST_WORDS];
    let read = internal::open(c"/proc/self/cmdline").and_then(|mut file| file.read(&mut line));
    line.truncate(read.unwrap_or_default());
    let line = line.strip_suffix(b"\0").unwrap_or(&line);
    let words = line.split(|byte| *byte == 0);
    words.filter_map(|word| CString::new(word).ok()).collect()
}

/// The first argument of this process. Of a container image that is the first word of its CMD, and
/// `_HANDLER` may be empty there.
pub(crate) fn first() -> Option<String> {
    own_words().into_iter().nth(1)?.into_string().ok()
}

/// This process's environment, without what the bootstrap sets for each event.
pub(crate) fn environment() -> Vec<Cow<'static, CStr>> {
    let mut passed = Vec::with_capacity(LINES);
    let lines = sys::environment().filter(|line| !context::sets(line.to_bytes()));
    passed.extend(lines.map(Cow::Borrowed));
    passed
}

/// A path or an argument for exec(2).
pub(crate) fn c_string(text: OsString) -> Result<CString, Error> {
    CString::new(text.into_vec())
        .map_err(|error| Error::new(error::INVALID_HANDLER, format!("the handler: {error}")))
}
