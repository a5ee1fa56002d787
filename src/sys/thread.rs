//! A thread by pthread_create(3). std's threads bring names, scopes and printf(3) along: 30 KB.

use std::ffi::c_void;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;

type Work = Box<dyn FnOnce() + Send>;

/// Address space of a thread's stack in bytes, as much as std gives; only what is used is ever
/// touched.
const STACK: usize = 2 * 1024 * 1024;

/// Runs `work` on a thread of its own, until it returns or the process ends.
///
/// # Errors
/// Those of pthread_create(3).
pub fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let work: Work = Box::new(work);
    let work = Box::into_raw(Box::new(work));
    let mut attributes = MaybeUninit::uninit();
    let mut thread = MaybeUninit::uninit();
    // SAFETY: `attributes` is room for them, initialised by the first call, which on Linux always
    // succeeds (pthread_attr_init(3)), and exclusively borrowed; the size is a multiple of a page and above the least one. `thread` is room for
    // the thread's id. `enter` takes over what `work` points to.
    let number = unsafe {
        libc::pthread_attr_init(attributes.as_mut_ptr());
        libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), STACK);
        libc::pthread_attr_setdetachstate(attributes.as_mut_ptr(), libc::PTHREAD_CREATE_DETACHED);
        let number =
            libc::pthread_create(thread.as_mut_ptr(), attributes.as_ptr(), enter, work.cast());
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        number
    };
    if number != 0 {
        // SAFETY: no thread was made, so the work is still this function's, out of its Box.
        drop(unsafe { Box::from_raw(work) });
        return Err(io::Error::from_raw_os_error(number));
    }
    Ok(())
}

extern "C" fn enter(work: *mut c_void) -> *mut c_void {
    // SAFETY: `spawn` gives every thread the pointer out of a Box of this type, once; the work is
    // Send and 'static.
    let work = unsafe { Box::from_raw(work.cast::<Work>()) };
    work();
    ptr::null_mut()
}
