//! The lines of the worker protocol, version 1; layer/PROTOCOL.md says what they mean.

use std::ffi::CStr;
use std::mem;

use crate::decimal;
use crate::error::When;
use crate::process::content_type;

/// The variable that tells workers the version.
pub(crate) const VERSION_VARIABLE: &CStr = c"COLDSPARK_PROTOCOL=1";

/// The longest line of the protocol, with its end, in bytes.
pub(crate) const MAX_LINE: usize = 512;

/// Room for the line that hands over a task.
const TASK_LINE_CAPACITY: usize = 32;

/// The first of a worker's five descriptors, which follow each other: lines for it, lines from it, the event, its
/// response, the context.
pub(crate) const FIRST_DESCRIPTOR: i32 = 3;

/// Events have smaller numbers, which a double-precision number holds exactly: JavaScript has no others.
const EVENT_NUMBERS: u64 = 1 << 53;

/// The number of an event, from random bits. An answer that was written before its event was handed
/// over has to guess it.
pub(crate) fn event_number(random: u64) -> u64 {
    1 + random % (EVENT_NUMBERS - 1)
}

/// A hook around a SnapStart snapshot, for workers that have asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    BeforeSnapshot,
    AfterRestore,
}

impl Hook {
    /// The line for the worker; it is also the word by which a worker asks for the hook.
    pub(crate) fn line(self) -> &'static str {
        match self {
            Self::BeforeSnapshot => "before-snapshot",
            Self::AfterRestore => "after-restore",
        }
    }

    /// The same for the error of a process that fails then.
    pub(crate) fn when(self) -> When {
        match self {
            Self::BeforeSnapshot => When::BeforeSnapshot,
            Self::AfterRestore => When::AfterRestore,
        }
    }
}

/// What a worker is asked to do. Its answer names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// The event of this number is to be answered.
    Event(u64),
    /// A hook is to be run.
    Hook(Hook),
}

impl Task {
    /// The line that hands it over.
    pub(crate) fn line(self) -> String {
        let mut line = String::with_capacity(TASK_LINE_CAPACITY);
        match self {
            Self::Event(number) => {
                line.push_str("event ");
                decimal::push(&mut line, number);
            }
            Self::Hook(hook) => line.push_str(hook.line()),
        }
        line.push('\n');
        line
    }
}

/// What a worker has asked for in its line `ready`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Requests {
    pub(crate) before_snapshot: bool,
    pub(crate) after_restore: bool,
    /// A line when the bytes of a chunk were sent.
    pub(crate) sent: bool,
    /// SIGTERM from Lambda, so that its lines end before the environment does.
    pub(crate) shutdown: bool,
    /// Events without a random seed.
    pub(crate) no_seed: bool,
}

impl Requests {
    /// The words behind `ready`, each at most once.
    fn parse(words: &str) -> Option<Self> {
        let mut requests = Self::default();
        for word in words.split(' ') {
            let request = match word {
                "before-snapshot" => &mut requests.before_snapshot,
                "after-restore" => &mut requests.after_restore,
                "sent" => &mut requests.sent,
                "shutdown" => &mut requests.shutdown,
                "no-seed" => &mut requests.no_seed,
                _ => return None,
            };
            if mem::replace(request, true) {
                return None;
            }
        }
        Some(requests)
    }

    /// Whether the worker has asked for this hook.
    pub(crate) fn include(self, hook: Hook) -> bool {
        match hook {
            Hook::BeforeSnapshot => self.before_snapshot,
            Hook::AfterRestore => self.after_restore,
        }
    }
}

/// A line from a worker.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    Ready {
        requests: Requests,
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
    HookDone,
    HookError {
        error_type: &'a str,
    },
}

impl<'a> Line<'a> {
    /// Whether it is about this task.
    pub(crate) fn is_for(&self, task: Task) -> bool {
        match self {
            Self::Response { event } | Self::Chunk { event, .. } | Self::Error { event, .. } => {
                task == Task::Event(*event)
            }
            Self::HookDone | Self::HookError { .. } => matches!(task, Task::Hook(_)),
            Self::Ready { .. } | Self::InitError { .. } => false,
        }
    }

    /// Parses a line without its end.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        Some(match word {
            "ready" => Self::Ready {
                requests: if line == word {
                    Requests::default()
                } else {
                    Requests::parse(rest)?
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
                    length: decimal::parse(length)?,
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
            "done" if line == word => Self::HookDone,
            "hook-error" => Self::HookError {
                error_type: error_type(rest)?,
            },
            _ => return None,
        })
    }
}

/// The number of an event, which is never 0.
fn number(text: &str) -> Option<u64> {
    decimal::parse(text).filter(|number| *number != 0)
}

/// One word: it also stands in a header.
fn error_type(text: &str) -> Option<&str> {
    let word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    word.then_some(text)
}

/// The line that says that the bytes of a chunk were sent.
pub(crate) fn sent(number: u64) -> String {
    format!("sent {number}\n")
}

#[cfg(test)]
mod tests;
