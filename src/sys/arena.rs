//! The start-up arena: a few pages of `.bss` from which the first allocations are served.
//!
//! A general allocator touches many pages before it hands out its first byte. A function that
//! allocates little never needs one: its blocks come from here, and freed blocks are kept in
//! lists by size and used again. Large blocks go to the allocator behind, and from the first small
//! one that does not fit, all do.
//!
//! No thread ever waits for the arena: a process that is forked off while another thread uses it does not
//! have that thread, and would wait for ever.

mod blocks;
#[cfg(feature = "mimalloc")]
mod mimalloc;

use std::alloc::{GlobalAlloc, Layout};
use std::ptr;
use std::sync::atomic::Ordering;

#[cfg(feature = "mimalloc")]
use self::mimalloc::Started as Behind;
#[cfg(not(feature = "mimalloc"))]
use std::alloc::System as Behind;

use self::blocks::{
    MAX_ALIGN, MAX_SHIFT, MIN_SHIFT, RETIRED, give, holds, take, with_arena_provenance,
};

/// The allocator of a bootstrap: a 128 KiB start-up arena, and behind it mimalloc (feature
/// `mimalloc`, on by default) or the C library's allocator.
///
/// A process that is forked off while other threads allocate can go on allocating: for hooks of
/// [`CommandExt::pre_exec`](std::os::unix::process::CommandExt::pre_exec), and for libraries that fork.
///
/// [`main!`](crate::main) installs it. By hand:
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: coldspark::Allocator = coldspark::Allocator;
/// ```
#[derive(Debug)]
pub struct Allocator;

/// The class of a layout, or None when the arena does not serve it.
fn class(layout: Layout) -> Option<usize> {
    let size = layout.size().max(1 << MIN_SHIFT);
    // A sanitizer has to see every block, so that it can tell what is used beyond its end.
    if size > 1 << MAX_SHIFT || layout.align() > MAX_ALIGN || cfg!(coldspark_sanitize) {
        return None;
    }
    // A block of a class is aligned to the smaller of its size and MAX_ALIGN.
    let shift = size
        .max(layout.align())
        .next_power_of_two()
        .trailing_zeros();
    Some((shift - MIN_SHIFT) as usize)
}

/// The class of a new block; None when it comes from the allocator behind.
fn class_of_new(layout: Layout) -> Option<usize> {
    if RETIRED.load(Ordering::Relaxed) {
        return None;
    }
    class(layout)
}

/// A block of the allocator behind, or null. A failure is noted, since an abort may follow.
#[inline(always)]
fn or_note_failure(block: *mut u8, size: usize) -> *mut u8 {
    if block.is_null() {
        super::abort::note_failed_allocation(size);
    }
    block
}

// SAFETY: blocks of the arena are disjoint, live in a static, and are as large and as aligned as
// `class` says; every other block comes from `Behind` and goes back to it, told apart by address.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if let Some(class) = class_of_new(layout) {
            let block = take(class);
            if !block.is_null() {
                return block;
            }
        }
        // SAFETY: the layout is the caller's, whose duties (non-zero size) are the same.
        or_note_failure(unsafe { Behind.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if class_of_new(layout).is_none() {
            // SAFETY: as in `alloc`; the allocator behind knows fresh pages to be zero.
            return or_note_failure(unsafe { Behind.alloc_zeroed(layout) }, layout.size());
        }
        // SAFETY: as in `alloc`.
        let block = unsafe { self.alloc(layout) };
        if !block.is_null() {
            // SAFETY: `block` was just handed out with at least `layout.size()` bytes.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match class(layout) {
            Some(class) if holds(block) => give(block, class),
            // SAFETY: a block outside the arena came from `Behind` with this layout.
            _ => unsafe { Behind.dealloc(block, layout) },
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !holds(block) {
            // SAFETY: a block outside the arena came from `Behind` with this layout.
            return or_note_failure(unsafe { Behind.realloc(block, layout, size) }, size);
        }
        // SAFETY: the alignment is that of a valid layout, and the caller promises that `size`
        // rounded up to it does not overflow.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        if class(wanted) == class(layout) {
            return with_arena_provenance(block);
        }
        // SAFETY: `size` is not zero, by the caller's promise.
        let moved = unsafe { self.alloc(wanted) };
        if !moved.is_null() {
            // SAFETY: both blocks are live, distinct, and hold at least the smaller of the sizes.
            unsafe { ptr::copy_nonoverlapping(block, moved, layout.size().min(size)) };
            // SAFETY: the caller gives up `block`, which had this layout.
            unsafe { self.dealloc(block, layout) };
        }
        moved
    }
}

#[cfg(test)]
mod tests;
