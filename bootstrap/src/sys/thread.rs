//! A thread by pthread_create(3). std's threads bring names, scopes and stack guards along, 30 KB
//! of them, most of it printf(3).

use std::ffi::c_void;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// Runs `work` on a thread of its own, until it returns or the process ends.
pub(crate) fn spawn<T: Sync + 'static>(
    work: fn(&'static T),
    argument: &'static T,
) -> io::Result<()> {
    let start = Box::into_raw(Box::new(ThreadStart { work, argument }));
    let mut thread = MaybeUninit::uninit();
    // SAFETY: `thread` is room for the thread's id; null attributes are the defaults; `enter` is
    // instantiated for the type that `start` points to, and takes it over.
    let number =
        unsafe { libc::pthread_create(thread.as_mut_ptr(), ptr::null(), enter::<T>, start.cast()) };
    if number != 0 {
        // SAFETY: no thread was made, so the start is still this function's, out of its Box.
        drop(unsafe { Box::from_raw(start) });
        return Err(io::Error::from_raw_os_error(number));
    }
    Ok(())
}

struct ThreadStart<T: 'static> {
    work: fn(&'static T),
    argument: &'static T,
}

extern "C" fn enter<T: Sync + 'static>(start: *mut c_void) -> *mut c_void {
    // SAFETY: `spawn` gives every thread the pointer out of a Box of this type, once. The
    // argument may be used here because T is Sync and 'static.
    let start = unsafe { Box::from_raw(start.cast::<ThreadStart<T>>()) };
    (start.work)(start.argument);
    ptr::null_mut()
}
