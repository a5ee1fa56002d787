//! Bytes of what a function ships, and of its zip.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// What a zip adds for a file without extra fields: local header, central entry, its name twice.
const PER_FILE: u64 = 30 + 46;
/// The record at the end of a zip.
const END: u64 = 22;

/// Bytes of the files, and of a zip of them made with deflate at level 9.
pub(crate) fn of<'a>(files: impl IntoIterator<Item = &'a Path>) -> Result<(u64, u64), String> {
    let (mut bytes, mut zip) = (0, END);
    for path in files {
        let content = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path.file_name().unwrap_or_default().len() as u64;
        bytes += content.len() as u64;
        zip += PER_FILE + 2 * name + deflated(&content);
    }
    Ok((bytes, zip))
}

fn deflated(content: &[u8]) -> u64 {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("memory takes every byte");
    encoder.finish().expect("memory takes every byte").len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_shrink_and_noise_does_not() {
        assert!(deflated(&[0; 10_000]) < 100);
        let mut state = 1u32;
        let noise: Vec<u8> = (0..10_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        assert!(deflated(&noise) > 9_900);
    }
}
