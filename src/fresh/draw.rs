//! One draw of random bytes: it gathers the sources anew each time, and keeps nothing of them.

use std::io;
use std::mem::MaybeUninit;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

use zeroize::{Zeroize, Zeroizing};

use super::mix::{KERNEL, Sources};
use super::{FreshError, phase};
use crate::poller::{self, EventInHand};
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

/// An upper bound of the stack that a draw uses, in bytes.
const STACK: usize = 8 * 1024;

/// Overwrites the stack that a draw has used: the hash leaves its result there.
#[inline(never)]
fn burn() {
    // In large pieces: byte by byte it would take longer than the draw.
    let mut stack = [MaybeUninit::<u128>::uninit(); STACK / size_of::<u128>()];
    stack.as_mut_slice().zeroize();
}

// A separate call, so that its stack frame is where that of `burn` is.
#[inline(never)]
fn draw(kernel: impl FnOnce(&mut [u8]) -> io::Result<()>, out: &mut [u8]) -> io::Result<()> {
    gather(kernel, &poller::event_in_hand(), phase::restore_count())?.fill(out);
    Ok(())
}

/// The sources of a draw, each asked at this moment.
#[inline]
fn gather(
    kernel: impl FnOnce(&mut [u8]) -> io::Result<()>,
    event: &EventInHand,
    restores: u32,
) -> io::Result<Sources<'_>> {
    static DRAWS: AtomicU64 = AtomicU64::new(0);
    let mut bytes = Zeroizing::new([0; KERNEL]);
    kernel(&mut *bytes)?;
    Ok(Sources {
        kernel: bytes,
        hardware: hardware_after(restores),
        cycles: entropy::cycles(),
        clock: clock(),
        draw: DRAWS.fetch_add(1, Ordering::Relaxed),
        request_id: event.request_id(),
        invocation_id: event.invocation_id().unwrap_or_default(),
    })
}

/// The processor's generator, asked only where there are clones of the process: elsewhere the kernel's
/// bytes are unique, and the first use of the processor's generator takes as long as a whole event.
fn hardware_after(restores: u32) -> [u64; 2] {
    match restores {
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
    use crate::invocation::Metadata;

    /// Sources with a kernel whose pool is the same in every clone and at every draw.
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

    /// Tests what is gathered; that results differ would not suffice, since the number of the draw alone
    /// achieves that.
    #[test]
    fn every_source_is_asked_at_each_draw() {
        let poller = poller::mine();
        poller.set_event(&Metadata::of("request", Some("nonce")));
        let event = poller.event();
        let before = sys::since_epoch().as_nanos();
        let first = gather(stuck, &event, 0).unwrap();
        let second = gather(stuck, &event, 0).unwrap();
        let after = sys::since_epoch().as_nanos();
        assert_eq!(*first.kernel, [0x5a; KERNEL]);
        assert_eq!(
            (first.request_id, first.invocation_id),
            ("request", "nonce")
        );
        // Between the times around it: neither a constant nor one of start-up.
        assert!(before <= first.clock && first.clock <= second.clock && second.clock <= after);
        assert!(after < 2 * before, "nanoseconds since the epoch");
        assert!(second.draw > first.draw);
        assert_eq!(first.hardware, [0; 2]);
        let restored = gather(stuck, &event, 1).unwrap();
        assert_eq!(restored.hardware != [0; 2], entropy::hardware().is_some());
        if cfg!(target_arch = "x86_64") {
            assert!(first.cycles > 0 && second.cycles > first.cycles);
        }
        drop(event);
        poller.set_event(&Metadata::of("another", None));
        let event = poller.event();
        let third = gather(stuck, &event, 0).unwrap();
        assert_eq!((third.request_id, third.invocation_id), ("another", ""));
    }

    /// All bytes from the kernel go into the value.
    #[test]
    fn the_kernel_is_asked_for_its_bytes() {
        let mut asked = 0;
        let mut out = [0; 16];
        let kernel = |buffer: &mut [u8]| {
            asked = buffer.len();
            stuck(buffer)
        };
        draw(kernel, &mut out).unwrap();
        assert_eq!(asked, KERNEL);
        let mut drawn = [[0; KERNEL]; 2];
        for bytes in &mut drawn {
            entropy::kernel(bytes).unwrap();
        }
        assert!(drawn[0] != drawn[1] && drawn[0] != [0; KERNEL]);
    }

    /// The processor's generator is asked only where there are clones, and then twice.
    #[test]
    fn the_processor_is_asked_after_a_restore() {
        assert_eq!(hardware_after(0), [0; 2]);
        let words = hardware_after(1);
        match entropy::hardware() {
            Some(_) => assert!(words[0] != words[1] && !words.contains(&0), "{words:?}"),
            None => assert_eq!(words, [0; 2]),
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
