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
    let order = Box::into_raw(Box::new(Order { work, argument }));
    let mut thread = MaybeUninit::uninit();
    // SAFETY: `thread` is room for the thread's id; null attributes are the defaults; `enter` is
    // instantiated for the type that `order` points to, and takes it over.
    let number =
        unsafe { libc::pthread_create(thread.as_mut_ptr(), ptr::null(), enter::<T>, order.cast()) };
    if number != 0 {
        // SAFETY: no thread was made, so the order is still this function's, out of its Box.
        drop(unsafe { Box::from_raw(order) });
        return Err(io::Error::from_raw_os_error(number));
    }
    Ok(())
}

struct Order<T: 'static> {
    work: fn(&'static T),
    argument: &'static T,
}

extern "C" fn enter<T: Sync + 'static>(order: *mut c_void) -> *mut c_void {
    // SAFETY: `spawn` gives every thread the pointer out of a Box of this type, once. The
    // argument may be used here because T is Sync and 'static.
    let order = unsafe { Box::from_raw(order.cast::<Order<T>>()) };
    (order.work)(order.argument);
    ptr::null_mut()
}
