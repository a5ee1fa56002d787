//! Base64 (RFC 4648, section 4), for errors in trailers, and for bodies that the layer passes on.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Writes the digits of these bytes, with padding. Bodies of some megabytes pass here, so what is done for each
/// three of their bytes is kept short, in code that is compiled for size. It is not inlined: its array would be in
/// the frame of all answers, and the first one would touch another page of the stack.
#[inline(never)]
pub fn push(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(bytes.len().div_ceil(3) * 4);
    let mut digits = [b'='; 4096];
    for block in bytes.chunks(digits.len() / 4 * 3) {
        let (groups, rest) = block.split_at(block.len() - block.len() % 3);
        for (place, group) in digits.chunks_exact_mut(4).zip(groups.chunks_exact(3)) {
            encode_group(place, group);
        }
        let mut length = groups.len() / 3 * 4;
        if let Some(&first) = rest.first() {
            let last = &mut digits[length..length + 4];
            encode_group(last, &[first, rest.get(1).copied().unwrap_or_default(), 0]);
            last[rest.len() + 1..].fill(b'=');
            length += 4;
        }
        out.extend_from_slice(&digits[..length]);
    }
}

/// The digits of these bytes as a text.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    push(&mut out, bytes);
    // Digits are ASCII.
    String::from_utf8(out).unwrap_or_default()
}

#[inline(always)]
fn digit(bits: u8) -> u8 {
    DIGITS[usize::from(bits & 63)]
}

/// Four digits for three bytes.
#[inline(always)]
fn encode_group(place: &mut [u8], group: &[u8]) {
    if let ([first, second, third, fourth], &[a, b, c]) = (place, group) {
        *first = digit(a >> 2);
        *second = digit(a << 4 | b >> 4);
        *third = digit(b << 2 | c >> 6);
        *fourth = digit(c);
    }
}

/// Decodes a text. `None` when it is not Base64 with padding.
#[must_use]
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() % 4 != 0 {
        return None;
    }
    let padding = match text {
        [.., b'=', b'='] => 2,
        [.., b'='] => 1,
        _ => 0,
    };
    let mut values = [255_u8; 256];
    for (value, digit) in (0..).zip(DIGITS) {
        values[usize::from(*digit)] = value;
    }
    let mut bytes = vec![0; text.len() / 4 * 3];
    let mut all = 0;
    let mut decode = |place: &mut [u8], group: &[u8]| {
        if let ([first, second, third], &[a, b, c, d]) = (place, group) {
            let value = |digit: u8| values[usize::from(digit)];
            let (a, b, c, d) = (value(a), value(b), value(c), value(d));
            all |= a | b | c | d;
            *first = a << 2 | b >> 4;
            *second = b << 4 | c >> 2;
            *third = c << 6 | d;
        }
    };
    let (groups, last) = text.split_at(text.len().saturating_sub(4));
    let (places, last_place) = bytes.split_at_mut(groups.len() / 4 * 3);
    for (place, group) in places.chunks_exact_mut(3).zip(groups.chunks_exact(4)) {
        decode(place, group);
    }
    // Padding stands for zero bits.
    let mut last = last.to_vec();
    let end = last.len() - padding;
    last[end..].fill(b'A');
    decode(last_place, &last);
    bytes.truncate(bytes.len() - padding);
    // What is no digit has higher bits.
    (all < 64).then_some(bytes)
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
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(bytes.as_bytes()));
        }
        // Longer than what is written at once.
        let all: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        let mut out = Vec::new();
        push(&mut out, &all);
        assert_eq!(decode(&out), Some(all));
        for wrong in ["Zg=", "Zg", "Z===", "Zm9v\n", "Zm-_", "=AAA", "AA=A"] {
            assert_eq!(decode(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
