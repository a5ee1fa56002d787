//! Starts processes without a copy of page tables, and with exactly the descriptors that they need.
//!
//! This uses clone(2) in the manner of vfork(2): the child shares the memory until it executes its
//! program, and the thread that started it waits for that. posix_spawn(3) does the same, but allocates
//! memory for every descriptor, and no number may be in the way of another one; that took the init phase
//! 20 us more. std's `Command` would fork as soon as a child gets more than the first three descriptors.

mod child_setup;

use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::{fs, iter, ptr};

use super::child::{self, Child};
use super::{children, spawn_lock};
use child_setup::{ChildSetup, Move};
use coldspark::internal::pipe;

/// A process to start.
pub(crate) struct Command<'a> {
    pub(crate) program: &'a CStr,
    /// The first one is the name of the program.
    pub(crate) arguments: &'a [CString],
    pub(crate) environment: &'a [Cow<'static, CStr>],
    /// The descriptors that it gets, at most [`MAX_DESCRIPTORS`], and their numbers there. Without a 0, its
    /// standard input is /dev/null. All other descriptors are close-on-exec.
    pub(crate) descriptors: &'a [(BorrowedFd<'a>, libc::c_int)],
}

/// The most descriptors that a process is given: a worker's.
const MAX_DESCRIPTORS: usize = 7;

impl Command<'_> {
    /// Starts it as the leader of a new process group. The error is what exec(2) says.
    pub(crate) fn spawn(&self) -> io::Result<Child> {
        debug_assert!(self.descriptors.len() <= MAX_DESCRIPTORS);
        let arguments = pointers(self.arguments.iter().map(|text| &**text));
        let environment = pointers(self.environment.iter().map(|text| &**text));
        let (report_reader, report_writer) = match child_setup::shares_memory() {
            true => (None, None),
            false => pipe(0).map(|(reader, writer)| (Some(reader), Some(writer)))?,
        };
        let descriptors = self.descriptors.iter();
        let moves = descriptors.map(|(fd, to)| Move {
            from: fd.as_raw_fd(),
            to: *to,
        });
        let texts = [arguments.as_slice(), &environment];
        let mut setup = ChildSetup::new(
            self.program,
            texts,
            moves,
            report_writer.as_ref().map_or(-1, AsRawFd::as_raw_fd),
        );
        // One at a time: see `pipe::replace`.
        let lock = spawn_lock::hold();
        children::check_no_shutdown()?;
        let pid = setup.start()?;
        drop(report_writer);
        if let Some(number) = setup
            .exec_error()
            .or_else(|| report_reader.and_then(reported))
        {
            child::reap(pid);
            return Err(io::Error::from_raw_os_error(number));
        }
        let child = Child::new(pid);
        drop(lock);
        Ok(child)
    }
}

/// The number of an error that a child reports by its pipe, whose end comes when the child has executed its
/// program: its own end of the pipe closes then.
#[cold]
fn reported(pipe: OwnedFd) -> Option<libc::c_int> {
    let mut number = [0; size_of::<libc::c_int>()];
    let read = fs::File::from(pipe).read_exact(&mut number);
    read.is_ok().then(|| libc::c_int::from_ne_bytes(number))
}

/// Executes the program in the place of this one; returns only if that fails.
pub(crate) fn replace(
    program: &CStr,
    arguments: &[CString],
    environment: &[Cow<'static, CStr>],
) -> io::Error {
    let arguments = pointers(arguments.iter().map(|text| &**text));
    let environment = pointers(environment.iter().map(|text| &**text));
    // SAFETY: the program is a zero-terminated text, and both arrays are of such and end with a null
    // pointer; all of them live until the call returns.
    unsafe { libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    io::Error::last_os_error()
}

fn pointers<'a>(texts: impl Iterator<Item = &'a CStr>) -> Vec<*const libc::c_char> {
    let texts = texts.map(CStr::as_ptr);
    texts.chain(iter::once(ptr::null())).collect()
}

#[cfg(test)]
mod tests {
    use std::os::fd::{AsFd, FromRawFd};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::super::scratch_file::ScratchFile;
    use super::*;

    /// What a shell finds under these descriptors, in this order.
    fn contents(descriptors: &[(BorrowedFd<'_>, libc::c_int)], numbers: &[libc::c_int]) -> String {
        let parts = numbers.iter();
        let parts = parts.map(|number| format!("cat /proc/self/fd/{number}; "));
        printed(descriptors, &parts.collect::<String>())
    }

    /// What a shell with these descriptors prints.
    fn printed(descriptors: &[(BorrowedFd<'_>, libc::c_int)], script: &str) -> String {
        let output = ScratchFile::new(c"output").unwrap();
        let mut all = descriptors.to_vec();
        all.push((output.as_fd(), 1));
        let arguments = [c"sh", c"-c"].map(CStr::to_owned);
        let mut arguments = arguments.to_vec();
        arguments.push(CString::new(script).unwrap());
        let command = Command {
            program: c"/bin/sh",
            arguments: &arguments,
            environment: &[Cow::Borrowed(c"PATH=/usr/bin:/bin")],
            descriptors: &all,
        };
        let child = command.spawn().unwrap();
        while !child.has_ended() {
            std::thread::yield_now();
        }
        drop(child);
        String::from_utf8(output.read(0, 100).unwrap()).unwrap()
    }

    /// A file with this content under this number.
    fn file(text: &str, number: libc::c_int) -> OwnedFd {
        let scratch = ScratchFile::new(c"test").unwrap();
        scratch.set(text.as_bytes()).unwrap();
        // SAFETY: fcntl with F_DUPFD_CLOEXEC takes integers; the new descriptor is nobody else's.
        let fd = unsafe { libc::fcntl(scratch.as_fd().as_raw_fd(), libc::F_DUPFD_CLOEXEC, number) };
        assert_eq!(fd, number, "the number is taken");
        // SAFETY: it was just made.
        unsafe { OwnedFd::from_raw_fd(fd) }
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no clone(2)")]
    fn numbers_that_are_in_the_way_of_each_other_are_given() {
        // Apart from those that other tests use at the same time.
        let [a, b, c] = [("a", 200), ("b", 201), ("c", 202)].map(|(text, at)| file(text, at));
        let [a, b, c] = [a.as_fd(), b.as_fd(), c.as_fd()];
        let numbers = [200, 201, 202];
        let circle = [(a, 201), (b, 202), (c, 200)];
        assert_eq!(contents(&circle, &numbers), "cab");
        let chain = [(a, 201), (b, 202)];
        assert_eq!(contents(&chain, &numbers[1..]), "ab");
    }

    /// What `pipe::replace` puts under a number is not close-on-exec for a moment.
    #[test]
    #[cfg_attr(miri, ignore = "Miri has no clone(2)")]
    fn a_child_does_not_get_what_another_thread_replaces_meanwhile() {
        let slot = file("slot", 210);
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let (_, end) = super::super::pipe::from_child().unwrap();
                    super::super::pipe::replace(&slot, end).unwrap();
                }
            });
            let look = "[ ! -e /proc/self/fd/210 ] || echo open";
            let found = (0..100).filter(|_| !printed(&[], look).is_empty()).count();
            done.store(true, Ordering::Relaxed);
            assert_eq!(found, 0, "children of 100 that have the descriptor");
        });
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no clone(2)")]
    fn what_cannot_be_executed_is_an_error() {
        let command = Command {
            program: c"/nowhere/at/all",
            arguments: &[c"x".to_owned()],
            environment: &[],
            descriptors: &[],
        };
        let error = command.spawn().err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
