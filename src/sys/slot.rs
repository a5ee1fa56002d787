//! A slot for a reference that is filled late, so that the code behind it is linked only into programs
//! that fill it.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Empty at first; the value in it lives as long as the process.
pub(crate) struct Slot<T: 'static>(AtomicPtr<T>);

impl<T: Sync> Slot<T> {
    pub(crate) const fn empty() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Fills it, if it is empty.
    pub(crate) fn fill(&self, value: &'static T) {
        let order = (Ordering::AcqRel, Ordering::Relaxed);
        let value = ptr::from_ref(value).cast_mut();
        let _ = self
            .0
            .compare_exchange(ptr::null_mut(), value, order.0, order.1);
    }

    /// Replaces the value, and returns the one before.
    pub(crate) fn replace(&self, value: &'static T) -> Option<&'static T> {
        let value = ptr::from_ref(value).cast_mut();
        let before = self.0.swap(value, Ordering::AcqRel);
        // SAFETY: as in `get`.
        unsafe { before.as_ref() }
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<&'static T> {
        // SAFETY: the pointer is null, or was made of a `&'static T` by `fill` or `replace`, the
        // only functions that store to it. It is only read, by any thread, which `Sync` allows.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }
}
