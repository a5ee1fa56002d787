use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::blocks::{ARENA, CLASSES, SIZE, State, base};
use super::*;

/// A block in hand, filled with its own byte.
struct Block {
    start: *mut u8,
    layout: Layout,
    byte: u8,
}

impl Block {
    fn new(layout: Layout, byte: u8, zeroed: bool) -> Self {
        // SAFETY: the layout has a size that is not zero.
        let start = unsafe {
            if zeroed {
                Allocator.alloc_zeroed(layout)
            } else {
                Allocator.alloc(layout)
            }
        };
        assert!(!start.is_null() && start.addr().is_multiple_of(layout.align()));
        let block = Self {
            start,
            layout,
            byte,
        };
        // Not by `vec![0; n]`, which would be made by what is tested.
        assert!(!zeroed || block.bytes().iter().all(|byte| *byte == 0));
        block.fill(0);
        block
    }

    fn fill(&self, from: usize) {
        // SAFETY: `from` is within the block, which is this one's until it is freed.
        unsafe {
            self.start
                .add(from)
                .write_bytes(self.byte, self.layout.size() - from);
        }
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: the block has so many bytes, all of them written or zeroed.
        unsafe { std::slice::from_raw_parts(self.start, self.layout.size()) }
    }

    fn check(&self) {
        // Compared as a whole: Miri takes its time for each byte of a loop.
        assert!(self.bytes() == vec![self.byte; self.layout.size()]);
    }

    fn resize(&mut self, size: usize) {
        self.check();
        let kept = size.min(self.layout.size());
        // SAFETY: the block is live and has this layout; the size is not zero and far from the
        // largest.
        self.start = unsafe { Allocator.realloc(self.start, self.layout, size) };
        self.layout = Layout::from_size_align(size, self.layout.align()).unwrap();
        assert!(!self.start.is_null());
        self.fill(kept);
        self.check();
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.check();
        // SAFETY: the block is live, has this layout, and is given up here.
        unsafe { Allocator.dealloc(self.start, self.layout) };
    }
}

/// Allocates, resizes and frees at random; every block must keep its bytes.
///
/// Gives how many blocks were the arena's.
fn churn(mut seed: u64, rounds: u32) -> usize {
    let mut served = 0;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    let mut blocks: Vec<Block> = Vec::new();
    // As many as the arena has place for, so that most of them are its own.
    const MOST: usize = 60;
    for round in 0..rounds {
        // A block that does not fit retires the arena; here it goes on with those that were freed.
        RETIRED.store(false, Ordering::Relaxed);
        match random(4) {
            _ if blocks.len() == MOST => drop(blocks.swap_remove(random(MOST))),
            0 if !blocks.is_empty() => drop(blocks.swap_remove(random(blocks.len()))),
            1 if !blocks.is_empty() => {
                let index = random(blocks.len());
                blocks[index].resize(1 + random(3000));
            }
            // A few are larger, or aligned more, than the arena serves.
            _ => {
                let most = if random(20) == 0 { 40_000 } else { 600 };
                let size = 1 + random(most);
                let layout = Layout::from_size_align(size, 1 << random(8)).unwrap();
                let block = Block::new(layout, round as u8, random(2) == 0);
                served += usize::from(holds(block.start));
                blocks.push(block);
            }
        }
    }
    served
}

const ROUNDS: u32 = if cfg!(miri) { 100 } else { 20_000 };

/// One test at a time: an arena at which another thread is busy gives nothing. Each begins with an
/// arena that serves, whichever test was before; its freed blocks are kept, and not zero.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    RETIRED.store(false, Ordering::Relaxed);
    alone
}

/// Whether the arena serves at all: a sanitizer has every block for itself.
const SERVES: bool = !cfg!(coldspark_sanitize);

#[test]
fn blocks_are_aligned_disjoint_and_keep_their_bytes() {
    let _alone = alone();
    let served = churn(0x9e37_79b9_7f4a_7c15, ROUNDS);
    assert_eq!(served > ROUNDS as usize / 20, SERVES, "{served}");
}

#[test]
fn threads_share_the_arena() {
    let _alone = alone();
    thread::scope(|scope| {
        let threads = [1, 2, 3].map(|seed| scope.spawn(move || churn(seed, ROUNDS / 3)));
        let served = threads.map(|thread| thread.join().unwrap());
        assert_eq!(served.iter().sum::<usize>() > 0, SERVES, "{served:?}");
    });
}

