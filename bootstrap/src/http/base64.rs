//! Base64 (RFC 4648, section 4), for bodies that are not text.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Writes the digits of these bytes, with padding.
pub(super) fn push(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(bytes.len().div_ceil(3) * 4);
    let digit = |bits: u32, index: u32| DIGITS[(bits >> (18 - 6 * index) & 63) as usize];
    let (groups, rest) = bytes.split_at(bytes.len() - bytes.len() % 3);
    for group in groups.chunks_exact(3) {
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        out.extend_from_slice(&[0, 1, 2, 3].map(|index| digit(bits, index)));
    }
    if let Some(&first) = rest.first() {
        let second = rest.get(1);
        let bits = u32::from_be_bytes([0, first, second.copied().unwrap_or_default(), 0]);
        let third = second.map_or(b'=', |_| digit(bits, 2));
        out.extend_from_slice(&[digit(bits, 0), digit(bits, 1), third, b'=']);
    }
}

/// Decodes; `None` when the text is not Base64 with padding.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() % 4 != 0 {
        return None;
    }
    let padding = text
        .iter()
        .rev()
        .take(2)
        .take_while(|byte| **byte == b'=')
        .count();
    let mut values = [255_u8; 256];
    for (value, digit) in (0..).zip(DIGITS) {
        values[usize::from(*digit)] = value;
    }
    let digits = &text[..text.len() - padding];
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for group in digits.chunks(4) {
        let mut bits = 0;
        for digit in group {
            let value = values[usize::from(*digit)];
            if value > 63 {
                return None;
            }
            bits = bits << 6 | u32::from(value);
        }
        bits <<= 6 * (4 - group.len());
        let [_, three @ ..] = bits.to_be_bytes();
        bytes.extend_from_slice(&three[..group.len() - 1]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_the_standard_and_what_is_wrong() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let mut out = Vec::new();
            push(&mut out, bytes.as_bytes());
            assert_eq!(out, text.as_bytes());
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(bytes.as_bytes()));
        }
        let all: Vec<u8> = (0..=255).collect();
        let mut out = Vec::new();
        push(&mut out, &all);
        assert_eq!(decode(&out), Some(all));
        for wrong in ["Zg=", "Zg", "Z===", "Zm9v\n", "Zm-_", "=AAA", "AA=A"] {
            assert_eq!(decode(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
