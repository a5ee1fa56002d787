//! One draw: gathers the sources anew each time, and keeps nothing of them.

use std::io;
use std::mem::MaybeUninit;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

use zeroize::{Zeroize, Zeroizing};

use super::mix::{KERNEL, Sources};
use super::{FreshError, phase};
use crate::invocation;
use crate::sys::{self, entropy};

/// Makes bytes for the function `call`, in the name of its caller.
#[track_caller]
pub(super) fn array<const N: usize>(call: &'static str) -> Result<[u8; N], FreshError> {
    let mut out = [0; N];
    fill(call, &mut out)?;
    Ok(out)
}

/// Fills `out` for the function `call`, in the name of its caller; leaves it alone on an error.
#[track_caller]
pub(super) fn fill(call: &'static str, out: &mut [u8]) -> Result<(), FreshError> {
    phase::check(call, Location::caller())?;
    let drawn = draw(entropy::kernel, out);
    burn();
    drawn.map_err(FreshError::Kernel)
}

/// How much stack a draw takes, in bytes, and more.
const STACK: usize = 8 * 1024;

/// Overwrites the stack that a draw has used: the hash leaves its result there.
#[inline(never)]
fn burn() {
    // In large pieces: byte by byte it would take longer than the draw.
    let mut stack = [MaybeUninit::<u128>::uninit(); STACK / size_of::<u128>()];
    stack.as_mut_slice().zeroize();
}

// A call of its own, so that its stack is where that of `burn` is.
#[inline(never)]
fn draw(kernel: impl FnOnce(&mut [u8]) -> io::Result<()>, out: &mut [u8]) -> io::Result<()> {
    static DRAWS: AtomicU64 = AtomicU64::new(0);
    let mut bytes = Zeroizing::new([0; KERNEL]);
    kernel(&mut *bytes)?;
    let current = invocation::current();
    let sources = Sources {
        kernel: bytes,
        hardware: hardware(),
        cycles: entropy::cycles(),
        clock: clock(),
        draw: DRAWS.fetch_add(1, Ordering::Relaxed),
        request_id: current.request_id(),
        invocation_id: current.invocation_id().unwrap_or_default(),
    };
    sources.fill(out);
    Ok(())
}

/// Where there are clones of the process: elsewhere the kernel's bytes are nobody else's, and to ask
/// the processor for the first time takes as long as all else that an event takes.
fn hardware() -> [u64; 2] {
    match phase::restore_count() {
        0 => [0; 2],
        _ => [(); 2].map(|()| entropy::hardware().unwrap_or(0)),
    }
}

fn clock() -> u128 {
    sys::since_epoch().as_nanos()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// A kernel whose pool is the same in every clone, and at every draw.
    fn stuck(buffer: &mut [u8]) -> io::Result<()> {
        buffer.fill(0x5a);
        Ok(())
    }

    #[test]
    fn draws_with_the_same_kernel_bytes_differ() {
        let mut seen = HashSet::new();
        for _ in 0..10_000 {
            let mut out = [0; 16];
            draw(stuck, &mut out).unwrap();
            assert!(seen.insert(out));
        }
    }

    #[test]
    fn without_the_kernel_there_is_no_value() {
        let mut out = [1; 16];
        let refused = draw(|_| Err(io::ErrorKind::Unsupported.into()), &mut out);
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::Unsupported);
        assert_eq!(out, [1; 16]);
    }
}
