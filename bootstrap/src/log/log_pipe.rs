//! One of the two pipes of the log: what has come through it, and how it is written.

use std::os::fd::{AsFd, OwnedFd};

use coldspark::{Context, internal};

use crate::sys::pipe::ReadBudget;

/// How much is read at once.
const READ_SIZE: usize = 16 * 1024;
/// A longer line is written in parts; with several pollers, and in JSON, each part is a line of its own.
const MAX_LINE: usize = 64 * 1024;
/// In JSON, what may be an object stays one line up to what CloudWatch Logs takes as one event.
const MAX_JSON_LINE: usize = 1024 * 1024;
/// How many bytes of standard error are kept for the report of a failure. With them an error still fits into the
/// trailers of a response (layer/PROTOCOL.md, "Errors").
const MAX_STDERR: usize = 1792;
/// How many of them are from its beginning, where many language runtimes name the error before they print a stack.
/// The rest are from its end, where others name it.
const STDERR_BEGINNING: usize = 512;
/// The mark between the two parts where something was left out. It replaces the last bytes of the first part.
const GAP: &[u8; 5] = b"\n... ";

/// One of the two pipes: what has come through it and is not written yet.
pub(crate) struct LogPipe {
    /// Where its lines go: this process's standard output (1) or error (2).
    target: i32,
    /// Whether other logs are written there too, whose lines may come in between.
    shared: bool,
    pending: Vec<u8>,
    /// Whether the last line that was written has no end yet.
    line_is_open: bool,
    /// The beginning and the end of what was read from standard error.
    stderr: Vec<u8>,
    /// What JSON lines are made with; `None` when the log's format is text.
    json: Option<Json>,
}

#[derive(Default)]
struct Json {
    request_id: String,
    tenant_id: String,
    lines: Vec<u8>,
}

impl LogPipe {
    pub(crate) fn new(target: i32, json: bool, shared: bool) -> Self {
        Self {
            target,
            shared,
            pending: Vec::new(),
            line_is_open: false,
            stderr: Vec::new(),
            json: json.then(Json::default),
        }
    }

    /// Takes the ids of an event, which JSON lines have from now on.
    pub(crate) fn set_event<S>(&mut self, context: &Context<'_, S>) {
        if let Some(json) = &mut self.json {
            context.request_id().clone_into(&mut json.request_id);
            let tenant_id = context.tenant_id().unwrap_or_default();
            tenant_id.clone_into(&mut json.tenant_id);
        }
    }

    /// Forgets what was kept of standard error, which belongs to an earlier event.
    pub(crate) fn forget_stderr(&mut self) {
        self.stderr.clear();
    }

    /// Reads what is there, and writes its whole lines.
    pub(crate) fn read(&mut self, pipe: &OwnedFd) {
        let mut budget = ReadBudget::new();
        loop {
            self.pending.reserve(READ_SIZE);
            let start = self.pending.len();
            // After an error nothing more can be read.
            let Some(Ok(_)) = budget.read(pipe.as_fd(), &mut self.pending) else {
                return;
            };
            self.keep_stderr(start);
            self.write_lines(start);
        }
    }

    /// Keeps the beginning and the end of what was read, from this byte on, if it is standard error.
    fn keep_stderr(&mut self, start: usize) {
        if self.target != 2 {
            return;
        }
        for piece in self.pending[start..].chunks(STDERR_BEGINNING) {
            self.stderr.extend_from_slice(piece);
            if let Some(over @ 1..) = self.stderr.len().checked_sub(MAX_STDERR) {
                self.stderr.drain(STDERR_BEGINNING..STDERR_BEGINNING + over);
                self.stderr[STDERR_BEGINNING - GAP.len()..STDERR_BEGINNING].copy_from_slice(GAP);
            }
        }
    }

    /// Writes all whole lines with one call; there is no end of a line before `start`.
    fn write_lines(&mut self, start: usize) {
        let end = self.pending[start..]
            .iter()
            .rposition(|byte| *byte == b'\n');
        let whole = match end {
            Some(end) => start + end + 1,
            None if self.pending.len() >= self.max_line() => {
                let part = self.part_length();
                if self.shared && self.json.is_none() {
                    // Otherwise another's line would be taken for the rest of this one.
                    self.pending.insert(part, b'\n');
                    part + 1
                } else {
                    part
                }
            }
            None => return,
        };
        self.write(whole);
    }

    /// The length from which a line is written in parts.
    fn max_line(&self) -> usize {
        if self.json.is_some() && self.pending.trim_ascii_start().starts_with(b"{") {
            MAX_JSON_LINE
        } else {
            MAX_LINE
        }
    }

