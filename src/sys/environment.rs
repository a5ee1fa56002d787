//! The environment of the process, in one pass.
//!
//! std copies and locks for each variable, and start-up needs several.

use std::ffi::{CStr, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr::{self, NonNull};

unsafe extern "C" {
    /// The C library's list of `NAME=value` texts; a null pointer ends it (POSIX, environ).
    static mut environ: *const *const c_char;
}

/// A variable as `NAME=value`, or the rest of it behind a prefix.
#[derive(Clone, Copy)]
pub struct Variable(NonNull<c_char>);

/// All variables. The library reads them until the first event only, and nothing changes the environment before; in
/// the layer's process nothing ever changes it.
#[must_use]
pub fn variables() -> Variables {
    // SAFETY: reading a pointer that the C library sets before `main`. Whoever changes the
    // environment does so in an unsafe block, with the promise that nobody reads it meanwhile.
    Variables(unsafe { ptr::addr_of!(environ).read() })
}

/// An iterator over the variables.
pub struct Variables(*const *const c_char);

impl Iterator for Variables {
    type Item = Variable;

    fn next(&mut self) -> Option<Variable> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: the pointer is to an entry of `environ` that is not behind the null that ends
        // it, because a null leaves it where it is. The environment does not change meanwhile:
        // the library calls this until the first event only, and `Runtime::run` forbids a change
        // before; the layer's program never changes it.
        let text = NonNull::new(unsafe { self.0.read() }.cast_mut())?;
        // SAFETY: behind an entry that is not null there is another.
        self.0 = unsafe { self.0.add(1) };
        Some(Variable(text))
    }
}

impl Variable {
    /// The rest behind `start`, if the text starts with it.
    #[must_use]
    pub fn after(self, start: &str) -> Option<Variable> {
        let mut at = self.0;
        for byte in start.bytes() {
            // SAFETY: `at` is at most at the zero that ends the text: it went on only behind a
            // byte that was equal to one of `start`, which has no zeros.
            if byte == 0 || unsafe { at.cast::<u8>().read() } != byte {
                return None;
            }
            // SAFETY: the byte just read is not the zero that ends the text.
            at = unsafe { at.add(1) };
        }
        Some(Variable(at))
    }

    /// The value, if the whole name is this.
    #[must_use]
    pub fn value(self, name: &str) -> Option<Variable> {
        let end = self.after(name)?.0;
        // SAFETY: `end` is at most at the zero that ends the text.
        let has_value = unsafe { end.cast::<u8>().read() } == b'=';
        // SAFETY: the byte just read is not the zero that ends the text.
        has_value.then(|| Variable(unsafe { end.add(1) }))
    }

    /// The rest as a path.
    pub(crate) fn path(self) -> PathBuf {
        OsStr::from_bytes(self.rest().to_bytes()).into()
    }

    /// The rest as text. Invalid UTF-8 becomes replacement characters, so that an error can show it.
    pub(crate) fn text(self) -> String {
        let text = self.rest();
        match text.to_str() {
            Ok(text) => text.to_owned(),
            Err(_) => lossy(text),
        }
    }

    /// The rest, without a copy.
    ///
    /// # Safety
    ///
    /// Nothing in the whole program ever changes the environment.
    #[must_use]
    pub unsafe fn unchanged(self) -> &'static CStr {
        // SAFETY: the pointer is into a text that ends in a zero and, as the caller says, stays as it is until
        // the program ends.
        unsafe { CStr::from_ptr(self.0.as_ptr()) }
    }

    /// The rest, which the caller must copy at once.
    fn rest(&self) -> &CStr {
        // SAFETY: the pointer is into a text that ends in a zero, and the copy is made before
        // anybody can change it, as in `Variables::next`.
        unsafe { CStr::from_ptr(self.0.as_ptr()) }
    }
}

#[cold]
fn lossy(text: &CStr) -> String {
    text.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(text: &'static CStr) -> Variable {
        Variable(NonNull::new(text.as_ptr().cast_mut()).unwrap())
    }

    #[test]
    fn a_name_is_compared_to_its_end() {
        let text = variable(c"NAME=value");
        assert_eq!(text.after("NAME=").unwrap().text(), "value");
        assert_eq!(
            text.after("NA").unwrap().after("ME=value").unwrap().text(),
            ""
        );
        assert!(text.after("NAME=value!").is_none());
        assert!(text.after("NAMES=").is_none());
        assert!(text.after("NAME=value\0").is_none());
        assert_eq!(variable(c"A=\xff").after("A=").unwrap().text(), "\u{fffd}");
    }

    #[test]
    fn a_variable_has_a_value_only_for_its_whole_name() {
        let value = |text: &'static CStr, name: &str| Some(variable(text).value(name)?.text());
        assert_eq!(value(c"NAME=a=b", "NAME").unwrap(), "a=b");
        assert_eq!(value(c"NAME=", "NAME").unwrap(), "");
        for (text, name) in [
            (c"NAME=a", "NAM"),
            (c"NAME=a", "NAMES"),
            (c"NAME", "NAME"),
            (c"NA", "NAME"),
            (c"", "NAME"),
            // Nothing behind the end of the text is read.
            (c"NA", "NA\0ME"),
        ] {
            assert_eq!(value(text, name), None, "{text:?}, {name:?}");
        }
    }

    #[test]
    fn all_variables_are_seen() {
        let path = variables().find_map(|variable| variable.after("PATH="));
        assert_eq!(path.unwrap().text(), std::env::var("PATH").unwrap());
        assert!(variables().count() >= std::env::vars_os().count());
    }
}
