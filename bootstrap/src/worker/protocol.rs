//! The vocabulary of the worker protocol, version 1; layer/PROTOCOL.md has its meaning.

use std::ffi::CStr;

use crate::content_type;

/// The version, as workers find it in their environment.
pub(crate) const VERSION: &CStr = c"COLDSPARK_PROTOCOL=1";

/// A longer line is not one of the protocol.
pub(crate) const LONGEST: usize = 512;

/// The numbers of a worker's descriptors, beginning with `first`: lines for it, lines from it,
/// the event, its response, the context.
pub(crate) const FIRST: i32 = 3;

/// The number under which hooks are answered; no event has it.
pub(crate) const HOOK: u64 = 0;

/// Events have smaller numbers: those that a double-precision number, which is what JavaScript has,
/// holds exactly.
const NUMBERS: u64 = 1 << 53;

/// The number of an event, from random bits. An answer that was written before its event was handed
/// over has to guess it.
pub(crate) fn event_number(random: u64) -> u64 {
    1 + random % (NUMBERS - 1)
}

/// What a worker may ask to be told around a SnapStart snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    BeforeSnapshot,
    AfterRestore,
}

impl Hook {
    /// The line that tells it, which is also how a worker asks for it.
    pub(crate) fn line(self) -> &'static str {
        match self {
            Self::BeforeSnapshot => "before-snapshot",
            Self::AfterRestore => "after-restore",
        }
    }
}

/// What a worker has asked for behind `ready`, in the order of [`ASKED`].
pub(crate) type Asked = [bool; 4];

/// The words for it: those of [`Hook`], in its order, and the wish to be told when the bytes of a
/// chunk were sent, and the wish to learn of the end of the environment.
const ASKED: [&str; 4] = ["before-snapshot", "after-restore", "sent", "shutdown"];
pub(crate) const SENT: usize = 2;
pub(crate) const SHUTDOWN: usize = 3;

/// A line from a worker.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    Ready {
        asked: Asked,
    },
    InitError {
        error_type: &'a str,
    },
    Response {
        event: u64,
    },
    Chunk {
        event: u64,
        length: u64,
        content_type: Option<&'a str>,
    },
    Error {
        event: u64,
        error_type: &'a str,
    },
}

impl<'a> Line<'a> {
    /// Parses a line without its end.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        Some(match word {
            "ready" => Self::Ready {
                asked: if line == word {
                    Asked::default()
                } else {
                    asked(rest)?
                },
            },
            "init-error" => Self::InitError {
                error_type: error_type(rest)?,
            },
            "response" => Self::Response {
                event: number(rest)?,
            },
            "chunk" => {
                let (event, rest) = rest.split_once(' ')?;
                let (length, content_type) = match rest.split_once(' ') {
                    Some((length, word)) if content_type::is_word(word) => (length, Some(word)),
                    Some(_) => return None,
                    None => (rest, None),
                };
                Self::Chunk {
                    event: number(event)?,
                    length: digits(length)?,
                    content_type,
                }
            }
            "error" => {
                let (event, rest) = rest.split_once(' ')?;
                Self::Error {
                    event: number(event)?,
                    error_type: error_type(rest)?,
                }
            }
            "done" if line == word => Self::Response { event: HOOK },
            "hook-error" => Self::Error {
                event: HOOK,
                error_type: error_type(rest)?,
            },
            _ => return None,
        })
    }
}

/// The words behind `ready`, each at most once.
fn asked(words: &str) -> Option<Asked> {
    let mut asked = Asked::default();
    for word in words.split(' ') {
        let index = ASKED.iter().position(|known| *known == word)?;
        if std::mem::replace(&mut asked[index], true) {
            return None;
        }
    }
    Some(asked)
}

fn number(text: &str) -> Option<u64> {
    digits(text).filter(|number| *number != HOOK)
}

fn digits(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// One word: it also stands in a header.
fn error_type(text: &str) -> Option<&str> {
    let word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    word.then_some(text)
}

/// The line that hands over an event.
pub(crate) fn event(number: u64) -> String {
    format!("event {number}")
}

/// The line that says that the bytes of a chunk were sent.
pub(crate) fn sent(number: u64) -> String {
    format!("sent {number}\n")
}

#[cfg(test)]
mod tests;
