//! The limit of open files and sockets.

use std::mem::MaybeUninit;

/// The limit for descriptors (`RLIMIT_NOFILE`); `None` when it cannot be read.
pub(crate) fn limit() -> Option<usize> {
    let mut limit = MaybeUninit::<libc::rlimit>::uninit();
    // SAFETY: the pointer is to room for one rlimit, exclusively borrowed, which getrlimit(2)
    // writes; it keeps nothing.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, limit.as_mut_ptr()) } != 0 {
        return None;
    }
    // SAFETY: the call has succeeded, so it has written all of it.
    let limit = unsafe { limit.assume_init() };
    usize::try_from(limit.rlim_cur).ok()
}
