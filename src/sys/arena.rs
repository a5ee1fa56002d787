//! The start-up arena: a few pages of `.bss` from which the first allocations are served.
//!
//! A general allocator touches many pages before it hands out its first byte. A function that
//! allocates little never needs one: its blocks come from here, and freed blocks are kept in
//! lists by size and used again. Large blocks go to the allocator behind, and from the first small
//! one that does not fit, all do.
//!
//! No thread ever waits for the arena: a process that is forked off while another thread uses it does not
//! have that thread, and would wait for ever.

#[cfg(feature = "mimalloc")]
mod started;

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

#[cfg(feature = "mimalloc")]
use started::Started as Behind;
#[cfg(not(feature = "mimalloc"))]
use std::alloc::System as Behind;

/// Size of the arena in bytes. Only the pages that are used are ever touched.
const SIZE: usize = 128 * 1024;
/// Blocks are powers of two from `1 << MIN_SHIFT` up to `1 << MAX_SHIFT` bytes.
const MIN_SHIFT: u32 = 4;
const MAX_SHIFT: u32 = 15;
/// The largest alignment the arena gives; a cache line.
const MAX_ALIGN: usize = 64;
const CLASSES: usize = (MAX_SHIFT - MIN_SHIFT + 1) as usize;

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

#[repr(C, align(64))]
struct Memory(UnsafeCell<[u8; SIZE]>);

// SAFETY: the bytes are only reached through blocks that `take` hands out, each to one owner at
// a time, and through the links of free blocks, which belong to the thread that holds the state of `ARENA`.
unsafe impl Sync for Memory {}

/// Blocks of at least a page are aligned to pages, and come from the other end: then small blocks lie on
/// few pages, and reading into a large block touches no more pages than necessary.
const PAGE: usize = 4096;

struct State {
    /// Bytes at the beginning and at the end of `MEMORY` that were handed out at least once;
    /// everything between is untouched.
    used: [usize; 2],
    /// Freed blocks by class; the first word of a freed block points to the next.
    free: [*mut u8; CLASSES],
}

struct Arena {
    /// Whether a thread uses the state. In a process that was forked off meanwhile it stays set, and new
    /// blocks come from the allocator behind.
    busy: AtomicBool,
    state: UnsafeCell<State>,
    /// Blocks that were freed while another thread used the state: the first word of each points to the
    /// next, the second is its class.
    returned: AtomicPtr<[usize; 2]>,
}

// SAFETY: the state is only reached by the thread that has set `busy`, and its pointers lead to
// free blocks of `MEMORY`, a static, which are no thread's.
unsafe impl Sync for Arena {}

// Apart from the state, and in a section that src/start_up.ld puts behind the rest of .bss:
// the statics that start-up writes then share a page with the first blocks.
// SAFETY: a section whose name begins with `.bss.` is zeroed memory, as this static is, and every
// linker puts it into .bss; nothing else has the name.
#[unsafe(link_section = ".bss..arena")]
static MEMORY: Memory = Memory(UnsafeCell::new([0; SIZE]));
static ARENA: Arena = Arena {
    busy: AtomicBool::new(false),
    state: UnsafeCell::new(State {
        used: [0; 2],
        free: [ptr::null_mut(); CLASSES],
    }),
    returned: AtomicPtr::new(ptr::null_mut()),
};
/// Set when the arena could not serve a block: the allocator behind has started then, and is
/// better at many blocks than a few lists for one thread at a time. Freed blocks still come back.
static RETIRED: AtomicBool = AtomicBool::new(false);

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

/// The class in which the arena is asked for a new block, or None when the allocator behind is.
fn asked(layout: Layout) -> Option<usize> {
    if RETIRED.load(Ordering::Relaxed) {
        return None;
    }
    class(layout)
}

fn base() -> *mut u8 {
    MEMORY.0.get().cast()
}

fn holds(block: *mut u8) -> bool {
    block.addr().wrapping_sub(base().addr()) < SIZE
}

/// Makes a pointer with the arena's provenance from an owner's pointer, at the same address: the owner's
/// may only be used for the bytes of its layout, and a block has the size of its class.
fn whole(block: *mut u8) -> *mut u8 {
    base().with_addr(block.addr())
}

/// Calls the closure with the state, unless another thread uses it.
#[inline(always)]
fn with_state<T>(work: impl FnOnce(&mut State) -> T) -> Option<T> {
    if ARENA.busy.swap(true, Ordering::Acquire) {
        return None;
    }
    // SAFETY: `busy` was not set, so that no other thread has the state until it is cleared below.
    // What is done meanwhile neither panics nor allocates.
    let done = work(unsafe { &mut *ARENA.state.get() });
    ARENA.busy.store(false, Ordering::Release);
    Some(done)
}

