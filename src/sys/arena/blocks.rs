//! The arena's memory, and the blocks in it: which were handed out, and the lists of those that were freed.

use std::cell::UnsafeCell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// Size of the arena in bytes. Only the pages that are used are ever touched.
pub(super) const SIZE: usize = 128 * 1024;
/// Blocks are powers of two from `1 << MIN_SHIFT` up to `1 << MAX_SHIFT` bytes.
pub(super) const MIN_SHIFT: u32 = 4;
pub(super) const MAX_SHIFT: u32 = 15;
/// The largest alignment the arena gives; a cache line.
pub(super) const MAX_ALIGN: usize = 64;
pub(super) const CLASSES: usize = (MAX_SHIFT - MIN_SHIFT + 1) as usize;

#[repr(C, align(64))]
struct Memory(UnsafeCell<[u8; SIZE]>);

// SAFETY: the bytes are only reached through blocks that `take` hands out, each to one owner at
// a time, and through the links of free blocks, which belong to the thread that holds the state of `ARENA`.
unsafe impl Sync for Memory {}

/// Blocks of at least a page are aligned to pages, and come from the other end: then small blocks lie on
/// few pages, and reading into a large block touches no more pages than necessary.
pub(super) const PAGE: usize = 4096;

/// What was handed out, and what came back.
pub(super) struct State {
    /// Bytes at the beginning and at the end of `MEMORY` that were handed out at least once;
    /// everything between is untouched.
    pub(super) used: [usize; 2],
    /// Freed blocks by class; the first word of a freed block points to the next.
    pub(super) free: [*mut u8; CLASSES],
}

/// The state, for one thread at a time.
pub(super) struct Arena {
    /// Whether a thread uses the state. In a process that was forked off meanwhile it stays set, and new
    /// blocks come from the allocator behind.
    pub(super) busy: AtomicBool,
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
pub(super) static ARENA: Arena = Arena {
    busy: AtomicBool::new(false),
    state: UnsafeCell::new(State {
        used: [0; 2],
        free: [ptr::null_mut(); CLASSES],
    }),
    returned: AtomicPtr::new(ptr::null_mut()),
};
/// Set when the arena could not serve a block: the allocator behind has started then, and is
/// better at many blocks than a few lists for one thread at a time. Freed blocks still come back.
pub(super) static RETIRED: AtomicBool = AtomicBool::new(false);

/// Where the arena begins.
pub(super) fn base() -> *mut u8 {
    MEMORY.0.get().cast()
}

/// Whether a block is the arena's.
pub(super) fn holds(block: *mut u8) -> bool {
    block.addr().wrapping_sub(base().addr()) < SIZE
}

/// Makes a pointer with the arena's provenance from an owner's pointer, at the same address: the owner's
/// may only be used for the bytes of its layout, and a block has the size of its class.
pub(super) fn with_arena_provenance(block: *mut u8) -> *mut u8 {
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
pub(super) fn take(class: usize) -> *mut u8 {
    with_state(|state| state.take(class)).unwrap_or(ptr::null_mut())
}

/// Puts a block of a class back.
pub(super) fn give(block: *mut u8, class: usize) {
    let block = with_arena_provenance(block);
    if with_state(|state| state.give(block, class)).is_none() {
        return_later(block.cast(), class);
    }
}

/// Leaves a block for the next thread that uses the state.
#[cold]
#[inline(never)]
fn return_later(block: *mut [usize; 2], class: usize) {
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
    fn take_back_returned(&mut self) {
        let mut next = ARENA.returned.swap(ptr::null_mut(), Ordering::Acquire);
        while !next.is_null() {
            let block = next;
            // SAFETY: `return_later` wrote both words of each block of the list, which is this thread's
            // since the swap.
            let class = unsafe {
                next = block.cast::<*mut [usize; 2]>().read();
                block.cast::<usize>().add(1).read()
            };
            self.give(block.cast(), class);
        }
    }

    /// Puts a block back into the list of its class.
    fn give(&mut self, block: *mut u8, class: usize) {
        // SAFETY: nobody uses `block` any more, which `take` handed out for this class: it is
        // inside MEMORY, at least 16 bytes and aligned to 16, so the link fits.
        unsafe { block.cast::<*mut u8>().write(self.free[class]) };
        self.free[class] = block;
    }

    /// A freed block of the class, or a new one; null when there is no room for it.
    pub(super) fn take(&mut self, class: usize) -> *mut u8 {
        if !ARENA.returned.load(Ordering::Relaxed).is_null() {
            self.take_back_returned();
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
