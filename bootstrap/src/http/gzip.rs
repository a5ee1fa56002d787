//! gzip (RFC 1952, RFC 1951) for texts, with matches and the fixed codes.
//!
//! Dynamic codes would make texts a quarter smaller, and a crate for them adds 10 KB to the layer's zip
//! (bench/NOTES.md).

/// The header: magic number, deflate, no flags, no time, no hint, an unknown system.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// Largest distance of a match.
const WINDOW: usize = 32 * 1024;
/// Length of the shortest match that is searched for.
const SHORTEST_MATCH: usize = 4;
/// Length of the longest match of the format.
const LONGEST_MATCH: usize = 258;
/// Size of the table of earlier positions, a power of two.
const TABLE_SIZE: usize = 8 * 1024;
/// The symbol for the end of a block.
const END_OF_BLOCK: usize = 256;

/// Compresses bytes to the gzip format.
pub(super) fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut out = HEAD.to_vec();
    out.reserve(bytes.len() / 2);
    let mut bits = Bits {
        out,
        pending: 0,
        count: 0,
    };
    // The last block, with the fixed codes.
    bits.push(0b011, 3);
    deflate(bytes, &mut bits);
    bits.symbol(END_OF_BLOCK);
    let mut out = bits.finish();
    out.extend_from_slice(&crc32(bytes).to_le_bytes());
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out
}

/// Writes literals and matches.
fn deflate(bytes: &[u8], bits: &mut Bits) {
    // For the hash of four bytes, where they were seen last, counted from one.
    let mut table = vec![0; TABLE_SIZE];
    let mut position = 0;
    while let Some(byte) = bytes.get(position) {
        let mut length = 0;
        let mut distance = 0;
        if let Some(four) = bytes[position..].first_chunk() {
            let hash = u32::from_le_bytes(*four).wrapping_mul(0x9e37_79b1) >> 19;
            let entry = &mut table[hash as usize % TABLE_SIZE];
            let before = std::mem::replace(entry, position + 1);
            distance = (position + 1).wrapping_sub(before);
            if before > 0 && distance <= WINDOW {
                let earlier = &bytes[before - 1..];
                let same = earlier.iter().zip(&bytes[position..]).take(LONGEST_MATCH);
                length = same.take_while(|(one, other)| one == other).count();
            }
        }
        if length < SHORTEST_MATCH {
            bits.symbol((*byte).into());
            position += 1;
        } else {
            bits.length(length);
            bits.distance(distance);
            position += length;
        }
    }
}

/// A writer of bits, the lowest first.
struct Bits {
    out: Vec<u8>,
    pending: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        self.pending |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            self.out.push(self.pending as u8);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    /// The fixed code of a literal, a length or the end (RFC 1951, section 3.2.6).
    fn symbol(&mut self, symbol: usize) {
        let symbol = symbol as u32;
        let (code, count) = match symbol {
            0..=143 => (0x30 + symbol, 8),
            144..=255 => (0x190 + symbol - 144, 9),
            256..=279 => (symbol - 256, 7),
            _ => (0xc0 + symbol - 280, 8),
        };
        // Codes are written from their highest bit on.
        self.push(code.reverse_bits() >> (32 - count), count);
    }

    fn length(&mut self, length: usize) {
        if length == LONGEST_MATCH {
            return self.symbol(285);
        }
        let (code, extra, value) = split(length as u32 - 3, 2);
        self.symbol(257 + code as usize);
        self.push(value, extra);
    }

    fn distance(&mut self, distance: usize) {
        let (code, extra, value) = split(distance as u32 - 1, 1);
        self.push(code.reverse_bits() >> 27, 5);
        self.push(value, extra);
    }

    fn finish(mut self) -> Vec<u8> {
        self.push(0, 7);
        self.out
    }
}

/// A number's code, and the count and value of its extra bits. Codes of lengths and distances follow the
/// same rule (section 3.2.5): a code holds the highest bits, `kept` of them behind the first.
fn split(value: u32, kept: u32) -> (u32, u32, u32) {
    let width = 32 - value.leading_zeros();
    let extra = width.saturating_sub(kept + 1);
    let code = (extra << kept) + (value >> extra);
    (code, extra, value & ((1 << extra) - 1))
}

/// The checksum of RFC 1952, section 8. A table of 16 entries instead of 256 has half its speed.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 16] = {
        let mut table = [0; 16];
        let mut index = 0;
        while index < 16 {
            let mut value = index as u32;
            let mut bit = 0;
            while bit < 4 {
                value = value >> 1 ^ 0xedb8_8320 & (value & 1).wrapping_neg();
                bit += 1;
            }
            table[index] = value;
            index += 1;
        }
        table
    };
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        let crc = crc ^ u32::from(*byte);
        let crc = crc >> 4 ^ TABLE[(crc & 15) as usize];
        crc >> 4 ^ TABLE[(crc & 15) as usize]
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc32(b""), 0);
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn lengths_and_distances_have_the_codes_of_the_standard() {
        // The first number and the first code, how many bits a code holds, and what becomes of some numbers.
        let lengths = [
            (3, (257, 0, 0)),
            (10, (264, 0, 0)),
            (11, (265, 1, 0)),
            (18, (268, 1, 1)),
            (19, (269, 2, 0)),
            (257, (284, 5, 30)),
        ];
        let distances = [
            (1, (0, 0, 0)),
            (4, (3, 0, 0)),
            (5, (4, 1, 0)),
            (8, (5, 1, 1)),
            (9, (6, 2, 0)),
            (32768, (29, 13, 8191)),
        ];
        for (least, first_code, kept, numbers) in [(3, 257, 2, lengths), (1, 0, 1, distances)] {
            for (number, expected) in numbers {
                let (code, extra, value) = split(number - least, kept);
                assert_eq!((code + first_code, extra, value), expected, "{number}");
            }
        }
    }

    #[test]
    fn what_came_before_is_found_again() {
        let rows = r#"{"name":"rope","price":350,"stock":17},"#.repeat(100);
        assert!(compress(rows.as_bytes()).len() < rows.len() / 10);
    }

    #[test]
    #[cfg_attr(miri, ignore = "it starts gzip")]
    fn gzip_reads_it_back() {
        let mut state = 1_u32;
        let mut random = move |count: usize, range: u32| -> Vec<u8> {
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16) % range
            };
            (0..count).map(|_| next() as u8).collect()
        };
        let texts = [
            Vec::new(),
            b"a".to_vec(),
            vec![b'x'; 100_000],
            random(70_000, 256),
            random(70_000, 3),
            "all work and no play ".repeat(9000).into_bytes(),
            (0..200_000_u32)
                .flat_map(|n| (n / 7).to_string().into_bytes())
                .collect(),
        ];
        for text in texts {
            let mut gzip = Command::new("gzip")
                .arg("-dc")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut input = gzip.stdin.take().unwrap();
            let coded = compress(&text);
            let writer = std::thread::spawn(move || input.write_all(&coded).unwrap());
            let output = gzip.wait_with_output().unwrap();
            writer.join().unwrap();
            assert!(
                output.status.success() && output.stdout == text,
                "{}",
                text.len()
            );
        }
    }
}
