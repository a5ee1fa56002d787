//! The chunked transfer coding (RFC 9112, section 7.1), decoded as the bytes come.

/// Longest line of a chunk size with its extensions, or of a trailer, in bytes.
const MAX_LINE: usize = 8 * 1024;

/// A decoder that takes the coded bytes in pieces of any size.
#[derive(Debug, Default)]
pub struct Chunked {
    state: State,
    line: usize,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    SizeStart,
    Size(usize),
    Extension(usize),
    SizeEnd(usize),
    Data(usize),
    DataReturn,
    DataEnd,
    TrailerStart,
    Trailer,
    TrailerEnd,
    LastEnd,
    Done,
}

impl Chunked {
    /// Decodes from `input` into `body` and returns how many bytes of `input` belong to the
    /// coding; what follows its end is left.
    ///
    /// # Errors
    /// What is wrong with the coding.
    pub fn decode(&mut self, input: &[u8], body: &mut Vec<u8>) -> Result<usize, &'static str> {
        let mut at = 0;
        while at < input.len() && self.state != State::Done {
            if let State::Data(left) = self.state {
                let part = &input[at..input.len().min(at.saturating_add(left))];
                body.extend_from_slice(part);
                at += part.len();
                self.state = match left - part.len() {
                    0 => State::DataReturn,
                    left => State::Data(left),
                };
                continue;
            }
            self.step(input[at])?;
            at += 1;
        }
        Ok(at)
    }

    /// Whether the last chunk and the trailers have come.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    fn step(&mut self, byte: u8) -> Result<(), &'static str> {
        self.line += 1;
        if self.line > MAX_LINE {
            return Err("a chunk size or trailer line is too long");
        }
        self.state = match (self.state, byte) {
            (State::SizeStart, _) => State::Size(hex(byte).ok_or("a chunk size is not a number")?),
            (State::Size(size), b'\r') => State::SizeEnd(size),
            (State::Size(size), b';' | b' ' | b'\t') => State::Extension(size),
            (State::Size(size), _) => {
                let digit = hex(byte).ok_or("a chunk size is not a number")?;
                let size = size
                    .checked_mul(16)
                    .and_then(|size| size.checked_add(digit));
                State::Size(size.ok_or("a chunk size is too large")?)
            }
            (State::Extension(size), b'\r') => State::SizeEnd(size),
            (State::Extension(_), b'\n') => return Err("a chunk size line ends without CR LF"),
            (State::Extension(size), _) => State::Extension(size),
            (State::SizeEnd(0), b'\n') => State::TrailerStart,
            (State::SizeEnd(size), b'\n') => State::Data(size),
            (State::SizeEnd(_), _) => return Err("a chunk size line ends without CR LF"),
            (State::DataReturn, b'\r') => State::DataEnd,
            (State::DataEnd, b'\n') => State::SizeStart,
            (State::DataReturn | State::DataEnd, _) => {
                return Err("a chunk is longer than its size");
            }
            (State::TrailerStart, b'\r') => State::LastEnd,
            (State::TrailerStart | State::Trailer, b'\n') => {
                return Err("a trailer line ends without CR LF");
            }
            (State::Trailer, b'\r') => State::TrailerEnd,
            (State::TrailerStart | State::Trailer, _) => State::Trailer,
            (State::TrailerEnd, b'\n') => State::TrailerStart,
            (State::LastEnd, b'\n') => State::Done,
            (State::TrailerEnd | State::LastEnd, _) => {
                return Err("a trailer line ends without CR LF");
            }
            (State::Data(_) | State::Done, _) => unreachable!("decode handles these itself"),
        };
        if matches!(
            self.state,
            State::SizeStart | State::Data(_) | State::TrailerStart
        ) {
            self.line = 0;
        }
        Ok(())
    }
}

fn hex(byte: u8) -> Option<usize> {
    char::from(byte).to_digit(16).map(|digit| digit as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(input: &[u8]) -> Result<(Vec<u8>, usize, bool), &'static str> {
        let mut decoder = Chunked::default();
        let mut body = Vec::new();
        let used = decoder.decode(input, &mut body)?;
        Ok((body, used, decoder.is_done()))
    }

    #[test]
    fn chunks_trailers_and_what_follows() {
        let coded = b"4\r\nWiki\r\nB;name=\"v\"\r\npedia in chu\r\n0\r\nA: b\r\n\r\nHTTP";
        assert_eq!(whole(coded), Err("a chunk is longer than its size"));
        let coded = b"4\r\nWiki\r\nc;name=\"v\"\r\npedia in chu\r\n0\r\nA: b\r\n\r\nHTTP";
        let (body, used, done) = whole(coded).unwrap();
        assert_eq!(body, b"Wikipedia in chu");
        assert_eq!(&coded[used..], b"HTTP");
        assert!(done);
    }

    #[test]
    fn any_split_gives_the_same() {
        let coded = b"1\r\na\r\n0a\r\n0123456789\r\n000\r\nT: u\r\n\r\n";
        for first in 0..=coded.len() {
            for second in first..=coded.len() {
                let mut decoder = Chunked::default();
                let mut body = Vec::new();
                for part in [&coded[..first], &coded[first..second], &coded[second..]] {
                    assert_eq!(decoder.decode(part, &mut body), Ok(part.len()));
                }
                assert!(decoder.is_done());
                assert_eq!(body, b"a0123456789");
            }
        }
    }

    #[test]
    fn a_missing_end_is_not_done() {
        for cut in [&b""[..], b"1\r\na\r\n", b"1\r\na\r\n0\r\n", b"5\r\nabc"] {
            assert!(!whole(cut).unwrap().2, "{cut:?}");
        }
    }

    #[test]
    fn wrong_coding_is_refused() {
        for wrong in [
            &b"g\r\n"[..],
            b"\r\n",
            b"-1\r\n",
            b"1\na\r\n",
            b"1\r\nab\r\n",
            b"ffffffffffffffffff\r\n",
            b"0\r\n\n",
            b"1;x\na\r\n",
        ] {
            assert!(whole(wrong).is_err(), "{wrong:?}");
        }
        let long = [b"1;".as_slice(), &[b'x'; MAX_LINE]].concat();
        assert!(whole(&long).is_err());
    }
}
