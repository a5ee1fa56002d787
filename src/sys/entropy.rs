//! Sources of randomness: the kernel and the processor.

use std::io;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use std::sync::atomic::{AtomicU8, Ordering};

/// Fills `buffer` from the kernel's generator, getrandom(2), which may give the same again in a restored
/// snapshot; [`crate::fresh`] has bytes that do not. Only a kernel that has not gathered entropy since it
/// booted makes it wait.
///
/// # Errors
/// When getrandom(2) fails.
pub fn kernel(buffer: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        let rest = &mut buffer[filled..];
        // SAFETY: pointer and length are those of `rest`, which is live and exclusively borrowed
        // for the call; getrandom(2) writes at most that many bytes to it and keeps nothing.
        let got = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        match usize::try_from(got) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(got) => filled += got,
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
    Ok(())
}

/// A word of the processor's own generator (RDRAND, FEAT_RNG); `None` where the processor has no
/// generator, and when no word is ready after a few tries.
pub(crate) fn hardware() -> Option<u64> {
    /// Intel's guide for RDRAND says ten: it then runs dry only when it is broken.
    const TRIES: u32 = 10;
    if !has_generator() {
        return None;
    }
    (0..TRIES).find_map(|_| processor::random())
}

/// Whether the processor has a generator, found out at the first draw: never at start-up, and
/// not before a snapshot that another machine may restore.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn has_generator() -> bool {
    const UNKNOWN: u8 = 0;
    const ABSENT: u8 = 1;
    const PRESENT: u8 = 2;
    static FOUND: AtomicU8 = AtomicU8::new(UNKNOWN);
    match FOUND.load(Ordering::Relaxed) {
        UNKNOWN => {
            let present = processor::has_generator();
            let found = if present { PRESENT } else { ABSENT };
            FOUND.store(found, Ordering::Relaxed);
            present
        }
        found => found == PRESENT,
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn has_generator() -> bool {
    false
}

/// The processor's cycle or timer counter; 0 on an architecture that is not known here.
pub(crate) fn cycles() -> u64 {
    processor::cycles()
}

#[cfg(target_arch = "x86_64")]
mod processor {
    use std::arch::x86_64::{__cpuid, _rdrand64_step, _rdtsc};

    /// One CPUID instruction, for which a virtual machine is left: 6 us when it is repeated, and
    /// 37 us of a first event (bench/NOTES.md). std's detection runs dozens of them.
    #[allow(unused_unsafe, reason = "safe in newer compilers")]
    pub(super) fn has_generator() -> bool {
        // SAFETY: every x86_64 processor has CPUID and its leaf 1; it only writes registers.
        let features = unsafe { __cpuid(1) };
        features.ecx & (1 << 30) != 0
    }

    /// Only to be called when `has_generator` says so.
    pub(super) fn random() -> Option<u64> {
        // SAFETY: `hardware` is the only caller, after CPUID has said that there is RDRAND.
        unsafe { step() }
    }

    #[target_feature(enable = "rdrand")]
    #[allow(unused_unsafe, reason = "safe in newer compilers")]
    unsafe fn step() -> Option<u64> {
        let mut word = 0;
        // SAFETY: the caller has made sure of RDRAND; the reference is to a live local.
        let ready = unsafe { _rdrand64_step(&mut word) };
        (ready == 1).then_some(word)
    }

    #[allow(unused_unsafe, reason = "safe in newer compilers")]
    pub(super) fn cycles() -> u64 {
        // SAFETY: every x86_64 processor has RDTSC, and Linux leaves it to user space unless the
        // program itself asks for the opposite; it only writes registers.
        unsafe { _rdtsc() }
    }
}

#[cfg(target_arch = "aarch64")]
mod processor {
    use std::arch::asm;

    /// Bit of `AT_HWCAP2` for FEAT_RNG (Linux, arch/arm64/include/uapi/asm/hwcap.h).
    const HWCAP2_RNG: libc::c_ulong = 1 << 16;

    pub(super) fn has_generator() -> bool {
        // SAFETY: getauxval(3) takes a number and reads the vector that the kernel has left at
        // start-up, which nothing changes; an unknown number gives 0.
        let capabilities = unsafe { libc::getauxval(libc::AT_HWCAP2) };
        capabilities & HWCAP2_RNG != 0
    }

    /// Only to be called when `has_generator` says so.
    pub(super) fn random() -> Option<u64> {
        let (word, failed): (u64, u64);
        // SAFETY: `hardware` is the only caller, after the kernel has said that there is
        // FEAT_RNG, so RNDR (by its encoding, for assemblers that do not know its name) is no
        // undefined instruction. It writes the named registers and the flags, no memory.
        unsafe {
            asm!(
                "mrs {word}, s3_3_c2_c4_0",
                "cset {failed}, eq",
                word = out(reg) word,
                failed = out(reg) failed,
                options(nomem, nostack),
            );
        }
        (failed == 0).then_some(word)
    }

    pub(super) fn cycles() -> u64 {
        let count: u64;
        // SAFETY: Linux lets user space read the virtual counter (its vDSO does); the
        // instruction writes one register.
        unsafe {
            asm!(
                "mrs {count}, cntvct_el0",
                count = out(reg) count,
                options(nomem, nostack, preserves_flags),
            );
        }
        count
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod processor {
    pub(super) fn random() -> Option<u64> {
        None
    }

    pub(super) fn cycles() -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_from_the_kernel() {
        let mut bytes = vec![0; 4096];
        kernel(&mut bytes).unwrap();
        // A run of 16 zero bytes among random ones: once in 2^116.
        assert!(!bytes.windows(16).any(|part| part == [0; 16]));
        kernel(&mut []).unwrap();
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has neither CPUID nor RDRAND")]
    fn the_processor_gives_different_words() {
        if let (Some(first), Some(second)) = (hardware(), hardware()) {
            assert_ne!(first, second);
        }
        let start = cycles();
        std::thread::sleep(std::time::Duration::from_millis(1));
        assert_ne!(start, cycles());
    }
}