/// Takes a block of a class out of the arena; null when the arena is full or used by another thread.
fn take(class: usize) -> *mut u8 {
    with_state(|state| state.take(class)).unwrap_or(ptr::null_mut())
}

/// Puts a block of a class back.
fn give(block: *mut u8, class: usize) {
    let block = whole(block);
    if with_state(|state| state.give(block, class)).is_none() {
        leave(block.cast(), class);
    }
}

/// Leaves a block for the next thread that uses the state.
#[cold]
#[inline(never)]
fn leave(block: *mut [usize; 2], class: usize) {
    let mut first = ARENA.returned.load(Ordering::Relaxed);
    loop {
        // SAFETY: the block is the caller's, who gives it up, inside MEMORY, aligned to 16 and of
        // at least 16 bytes: room for two words.
        unsafe {
            block.cast::<*mut [usize; 2]>().write(first);
            block.cast::<usize>().add(1).write(class);
        }
        // The list is only ever taken as a whole, so there is no ABA problem: if the head is the same,
        // so is the rest.
        let order = (Ordering::Release, Ordering::Relaxed);
        match ARENA
            .returned
            .compare_exchange_weak(first, block, order.0, order.1)
        {
            Ok(_) => return,
            Err(other) => first = other,
        }
    }
}

impl State {
    /// Puts the blocks that were left back.
    #[cold]
    #[inline(never)]
    fn collect(&mut self) {
        let mut next = ARENA.returned.swap(ptr::null_mut(), Ordering::Acquire);
        while !next.is_null() {
            let block = next;
            // SAFETY: `leave` wrote both words of each block of the list, which is this thread's
            // since the swap.
            let class = unsafe {
                next = block.cast::<*mut [usize; 2]>().read();
                block.cast::<usize>().add(1).read()
            };
            self.give(block.cast(), class);
        }
    }

    fn give(&mut self, block: *mut u8, class: usize) {
        // SAFETY: nobody uses `block` any more, which `take` handed out for this class: it is
        // inside MEMORY, at least 16 bytes and aligned to 16, so the link fits.
        unsafe { block.cast::<*mut u8>().write(self.free[class]) };
        self.free[class] = block;
    }

    fn take(&mut self, class: usize) -> *mut u8 {
        if !ARENA.returned.load(Ordering::Relaxed).is_null() {
            self.collect();
        }
        let block = self.free[class];
        if !block.is_null() {
            // SAFETY: a non-null head of a free list is a block that `give` put there: inside
            // MEMORY, at least 16 bytes, aligned to 16, unused, its first word set by `give`.
            self.free[class] = unsafe { block.cast::<*mut u8>().read() };
            return block;
        }
        let size = 1_usize << (class as u32 + MIN_SHIFT);
        let [low, high] = self.used;
        let left = SIZE - high;
        // Too little is left when it is beyond what is left: less than `low`, or wrapped around.
        let start = if size < PAGE {
            low.next_multiple_of(size.min(MAX_ALIGN))
        } else {
            let begin = base().addr();
            ((begin + left).wrapping_sub(size) & !(PAGE - 1)).wrapping_sub(begin)
        };
        if start < low || start > left || left - start < size {
            RETIRED.store(true, Ordering::Relaxed);
            return ptr::null_mut();
        }
        self.used = if size < PAGE {
            [start + size, high]
        } else {
            [low, SIZE - start]
        };
        // SAFETY: start + size is within MEMORY and between what is used at its two ends, as just
        // checked.
        unsafe { base().add(start) }
    }
}

/// A block of the allocator behind, or null, which is noted since an abort may follow.
#[inline(always)]
fn or_report(block: *mut u8, size: usize) -> *mut u8 {
    if block.is_null() {
        super::abort::may_follow(size);
    }
    block
}

// SAFETY: blocks of the arena are disjoint, live in a static, and are as large and as aligned as
// `class` says; every other block comes from `Behind` and goes back to it, told apart by address.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if let Some(class) = asked(layout) {
            let block = take(class);
            if !block.is_null() {
                return block;
            }
        }
        // SAFETY: the layout is the caller's, whose duties (non-zero size) are the same.
        or_report(unsafe { Behind.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if asked(layout).is_none() {
            // SAFETY: as in `alloc`; the allocator behind knows fresh pages to be zero.
            return or_report(unsafe { Behind.alloc_zeroed(layout) }, layout.size());
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
            return or_report(unsafe { Behind.realloc(block, layout, size) }, size);
        }
        // SAFETY: the alignment is that of a valid layout, and the caller promises that `size`
        // rounded up to it does not overflow.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        if class(wanted) == class(layout) {
            return whole(block);
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
