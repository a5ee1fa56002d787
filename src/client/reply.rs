//! A reply of the Runtime API in one reused buffer.

use std::ops::Range;

/// Room for the head and body of a usual event; a larger one grows the buffer once.
const EVENT: usize = 8 * 1024;
/// Room for the short reply to an answer. In the start-up arena it lies with other small blocks, and
/// touches no page of its own.
const ACKNOWLEDGEMENT: usize = 512;

/// Status, headers and body, all in one buffer that the next exchange reuses.
pub(crate) struct Reply {
    room: usize,
    pub(crate) status: u16,
    pub(crate) bytes: Vec<u8>,
    pub(crate) fields: Vec<Field>,
    pub(crate) body: Range<usize>,
}

/// Where a header stands in the buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, as it was sent.
    pub name: Range<usize>,
    /// Its value, without white space around it.
    pub value: Range<usize>,
}

impl Reply {
    /// For the reply to `next`.
    pub(crate) const fn event() -> Self {
        Self::with_room(EVENT)
    }

    /// For the reply to an answer.
    pub(crate) const fn acknowledgement() -> Self {
        Self::with_room(ACKNOWLEDGEMENT)
    }

    const fn with_room(room: usize) -> Self {
        Self {
            room,
            status: 0,
            bytes: Vec::new(),
            fields: Vec::new(),
            body: 0..0,
        }
    }

    /// Empties the reply for the next exchange.
    pub(crate) fn clear(&mut self) {
        self.status = 0;
        self.bytes.clear();
        self.bytes.reserve(self.room);
        self.fields.clear();
        self.body = 0..0;
    }

    /// The value of the first header of that name, compared without case.
    pub(crate) fn header(&self, name: &str) -> Option<&[u8]> {
        // Most names differ in length, so that nothing has to be looked up.
        let mut alike = self.fields.iter().filter(|it| it.name.len() == name.len());
        let field = alike.find(|it| same_name(&self.bytes[it.name.clone()], name))?;
        Some(&self.bytes[field.value.clone()])
    }

    /// The body; after an error within it, the part that came.
    pub(crate) fn body(&self) -> &[u8] {
        &self.bytes[self.body.clone()]
    }
}

/// Whether a header has this name, without case. It first compares words of eight bytes, where the C
/// library would go byte by byte: usually names are equal as they are, or differ in more than case.
pub(super) fn same_name(found: &[u8], name: &str) -> bool {
    const CASE: u64 = u64::from_ne_bytes([0x20; 8]);
    let name = name.as_bytes();
    if found.len() != name.len() {
        return false;
    }
    let (Some(end), Some(name_end)) = (found.last_chunk(), name.last_chunk()) else {
        // Too short for a word.
        return same_in_another_case(found, name);
    };
    let mut differ = u64::from_ne_bytes(*end) ^ u64::from_ne_bytes(*name_end);
    let (mut left, mut right) = (found, name);
    while let (Some((one, behind)), Some((other, after))) =
        (left.split_first_chunk(), right.split_first_chunk())
    {
        differ |= u64::from_ne_bytes(*one) ^ u64::from_ne_bytes(*other);
        (left, right) = (behind, after);
    }
    differ == 0 || (differ & !CASE == 0 && same_in_another_case(found, name))
}

/// The comparison for names that differ by no more than case. It is a function apart, so that the
/// comparison of equal names does not save its registers.
#[cold]
#[inline(never)]
fn same_in_another_case(found: &[u8], name: &[u8]) -> bool {
    found.eq_ignore_ascii_case(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_any_case() {
        let long = "Lambda-Runtime-Aws-Request-Id";
        for length in 0..=long.len() {
            let name = &long[..length];
            assert!(same_name(name.as_bytes(), name));
            assert!(same_name(name.to_ascii_lowercase().as_bytes(), name));
            assert!(same_name(name.to_ascii_uppercase().as_bytes(), name));
            assert!(!same_name(&[name.as_bytes(), b"x"].concat(), name));
            for at in 0..length {
                // Another letter, and a sign that differs from it only in the bit for the case.
                for bit in [1, 0x20] {
                    let mut other = name.as_bytes().to_vec();
                    other[at] ^= bit;
                    let same = bit == 0x20 && name.as_bytes()[at].is_ascii_alphabetic();
                    assert_eq!(same_name(&other, name), same, "{at} of {name}");
                }
            }
        }
    }
}
