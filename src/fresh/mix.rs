//! From the sources of one draw to the bytes of a value: a function of its arguments only.

use blake2::digest::{CustomizedInit, Update};
use blake2::{Blake2b512, Digest};
use zeroize::Zeroizing;

/// Bytes from the kernel in each draw: 256 bits of strength. Up to this number Linux needs no extra round
/// of its generator.
pub(super) const KERNEL: usize = 32;
const SEED: usize = 64;

/// The inputs of one draw.
pub(super) struct Sources<'a> {
    pub(super) kernel: Zeroizing<[u8; KERNEL]>,
    /// The processor's generator; 0 where it has no generator.
    pub(super) hardware: [u64; 2],
    pub(super) cycles: u64,
    /// Nanoseconds since the Unix epoch.
    pub(super) clock: u128,
    /// The number of the draw in this process.
    pub(super) draw: u64,
    /// The id of the event in hand; empty between events.
    pub(super) request_id: &'a str,
    pub(super) invocation_id: &'a str,
}

impl Sources<'_> {
    /// Fills `out`. It is as hard to predict as the best of the sources.
    pub(super) fn fill(&self, out: &mut [u8]) {
        let seed = self.seed();
        if out.len() <= SEED {
            out.copy_from_slice(&seed[..out.len()]);
            return;
        }
        for (number, block) in out.chunks_mut(SEED).enumerate() {
            let mut hash = Blake2b512::new_customized(b"coldspark/block");
            Update::update(&mut hash, &*seed);
            Update::update(&mut hash, &(number as u64).to_le_bytes());
            let bytes = finish(hash);
            block.copy_from_slice(&bytes[..block.len()]);
        }
    }

    /// One hash over all inputs. Fields have a fixed size or are preceded by their length, so that no two
    /// different draws hash the same text.
    fn seed(&self) -> Zeroizing<[u8; SEED]> {
        let mut hash = Blake2b512::new_customized(b"coldspark/seed");
        let mut put = |bytes: &[u8]| Update::update(&mut hash, bytes);
        put(&*self.kernel);
        put(&self.hardware[0].to_le_bytes());
        put(&self.hardware[1].to_le_bytes());
        put(&self.cycles.to_le_bytes());
        put(&self.clock.to_le_bytes());
        put(&self.draw.to_le_bytes());
        for id in [self.request_id, self.invocation_id] {
            put(&(id.len() as u64).to_le_bytes());
            put(id.as_bytes());
        }
        finish(hash)
    }
}

fn finish(hash: Blake2b512) -> Zeroizing<[u8; SEED]> {
    let mut bytes = Zeroizing::new([0; SEED]);
    Digest::finalize_into(hash, (&mut *bytes).into());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources<'static> {
        Sources {
            kernel: Zeroizing::new([7; KERNEL]),
            hardware: [1, 2],
            cycles: 3,
            clock: 4,
            draw: 5,
            request_id: "request",
            invocation_id: "nonce",
        }
    }

    fn value(sources: &Sources<'_>) -> [u8; 16] {
        let mut out = [0; 16];
        sources.fill(&mut out);
        out
    }

    #[test]
    fn each_source_alone_makes_another_value() {
        let changes: [fn(&mut Sources<'static>); 9] = [
            |_| {},
            |s| s.kernel[31] ^= 1,
            |s| s.hardware[0] += 1,
            |s| s.hardware[1] += 1,
            |s| s.cycles += 1,
            |s| s.clock += 1,
            |s| s.draw += 1,
            |s| s.request_id = "Request",
            |s| s.invocation_id = "",
        ];
        let values = changes.map(|change| {
            let mut sources = sources();
            change(&mut sources);
            value(&sources)
        });
        for (index, value) in values.iter().enumerate() {
            assert!(!values[..index].contains(value), "change {index}");
        }
    }

    #[test]
    fn nothing_but_the_sources_makes_the_value() {
        assert_eq!(value(&sources()), value(&sources()));
    }

    #[test]
    fn the_ids_do_not_run_into_each_other() {
        let with = |request_id, invocation_id| {
            value(&Sources {
                request_id,
                invocation_id,
                ..sources()
            })
        };
        assert_ne!(with("ab", "c"), with("a", "bc"));
        assert_ne!(with("ab", ""), with("", "ab"));
    }

    #[test]
    fn long_values_repeat_neither_themselves_nor_short_ones() {
        let mut long = [0; 1000];
        sources().fill(&mut long);
        let blocks: Vec<_> = long.chunks(16).collect();
        for (index, block) in blocks.iter().enumerate() {
            assert!(!blocks[..index].contains(block), "block {index}");
        }
        assert_ne!(value(&sources()), long[..16]);
        let mut other = [0; 1000];
        let mut sources = sources();
        sources.draw += 1;
        sources.fill(&mut other);
        assert!(long.iter().zip(other).filter(|(a, b)| **a == *b).count() < 50);
    }
}
