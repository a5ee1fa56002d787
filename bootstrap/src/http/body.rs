//! The body of an answer, decoded from received pieces.

use coldspark::internal::{Chunked, Framing};

/// Smallest and largest room for a read of a body, in bytes.
const LEAST: usize = 16 * 1024;
const MOST: usize = 256 * 1024;

/// The rest of a body.
pub(super) enum Body {
    /// A number of bytes.
    Length(usize),
    Chunked(Chunked),
    /// Everything until the application closes the connection.
    UntilClose,
}

impl Body {
    pub(super) fn new(framing: Framing) -> Self {
        match framing {
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Chunked(Chunked::default()),
            Framing::UntilClose => Self::UntilClose,
        }
    }

    /// Moves the bytes of the body from `received` to the end of `out`, and returns whether the body is
    /// complete. `closed` says that no more bytes come. Bytes behind the body stay.
    pub(super) fn take(
        &mut self,
        received: &mut Vec<u8>,
        closed: bool,
        out: &mut Vec<u8>,
    ) -> Result<bool, &'static str> {
        match self {
            Self::Length(left) => {
                let part = received.len().min(*left);
                move_front(received, part, out);
                *left -= part;
                if *left > 0 && closed {
                    return Err("the connection was closed within the body, which has a length");
                }
                Ok(*left == 0)
            }
            Self::Chunked(decoder) => {
                let used = decoder.decode(received, out)?;
                received.drain(..used);
                if !decoder.is_done() && closed {
                    return Err("the connection was closed before the last chunk of the body");
                }
                Ok(decoder.is_done())
            }
            Self::UntilClose => {
                move_front(received, received.len(), out);
                Ok(closed)
            }
        }
    }

    /// How many bytes the next read should have room for: the rest of the body, within limits.
    pub(super) fn room(&self) -> usize {
        let left = match self {
            Self::Length(left) => *left,
            Self::Chunked(_) | Self::UntilClose => 0,
        };
        left.clamp(LEAST, MOST)
    }
}

/// Moves so many bytes, without a copy where these are all.
fn move_front(from: &mut Vec<u8>, count: usize, to: &mut Vec<u8>) {
    if to.is_empty() && count == from.len() {
        std::mem::swap(from, to);
    } else {
        to.extend_from_slice(&from[..count]);
        from.drain(..count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes these pieces; returns the body and the bytes that are left.
    fn taken(framing: Framing, pieces: &[&[u8]]) -> Result<(Vec<u8>, Vec<u8>, bool), &'static str> {
        let (mut body, mut received, mut out) = (Body::new(framing), Vec::new(), Vec::new());
        let mut whole = false;
        for (index, piece) in pieces.iter().enumerate() {
            received.extend_from_slice(piece);
            whole = body.take(&mut received, index + 1 == pieces.len(), &mut out)?;
        }
        Ok((out, received, whole))
    }

    #[test]
    fn each_framing_ends_where_it_says() {
        let pieces = [&b"on"[..], b"e", b"tw"];
        let (out, left, whole) = taken(Framing::Length(3), &pieces).unwrap();
        assert_eq!((&*out, &*left, whole), (&b"one"[..], &b"tw"[..], true));
        assert!(
            taken(Framing::Length(9), &pieces)
                .unwrap_err()
                .contains("length")
        );
        let (out, left, whole) = taken(Framing::UntilClose, &pieces).unwrap();
        assert_eq!((&*out, &*left, whole), (&b"onetw"[..], &b""[..], true));
        let chunks = [&b"1\r\na\r"[..], b"\n2\r\nbc\r\n0\r\n", b"\r\nx"];
        let (out, left, whole) = taken(Framing::Chunked, &chunks).unwrap();
        assert_eq!((&*out, &*left, whole), (&b"abc"[..], &b"x"[..], true));
        assert!(
            taken(Framing::Chunked, &chunks[..2])
                .unwrap_err()
                .contains("chunk")
        );
        assert!(taken(Framing::Chunked, &[b"x"]).is_err());
        assert!(taken(Framing::Length(0), &[b""]).unwrap().2);
    }
}
