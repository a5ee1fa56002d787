//! Has the kernel read from the disk what the start is going to execute, while it is not needed yet.
//!
//! Left alone, it reads a program in parts, each when something in it is executed, and a worker
//! only when that is started: a cold start waits three or four times for the disk instead of twice
//! (bench/NOTES.md). All of this lies in the part of the program that execve(2) has read.

use std::ffi::c_void;
use std::os::unix::ffi::OsStrExt;
use std::ptr;

use super::variable;

/// More than the programs have; what is not mapped, or not in the file, is passed over.
const PROGRAM: usize = 1024 * 1024;
/// The largest that a page can be.
const PAGE: usize = 64 * 1024;
/// Room for the path of a handler; a longer one is not read ahead.
const PATH: usize = 512;

/// Begins to read the rest of this program, and the handler where `_HANDLER` is its name, which a
/// prefix may stand before. Whatever fails only means that it is read later.
pub(crate) fn begin() {
    // The beginning of the page that this is in, or of one before.
    let page = begin as fn() as usize & !(PAGE - 1);
    will_need(ptr::without_provenance_mut(page));
    let mut path = [0; PATH];
    if handler(&mut path).is_none() {
        return;
    }
    // Not one that somebody has to write to first.
    let flags = libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK;
    // SAFETY: the path ends in a zero, because `handler` leaves one; open(2) reads it.
    let file = unsafe { libc::open(path.as_ptr().cast(), flags) };
    if file < 0 {
        return;
    }
    let (reads, flags) = (libc::PROT_READ, libc::MAP_PRIVATE);
    // posix_fadvise(3) would be one more system call to allow.
    // SAFETY: a new mapping, where the system likes, of a file that was just opened.
    let mapped = unsafe { libc::mmap(ptr::null_mut(), PROGRAM, reads, flags, file, 0) };
    if mapped != libc::MAP_FAILED {
        will_need(mapped);
        // SAFETY: the mapping was just made with this size, and nothing points into it.
        unsafe { libc::munmap(mapped, PROGRAM) };
    }
    // SAFETY: the descriptor was just opened, and nobody else knows it.
    unsafe { libc::close(file) };
}

/// Has what is mapped from here on read.
fn will_need(start: *mut c_void) {
    // SAFETY: with MADV_WILLNEED, madvise(2) changes neither memory nor mappings, wherever that is.
    unsafe { libc::madvise(start, PROGRAM, libc::MADV_WILLNEED) };
}

/// Writes the path of the handler in the function's package, with a zero behind it.
fn handler(path: &mut [u8; PATH]) -> Option<()> {
    let name = variable("_HANDLER")?.as_bytes();
    let name = name.strip_prefix(b"worker:").unwrap_or(name);
    let root = variable("LAMBDA_TASK_ROOT").map_or(&b"/var/task"[..], |root| root.as_bytes());
    let (folder, rest) = path.split_at_mut_checked(root.len())?;
    let (slash, rest) = rest.split_first_mut()?;
    let (file, end) = rest.split_at_mut_checked(name.len())?;
    *end.first_mut()? = 0;
    *slash = b'/';
    folder.copy_from_slice(root);
    file.copy_from_slice(name);
    Some(())
}
