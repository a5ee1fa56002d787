//! mimalloc, started by one thread before any thread uses it.
//!
//! A static bootstrap leaves out mimalloc's constructor, which would cost every start. Without it mimalloc
//! takes each thread that comes during its start for the main one, and always believes that the process
//! is being loaded: it then maps and unmaps memory anew for every thread.

use std::alloc::{GlobalAlloc, Layout};
use std::process;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use mimalloc::MiMalloc;

use super::blocks::PAGE;

/// mimalloc, or the kernel's pages in a process that was forked off while mimalloc started.
pub(super) struct Started;

/// The state of the start: `NOT_YET`, the id of the process whose thread runs it, `READY`, or `LOST`.
static START: AtomicU32 = AtomicU32::new(NOT_YET);
const NOT_YET: u32 = 0;
const READY: u32 = u32::MAX;
/// This process was forked off by another thread while one ran the start: it will never be finished, and
/// mimalloc's locks may be held for ever.
const LOST: u32 = u32::MAX - 1;

#[cfg(coldspark_mimalloc_start)]
unsafe extern "C" {
    /// The function that the constructor would call. A second call writes an empty line into the log, and
    /// takes another thread-local key.
    fn _mi_auto_process_init();
    /// Whether that function is still to be called.
    fn _mi_preloading() -> bool;
}

/// Whether mimalloc may be used.
#[inline]
fn ready() -> bool {
    START.load(Ordering::Acquire) == READY || start()
}

/// Whether blocks are pages of the kernel.
#[inline]
fn lost() -> bool {
    START.load(Ordering::Relaxed) == LOST
}

#[cold]
#[inline(never)]
fn start() -> bool {
    let own = process::id();
    loop {
        let order = (Ordering::Acquire, Ordering::Acquire);
        match START.compare_exchange(NOT_YET, own, order.0, order.1) {
            Ok(_) => break,
            Err(READY) => return true,
            Err(LOST) => return false,
            Err(at) if at == own => crate::sys::pause(1),
            // The only thread of this process comes here first.
            Err(_) => START.store(LOST, Ordering::Release),
        }
    }
    // SAFETY: no thread has used mimalloc before, unless its constructor has run, and then it is not
    // called; others wait above.
    #[cfg(coldspark_mimalloc_start)]
    unsafe {
        if _mi_preloading() {
            _mi_auto_process_init();
        }
    }
    let layout = Layout::new::<u64>();
    // SAFETY: the layout has a size that is not zero.
    let block = unsafe { MiMalloc.alloc(layout) };
    if !block.is_null() {
        // SAFETY: the block was just handed out with this layout.
        unsafe { MiMalloc.dealloc(block, layout) };
    }
    START.store(READY, Ordering::Release);
    true
}

// SAFETY: every block comes from mimalloc, or every block from `map`: which of the two is settled
// before the first one, and stays.
unsafe impl GlobalAlloc for Started {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if ready() {
            // SAFETY: the layout is the caller's, whose duties are the same.
            unsafe { MiMalloc.alloc(layout) }
        } else {
            map(layout)
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if ready() {
            // SAFETY: the layout is the caller's, whose duties are the same.
            unsafe { MiMalloc.alloc_zeroed(layout) }
        } else {
            map(layout)
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if lost() {
            // SAFETY: the block is the caller's to give up, and came from `map` with this layout.
            unsafe { libc::munmap(block.cast(), layout.size()) };
        } else {
            // SAFETY: the block came from mimalloc with this layout.
            unsafe { MiMalloc.dealloc(block, layout) }
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if lost() {
            // SAFETY: the block came from `map` with this layout; the caller gives it up for the
            // one that is returned, unless that is null, and the size is not zero.
            return unsafe { remap(block, layout, size) };
        }
        // SAFETY: the block came from mimalloc with this layout.
        unsafe { MiMalloc.realloc(block, layout, size) }
    }
}

/// Pages for one block, zeroed; null when there is no memory, or for more than a page's alignment. For
/// the little that is done between fork(2) and execve(2).
#[cold]
#[inline(never)]
fn map(layout: Layout) -> *mut u8 {
    if layout.align() > PAGE {
        return ptr::null_mut();
    }
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: new memory at a place of the kernel's choice overlaps nothing.
    let block = unsafe { libc::mmap(ptr::null_mut(), layout.size(), access, kind, -1, 0) };
    if block == libc::MAP_FAILED {
        return ptr::null_mut();
    }
    block.cast()
}

/// # Safety
///
/// The block is live and came from [`map`] with this layout; it is given up unless null is returned.
#[cold]
#[inline(never)]
unsafe fn remap(block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
    // SAFETY: the caller's size is one that a layout of this alignment may have.
    let moved = map(unsafe { Layout::from_size_align_unchecked(size, layout.align()) });
    if !moved.is_null() {
        // SAFETY: both are mappings of at least so many bytes, and the new one overlaps nothing;
        // the old one is given up.
        unsafe {
            block.copy_to_nonoverlapping(moved, layout.size().min(size));
            libc::munmap(block.cast(), layout.size());
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_the_kernel_are_blocks() {
        let layout = Layout::from_size_align(5000, 64).unwrap();
        let block = map(layout);
        assert!(!block.is_null() && block.addr().is_multiple_of(PAGE));
        // SAFETY: the block is live, has so many bytes, and is given up at the end.
        unsafe {
            assert_eq!(std::slice::from_raw_parts(block, 5000), [0; 5000]);
            block.write_bytes(1, 5000);
            let larger = remap(block, layout, 500_000);
            assert!(!larger.is_null());
            assert_eq!(std::slice::from_raw_parts(larger, 5000), [1; 5000]);
            libc::munmap(larger.cast(), 500_000);
        }
        assert!(map(Layout::from_size_align(1, 2 * PAGE).unwrap()).is_null());
    }
}