#[test]
fn a_zeroed_block_is_zero_although_its_last_owner_wrote_to_it() {
    let _alone = alone();
    for shift in MIN_SHIFT..=MAX_SHIFT {
        let layout = Layout::from_size_align(1 << shift, 1).unwrap();
        let first = Block::new(layout, 0xa5, false).start;
        // `Block::new` looks at every byte.
        let again = Block::new(layout, 0x5a, true).start;
        assert!(!SERVES || !holds(first) || again == first, "{shift}");
    }
}

#[test]
fn a_freed_block_is_used_again() {
    let _alone = alone();
    let layout = Layout::from_size_align(300, 1).unwrap();
    let first = Block::new(layout, 1, false).start;
    assert_eq!(holds(first), !cfg!(coldspark_sanitize));
    for byte in 0..200 {
        let block = Block::new(layout, byte, false);
        assert!(cfg!(coldspark_sanitize) || block.start == first);
    }
}

#[test]
fn an_arena_that_is_full_retires_and_takes_back_its_blocks() {
    let _alone = alone();
    let layout = Layout::from_size_align(1 << MAX_SHIFT, 1).unwrap();
    let blocks: Vec<Block> = (0..=SIZE >> MAX_SHIFT)
        .map(|byte| Block::new(layout, byte as u8, false))
        .collect();
    assert!(!holds(blocks.last().unwrap().start));
    assert_eq!(RETIRED.load(Ordering::Relaxed), !cfg!(coldspark_sanitize));
    let small = Layout::from_size_align(16, 1).unwrap();
    assert!(!holds(Block::new(small, 1, true).start));
    drop(blocks);
}

/// Of an arena that nobody has used; nothing is written to it.
#[test]
fn small_blocks_lie_at_the_beginning_and_whole_pages_at_the_end() {
    let _alone = alone();
    let mut state = State {
        used: [0; 2],
        free: [ptr::null_mut(); CLASSES],
    };
    let start = base().addr();
    let class_of = |size| (usize::ilog2(size) - MIN_SHIFT) as usize;
    let mut take = |size| state.take(class_of(size)).addr().wrapping_sub(start);
    assert_eq!([take(16), take(16), take(64), take(16)], [0, 16, 64, 128]);
    let last = ((start + SIZE - 8192) & !4095) - start;
    assert_eq!([take(8192), take(4096)], [last, last - 4096]);
    assert_eq!(take(2048), 192);
    // As many as there is room for, and then it says that there is none.
    let pages = (last - 4096 - 2240) / 4096;
    let taken: Vec<_> = (0..pages).map(|_| take(4096)).collect();
    let expected: Vec<_> = (0..pages).map(|n| last - 8192 - n * 4096).collect();
    assert_eq!(taken, expected);
    assert!(!RETIRED.load(Ordering::Relaxed));
    assert_eq!(state.take(class_of(4096)), ptr::null_mut());
    assert!(RETIRED.swap(false, Ordering::Relaxed));
}

#[test]
fn nobody_waits_for_a_thread_that_is_at_the_arena() {
    let _alone = alone();
    RETIRED.store(false, Ordering::Relaxed);
    let layout = Layout::from_size_align(300, 1).unwrap();
    let mut kept: Vec<Block> = (0..4).map(|byte| Block::new(layout, byte, false)).collect();
    let in_arena: Vec<_> = kept.iter().map(|block| block.start).collect();
    // As it stays in a process that was forked off while another thread was at it.
    assert!(!ARENA.busy.swap(true, Ordering::Relaxed));
    assert!(!holds(Block::new(layout, 9, true).start));
    kept[0].resize(900);
    kept.clear();
    assert!(!holds(Block::new(layout, 9, false).start));
    ARENA.busy.store(false, Ordering::Relaxed);
    // What was freed meanwhile is used again.
    let again: Vec<_> = (0..4).map(|byte| Block::new(layout, byte, false)).collect();
    let found = |block: &Block| in_arena.contains(&block.start);
    assert!(cfg!(coldspark_sanitize) || again.iter().all(found));
}

#[test]
fn what_the_arena_does_not_serve_has_no_class() {
    let class_of = |size, align| class(Layout::from_size_align(size, align).unwrap());
    assert_eq!(class_of((1 << MAX_SHIFT) + 1, 1), None);
    assert_eq!(class_of(1, 2 * MAX_ALIGN), None);
    if !cfg!(coldspark_sanitize) {
        assert_eq!(class_of(1, 1), Some(0));
        assert_eq!(class_of(1, MAX_ALIGN), class_of(MAX_ALIGN, 1));
        assert_eq!(class_of(1 << MAX_SHIFT, 1), Some(CLASSES - 1));
    }
}
