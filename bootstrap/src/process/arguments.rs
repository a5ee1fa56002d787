//! Arguments and environment of the function's processes.

use std::borrow::Cow;
use std::ffi::{CStr, CString, OsString};
use std::os::unix::ffi::OsStringExt;

use coldspark::Error;

use crate::{context, error, sys};

/// This process's environment, without what the bootstrap sets for each event.
pub(crate) fn environment() -> Vec<Cow<'static, CStr>> {
    let passed = sys::environment().filter(|line| {
        let name = line.to_bytes().split(|byte| *byte == b'=').next();
        !context::sets(name.unwrap_or_default())
    });
    passed.map(Cow::Borrowed).collect()
}

/// A path or an argument for exec(2).
pub(crate) fn c_string(text: OsString) -> Result<CString, Error> {
    CString::new(text.into_vec())
        .map_err(|error| Error::new(error::INVALID_HANDLER, format!("the handler: {error}")))
}
