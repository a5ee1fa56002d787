//! Arguments and environment of the function's processes.

use std::borrow::Cow;
use std::ffi::{CStr, CString, OsString};
use std::io::Read;
use std::os::unix::ffi::OsStringExt;

use coldspark::{Error, internal};

use crate::{context, error, sys};

/// The longest command line that is read, in bytes.
const MAX_COMMAND_LINE: usize = 64 * 1024;
/// The first capacity for variables of the environment: Lambda sets about 20.
const VARIABLES_CAPACITY: usize = 32;

/// The words that this program was started with, its own name first. Without std's start-up code, musl
/// leaves std::env::args empty.
pub(crate) fn command_line() -> Vec<CString> {
    let mut line = vec![0; MAX_COMMAND_LINE];
    let read = internal::open(c"/proc/self/cmdline").and_then(|mut file| file.read(&mut line));
    line.truncate(read.unwrap_or_default());
    let line = line.strip_suffix(b"\0").unwrap_or(&line);
    let words = line.split(|byte| *byte == 0);
    words.filter_map(|word| CString::new(word).ok()).collect()
}

/// The first argument of this process. In a container image it is the first word of CMD, and `_HANDLER` may be
/// empty there.
pub(crate) fn first() -> Option<String> {
    command_line().into_iter().nth(1)?.into_string().ok()
}

/// This process's environment, without what the bootstrap sets for each event.
pub(crate) fn environment() -> Vec<Cow<'static, CStr>> {
    let mut passed = Vec::with_capacity(VARIABLES_CAPACITY);
    let lines = sys::environment().filter(|line| !context::is_set_for_each_event(line.to_bytes()));
    passed.extend(lines.map(Cow::Borrowed));
    passed
}

/// A path or an argument for exec(2).
pub(crate) fn c_string(text: OsString) -> Result<CString, Error> {
    CString::new(text.into_vec())
        .map_err(|error| Error::new(error::INVALID_HANDLER, format!("the handler: {error}")))
}
