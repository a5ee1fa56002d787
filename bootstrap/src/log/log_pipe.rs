//! One of the two pipes of the log: what has come through it, and how it is written.

use std::os::fd::{AsFd, OwnedFd};

use coldspark::{Context, internal};

use crate::sys::pipe::ReadBudget;

const PIECE: usize = 16 * 1024;
/// A longer line is written in parts; with several pollers, and in JSON, each is a line of its own.
const LONGEST: usize = 64 * 1024;
/// In JSON, what may become an object is kept whole up to what CloudWatch Logs takes as one event.
const LONGEST_JSON: usize = 1024 * 1024;
/// How many bytes of standard error are kept for the report of a failure. With them an error still fits into the
/// trailers of a response (layer/PROTOCOL.md, "Errors").
const KEPT: usize = 1792;
/// How many of them are of its beginning, where many engines name the error before they print a stack. The rest are
/// of its end, where others do.
const FIRST: usize = 512;
/// What stands between the two where something was left out, at the end of the first.
const GAP: &[u8; 5] = b"\n... ";

/// What has come through one of the pipes and is not written yet.
pub(crate) struct LogPipe {
    /// Where it goes: this process's standard output or error.
    target: i32,
    /// Whether other logs are written to the same place, whose lines may come in between.
    shared: bool,
    pending: Vec<u8>,
    /// Whether the last bytes that were written are a part of a line.
    torn: bool,
    /// The beginning and the end of what was read from standard error.
    kept: Vec<u8>,
    /// `None` when the log's format is text.
    json: Option<Json>,
}

/// What JSON lines are made with.
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
            torn: false,
            kept: Vec::new(),
            json: json.then(Json::default),
        }
    }

    /// Takes the ids of an event, which JSON lines have from now on.
    pub(crate) fn belongs_to<S>(&mut self, context: &Context<'_, S>) {
        if let Some(json) = &mut self.json {
            context.request_id().clone_into(&mut json.request_id);
            let tenant_id = context.tenant_id().unwrap_or_default();
            tenant_id.clone_into(&mut json.tenant_id);
        }
    }

    /// Forgets what was kept of standard error, which belongs to an earlier event.
    pub(crate) fn forget(&mut self) {
        self.kept.clear();
    }

    /// Reads what is there, and writes its whole lines.
    pub(crate) fn read(&mut self, pipe: &OwnedFd) {
        let mut budget = ReadBudget::new();
        loop {
            self.pending.reserve(PIECE);
            let start = self.pending.len();
            // After an error nothing more can be read.
            let Some(Ok(_)) = budget.read(pipe.as_fd(), &mut self.pending) else {
                return;
            };
            self.remember(start);
            self.write_lines(start);
        }
    }

    /// Keeps the beginning and the end of what was read, from this byte on, if it is standard error.
    fn remember(&mut self, start: usize) {
        if self.target != 2 {
            return;
        }
        for piece in self.pending[start..].chunks(FIRST) {
            self.kept.extend_from_slice(piece);
            if let Some(over @ 1..) = self.kept.len().checked_sub(KEPT) {
                self.kept.drain(FIRST..FIRST + over);
                self.kept[FIRST - GAP.len()..FIRST].copy_from_slice(GAP);
            }
        }
    }

    /// Writes all whole lines with one call; `start` is where the last look ended.
    fn write_lines(&mut self, start: usize) {
        let end = self.pending[start..]
            .iter()
            .rposition(|byte| *byte == b'\n');
        let whole = match end {
            Some(end) => start + end + 1,
            None if self.pending.len() >= self.longest() => {
                let part = self.part();
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

    fn longest(&self) -> usize {
        if self.json.is_some() && self.pending.trim_ascii_start().starts_with(b"{") {
            LONGEST_JSON
        } else {
            LONGEST
        }
    }

    /// How much of a line that is too long is written. Where parts become lines, a character is not
    /// torn apart.
    fn part(&self) -> usize {
        let length = self.pending.len();
        if self.json.is_none() && !self.shared {
            return length;
        }
        let last = &self.pending[length - 4..];
        let start = last.iter().rposition(|byte| *byte & 0xc0 != 0x80);
        let torn = start.filter(|start| match last[*start] {
            0xf0.. => *start > 0,
            0xe0.. => *start > 1,
            0xc0.. => *start > 2,
            _ => false,
        });
        length - torn.map_or(0, |start| 4 - start)
    }

    /// Writes that many bytes of what is pending: whole lines, or a part of one.
    fn write(&mut self, whole: usize) {
        let bytes = &self.pending[..whole];
        match &mut self.json {
            None => {
                internal::write_line(self.target, bytes);
                self.torn = !bytes.ends_with(b"\n");
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

    /// Ends a line that has no end yet: what comes is another event's, and begins a new one.
    pub(crate) fn close(&mut self) {
        if self.torn || !self.pending.is_empty() {
            self.pending.push(b'\n');
            self.write(self.pending.len());
        }
    }

    /// What the report of a failure shows of standard error: everything, or its beginning and its end.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(self.kept.trim_ascii_end()).into_owned()
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
            printed.remember(start);
        }
        printed
    }

    fn lines(numbers: Range<usize>) -> String {
        numbers.map(|number| format!("line {number}\n")).collect()
    }

    #[test]
    fn a_short_text_is_shown_whole() {
        assert_eq!(printed(&[""]).shown(), "");
        assert_eq!(printed(&["one\n", "two\n\n"]).shown(), "one\ntwo");
        let whole = lines(0..200);
        assert!(whole.len() > FIRST + 1000 && whole.len() <= KEPT);
        assert_eq!(printed(&[&whole]).shown(), whole.trim_end());
        let full = "x".repeat(KEPT);
        assert_eq!(printed(&[&full]).shown(), full);
    }

    #[test]
    fn of_a_long_text_the_beginning_and_the_end_are_shown() {
        let whole = lines(0..2000);
        let pieces: Vec<String> = (0..100).map(|at| lines(at * 20..at * 20 + 20)).collect();
        let pieces: Vec<&str> = pieces.iter().map(|piece| &**piece).collect();
        let bytes: Vec<&str> = whole.split_inclusive(|_| true).collect();
        let first = &whole[..FIRST - GAP.len()];
        let last = &whole[whole.len() - (KEPT - FIRST)..];
        let expected = format!("{first}\n... {}", last.trim_end());
        for pieces in [
            &pieces,
            &bytes,
            &[&*whole][..],
            &[&whole[..FIRST], &whole[FIRST..]],
        ] {
            assert_eq!(printed(pieces).shown(), expected);
        }
    }

    #[test]
    fn what_an_earlier_event_printed_is_forgotten() {
        let mut printed = printed(&[&lines(0..2000)]);
        printed.forget();
        let start = printed.pending.len();
        printed.pending.extend_from_slice(b"new\n");
        printed.remember(start);
        assert_eq!(printed.shown(), "new");
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
            assert_eq!(printed.part(), text.len());
            printed.shared = true;
            assert_eq!(printed.part(), expected, "{text:?}");
            printed.shared = false;
            printed.json = Some(Json::default());
            assert_eq!(printed.part(), expected, "{text:?}");
        }
    }
}
