//! A scanner that validates JSON (RFC 8259) and finds where values end.

use super::Value;

/// Deepest nesting of values. Events of front ends need about five.
const DEEPEST: usize = 128;

/// Goes through a text, value by value.
pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) position: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    pub(super) fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.position += 1;
        }
    }

    /// Skips this byte, and space before it, if it comes next.
    pub(super) fn skip(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.peek() == Some(byte)).then(|| self.position += 1)
    }

    /// Skips the next value; `None` when there is no valid value.
    pub(super) fn value(&mut self) -> Option<Value<'a>> {
        self.nested(DEEPEST)
    }

    fn nested(&mut self, depth: usize) -> Option<Value<'a>> {
        self.space();
        let start = self.position;
        match self.peek()? {
            b'"' => self.string()?,
            b'{' => self.members_or_items(depth, b'}', true)?,
            b'[' => self.members_or_items(depth, b']', false)?,
            b't' => self.literal("true")?,
            b'f' => self.literal("false")?,
            b'n' => self.literal("null")?,
            _ => self.number()?,
        }
        self.text.get(start..self.position).map(Value)
    }

    fn literal(&mut self, word: &str) -> Option<()> {
        self.text
            .get(self.position..)?
            .starts_with(word)
            .then(|| self.position += word.len())
    }

    /// Skips an object, whose values have names, or an array.
    fn members_or_items(&mut self, depth: usize, end: u8, named: bool) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        self.position += 1;
        if self.skip(end).is_some() {
            return Some(());
        }
        loop {
            if named {
                self.space();
                if self.peek()? != b'"' {
                    return None;
                }
                self.string()?;
                self.skip(b':')?;
            }
            self.nested(depth)?;
            if self.skip(end).is_some() {
                return Some(());
            }
            self.skip(b',')?;
        }
    }

    fn string(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        self.position += 1;
        loop {
            self.position += unescaped_length(bytes.get(self.position..)?);
            match self.peek()? {
                b'"' => {
                    self.position += 1;
                    return Some(());
                }
                b'\\' => {
                    let digits = match bytes.get(self.position + 1)? {
                        b'u' => bytes.get(self.position + 2..self.position + 6)?,
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => &[],
                        _ => return None,
                    };
                    if !digits.iter().all(u8::is_ascii_hexdigit) {
                        return None;
                    }
                    self.position += 2 + digits.len();
                }
                _ => return None,
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        let _ = self.skip_here(b'-');
        if self.skip_here(b'0').is_none() {
            self.digits()?;
        }
        if self.skip_here(b'.').is_some() {
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.position += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.position += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    fn skip_here(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.position += 1)
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.position;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.position += 1;
        }
        (self.position > start).then_some(())
    }
}

/// How many bytes at the beginning need no escape in a string of JSON. Eight are checked in one step, since
/// bodies are long.
pub(super) fn unescaped_length(bytes: &[u8]) -> usize {
    let mut length = 0;
    while let Some(word) = bytes[length..].first_chunk() {
        if has_special(u64::from_ne_bytes(*word)) {
            break;
        }
        length += 8;
    }
    let rest = bytes[length..].iter();
    length
        + rest
            .take_while(|byte| **byte >= b' ' && !matches!(byte, b'"' | b'\\'))
            .count()
}

/// Whether a byte of the word is below the space, a quotation mark or a backslash.
fn has_special(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    below(word, 0x20) | is(b'"') | is(b'\\') != 0
}

#[cfg(test)]
mod tests {
    use super::has_special;

    /// Eight bytes are one step only while this is false.
    #[test]
    fn only_words_with_a_special_byte_are_special() {
        for byte in 0..=u8::MAX {
            let special = byte < b' ' || matches!(byte, b'"' | b'\\');
            for place in 0..8 {
                let mut word = *b"plain  ~";
                word[place] = byte;
                assert_eq!(has_special(u64::from_ne_bytes(word)), special, "{word:?}");
            }
        }
        assert!(!has_special(u64::MAX));
    }
}
