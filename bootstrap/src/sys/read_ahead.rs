//! Asks the kernel to read what the start executes from the disk, before it is needed.
//!
//! By itself the kernel reads a program in parts, each when something in it is executed, and a worker
//! only when that is started: a cold start waits three or four times for the disk instead of twice
//! (bench/NOTES.md). All of this lies in the part of the program that execve(2) has read, and makes
//! its own system calls: the C library's functions would take room there that `hello` needs.

use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicBool, Ordering};

use super::variable;

/// More than the programs' sizes; what is not mapped, or not in the file, is not read.
const MAX_PROGRAM: usize = 1024 * 1024;
/// The largest page of any kernel.
const LARGEST_PAGE: usize = 64 * 1024;
/// The longest path of a handler that is read ahead.
const MAX_PATH: usize = 512;

/// Whether the handler's file could be opened.
static HANDLER_FOUND: AtomicBool = AtomicBool::new(false);

/// Begins to read the rest of this program, and the handler, if `_HANDLER` is the name of its file with or without
/// `worker:`. If something fails, it is only read later.
pub(crate) fn start() {
    // The beginning of the page that this is in, or of one before.
    let page = start as fn() as usize & !(LARGEST_PAGE - 1);
    will_need(page);
    let mut path = [0; MAX_PATH];
    if handler(&mut path).is_none() {
        return;
    }
    // O_NONBLOCK, since opening a FIFO would wait for a writer.
    let flags = libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK;
    let path = path.as_ptr().expose_provenance();
    #[cfg(target_arch = "x86_64")]
    let (open, arguments) = (libc::SYS_open, [path, flags as usize, 0, 0, 0, 0]);
    #[cfg(not(target_arch = "x86_64"))]
    let (open, arguments) = (
        libc::SYS_openat,
        [libc::AT_FDCWD as usize, path, flags as usize, 0, 0, 0],
    );
    // SAFETY: the path lives until the call returns, and ends in a zero, because `handler` leaves
    // one; open(2) only reads it.
    let Ok(file) = usize::try_from(unsafe { call(open, arguments) }) else {
        return;
    };
    HANDLER_FOUND.store(true, Ordering::Relaxed);
    let advice = libc::POSIX_FADV_WILLNEED as usize;
    // A mapping for madvise(2) would take three times as long.
    // SAFETY: fadvise64(2) takes integers, and the descriptor was just opened.
    unsafe { call(libc::SYS_fadvise64, [file, 0, MAX_PROGRAM, advice, 0, 0]) };
    // SAFETY: the descriptor was just opened, and nobody else knows it.
    unsafe { call(libc::SYS_close, [file, 0, 0, 0, 0, 0]) };
}

/// Whether the handler's file was found in the function's package. If not, it may be there all the same.
pub(crate) fn handler_was_found() -> bool {
    HANDLER_FOUND.load(Ordering::Relaxed)
}

/// Asks the kernel to read what is mapped from this address on.
fn will_need(start: usize) {
    let advice = libc::MADV_WILLNEED as usize;
    // SAFETY: with this advice madvise(2) changes neither memory nor mappings, wherever that is.
    unsafe { call(libc::SYS_madvise, [start, MAX_PROGRAM, advice, 0, 0, 0]) };
}

/// A system call; gives what the kernel gives.
///
/// # Safety
///
/// What the kernel does for these arguments must be allowed: pointers are exposed, and to what the
/// call reads or writes.
unsafe fn call(number: libc::c_long, arguments: [usize; 6]) -> isize {
    let [a, b, c, d, e, f] = arguments;
    let result: isize;
    // SAFETY: the caller's duty. The registers are those of Linux's convention for system calls,
    // which leaves all others as they are.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        core::arch::asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        core::arch::asm!(
            "svc 0",
            in("x8") number, inlateout("x0") a as isize => result,
            in("x1") b, in("x2") c, in("x3") d, in("x4") e, in("x5") f,
            options(nostack),
        );
    }
    result
}

/// Writes the path of the handler in the function's package, with a zero behind it.
fn handler(path: &mut [u8; MAX_PATH]) -> Option<()> {
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
