//! Decimal numbers without `core::fmt`, whose code an event would execute for nothing else.

/// The digits of the largest number.
const DIGITS: usize = 20;

/// Writes the number behind the text.
pub(crate) fn push(text: &mut String, mut number: u64) {
    let mut digits = [b'0'; DIGITS];
    let mut first = DIGITS;
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
        first = at;
        if number == 0 {
            break;
        }
    }
    // Digits are ASCII.
    let digits = digits.get(first..).unwrap_or_default();
    text.push_str(std::str::from_utf8(digits).unwrap_or_default());
}

/// The number that these digits, and nothing else, are.
pub(crate) fn parse(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0_u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then_some(())?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_and_read_as_it_is() {
        for number in [0, 1, 9, 10, 4_102_444_800_000, 1 << 53, u64::MAX] {
            let mut text = String::new();
            push(&mut text, number);
            assert_eq!(text, number.to_string());
            assert_eq!(parse(&text), Some(number));
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "+1", "-1", "1 ", "1a", "/", ":", "18446744073709551616"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("007"), Some(7));
    }
}