    /// How much of a line that is too long is written. Where parts become lines, no character is divided.
    fn part_length(&self) -> usize {
        let length = self.pending.len();
        if self.json.is_none() && !self.shared {
            return length;
        }
        let last = &self.pending[length - 4..];
        let start = last.iter().rposition(|byte| *byte & 0xc0 != 0x80);
        let divided = start.filter(|start| match last[*start] {
            0xf0.. => *start > 0,
            0xe0.. => *start > 1,
            0xc0.. => *start > 2,
            _ => false,
        });
        length - divided.map_or(0, |start| 4 - start)
    }

    /// Writes that many bytes of what is pending: whole lines, or a part of one.
    fn write(&mut self, whole: usize) {
        let bytes = &self.pending[..whole];
        match &mut self.json {
            None => {
                internal::write_line(self.target, bytes);
                self.line_is_open = !bytes.ends_with(b"\n");
            }
            Some(json) => {
                let ids = [&*json.request_id, &*json.tenant_id];
                for line in bytes
                    .strip_suffix(b"\n")
                    .unwrap_or(bytes)
                    .split(|b| *b == b'\n')
                {
                    internal::wrap(&mut json.lines, line, ids);
                }
                internal::write_line(self.target, &json.lines);
                json.lines.clear();
            }
        }
        self.pending.drain(..whole);
    }

    /// Ends a line that has no end yet: what comes next is another event's, and begins a new line.
    pub(crate) fn end_line(&mut self) {
        if self.line_is_open || !self.pending.is_empty() {
            self.pending.push(b'\n');
            self.write(self.pending.len());
        }
    }

    /// What the report of a failure shows of standard error: everything, or its beginning and its end.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(self.stderr.trim_ascii_end()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    fn printed(pieces: &[&str]) -> LogPipe {
        let mut printed = LogPipe::new(2, false, false);
        for piece in pieces {
            let start = printed.pending.len();
            printed.pending.extend_from_slice(piece.as_bytes());
            printed.keep_stderr(start);
        }
        printed
    }

    fn lines(numbers: Range<usize>) -> String {
        numbers.map(|number| format!("line {number}\n")).collect()
    }

    #[test]
    fn a_short_text_is_shown_whole() {
        assert_eq!(printed(&[""]).stderr(), "");
        assert_eq!(printed(&["one\n", "two\n\n"]).stderr(), "one\ntwo");
        let whole = lines(0..200);
        assert!(whole.len() > STDERR_BEGINNING + 1000 && whole.len() <= MAX_STDERR);
        assert_eq!(printed(&[&whole]).stderr(), whole.trim_end());
        let full = "x".repeat(MAX_STDERR);
        assert_eq!(printed(&[&full]).stderr(), full);
    }

    #[test]
    fn of_a_long_text_the_beginning_and_the_end_are_shown() {
        let whole = lines(0..2000);
        let pieces: Vec<String> = (0..100).map(|at| lines(at * 20..at * 20 + 20)).collect();
        let pieces: Vec<&str> = pieces.iter().map(|piece| &**piece).collect();
        let bytes: Vec<&str> = whole.split_inclusive(|_| true).collect();
        let first = &whole[..STDERR_BEGINNING - GAP.len()];
        let last = &whole[whole.len() - (MAX_STDERR - STDERR_BEGINNING)..];
        let expected = format!("{first}\n... {}", last.trim_end());
        for pieces in [
            &pieces,
            &bytes,
            &[&*whole][..],
            &[&whole[..STDERR_BEGINNING], &whole[STDERR_BEGINNING..]],
        ] {
            assert_eq!(printed(pieces).stderr(), expected);
        }
    }

    #[test]
    fn what_an_earlier_event_printed_is_forgotten() {
        let mut printed = printed(&[&lines(0..2000)]);
        printed.forget_stderr();
        let start = printed.pending.len();
        printed.pending.extend_from_slice(b"new\n");
        printed.keep_stderr(start);
        assert_eq!(printed.stderr(), "new");
    }

    #[test]
    fn a_long_line_is_parted_between_characters() {
        for (text, expected) in [
            (&b"abcd"[..], 4),
            ("abc\u{e9}".as_bytes(), 5),
            (&"abc\u{e9}".as_bytes()[..4], 3),
            ("abc\u{20ac}".as_bytes(), 6),
            (&"abc\u{20ac}".as_bytes()[..5], 3),
            ("abc\u{1f980}".as_bytes(), 7),
            (&"abc\u{1f980}".as_bytes()[..6], 3),
            (&[0x80; 9], 9),
            (b"abc\xff", 3),
        ] {
            let mut printed = printed(&[]);
            printed.pending = text.to_vec();
            assert_eq!(printed.part_length(), text.len());
            printed.shared = true;
            assert_eq!(printed.part_length(), expected, "{text:?}");
            printed.shared = false;
            printed.json = Some(Json::default());
            assert_eq!(printed.part_length(), expected, "{text:?}");
        }
    }
}
