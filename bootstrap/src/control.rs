//! The vocabulary of the worker protocol, version 1; layer/PROTOCOL.md has its meaning.

use std::ffi::CStr;

/// The version, as workers find it in their environment.
pub(crate) const VERSION: &CStr = c"COLDSPARK_PROTOCOL=1";

/// A longer line is not one of the protocol.
pub(crate) const LONGEST: usize = 512;

/// The numbers of a worker's descriptors, beginning with `first`: lines for it, lines from it,
/// the event, its response, the context.
pub(crate) const FIRST: i32 = 3;

/// The number under which hooks are answered; events begin with 1.
pub(crate) const HOOK: u64 = 0;

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

/// Which hooks a worker has asked for, in the order of [`Hook`].
pub(crate) type Asked = [bool; 2];

/// A line from a worker.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    Ready { asked: Asked },
    InitError { error_type: &'a str },
    Response { event: u64 },
    Chunk { event: u64, length: u64 },
    Error { event: u64, error_type: &'a str },
}

impl<'a> Line<'a> {
    /// Parses a line without its end.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        Some(match word {
            "ready" => Self::Ready {
                asked: match rest {
                    "" if line == word => [false, false],
                    "before-snapshot" => [true, false],
                    "after-restore" => [false, true],
                    "before-snapshot after-restore" | "after-restore before-snapshot" => {
                        [true, true]
                    }
                    _ => return None,
                },
            },
            "init-error" => Self::InitError {
                error_type: error_type(rest)?,
            },
            "response" => Self::Response {
                event: number(rest)?,
            },
            "chunk" => {
                let (event, length) = rest.split_once(' ')?;
                Self::Chunk {
                    event: number(event)?,
                    length: number(length)?,
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

fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number != HOOK)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_protocol_is_understood() {
        for (text, line) in [
            (
                "ready",
                Line::Ready {
                    asked: [false, false],
                },
            ),
            (
                "ready before-snapshot",
                Line::Ready {
                    asked: [true, false],
                },
            ),
            (
                "ready after-restore before-snapshot",
                Line::Ready {
                    asked: [true, true],
                },
            ),
            ("done", Line::Response { event: HOOK }),
            (
                "hook-error Pool.Broken",
                Line::Error {
                    event: HOOK,
                    error_type: "Pool.Broken",
                },
            ),
            (
                "init-error Function.NoModel",
                Line::InitError {
                    error_type: "Function.NoModel",
                },
            ),
            ("response 7", Line::Response { event: 7 }),
            (
                "chunk 18446744073709551615 12",
                Line::Chunk {
                    event: u64::MAX,
                    length: 12,
                },
            ),
            (
                "error 7 KeyError",
                Line::Error {
                    event: 7,
                    error_type: "KeyError",
                },
            ),
        ] {
            assert_eq!(Line::parse(text.as_bytes()), Some(line), "{text}");
        }
    }

    #[test]
    fn everything_else_is_none() {
        for text in [
            "",
            "ready ",
            "ready 1",
            "readybefore-snapshot",
            "ready before-snapshot ",
            "ready  after-restore",
            "ready after-restore after-restore",
            "ready before-snapshot after-event",
            "before-snapshot",
            "done ",
            "done 1",
            "hook-error",
            "hook-error two words",
            "Ready",
            " ready",
            "ready\r",
            "response",
            "response ",
            "response 0",
            "response x",
            "response +1",
            "response -1",
            "response 1 ",
            "response 1 2",
            "response 18446744073709551616",
            "error",
            "error 1",
            "error 1 ",
            "error 1 a b",
            "error x y",
            "init-error",
            "init-error two words",
            "stream 1",
            "chunk 1",
            "chunk 1 ",
            "chunk 1 x",
            "end 1",
            "event 1",
        ] {
            assert_eq!(Line::parse(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(Line::parse(b"response \xff"), None);
    }
}
