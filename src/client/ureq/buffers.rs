//! The buffers of a connection: what was read and not yet used, and what is to be sent.

use ureq::unversioned::transport::Buffers;

/// Room for a piece of a request, in bytes: a head, or a part of a body.
const OUTPUT: usize = 4 * 1024;
/// Room for a reply, in bytes. A longer head enlarges it: ureq parses a head as a whole.
const INPUT: usize = 8 * 1024;
/// A request that is longer than this is sent in pieces.
const PENDING: usize = 16 * OUTPUT;

/// ureq writes straight behind what is to be sent, so that nothing is copied, and head and body lie
/// together for one write.
#[derive(Debug, Default)]
pub(super) struct Pending {
    output: Vec<u8>,
    pending: usize,
    input: Vec<u8>,
    start: usize,
    end: usize,
    /// The last look at the input used some of it.
    progress: bool,
}

impl Pending {
    /// Adds what ureq has just written to what is to be sent; whether that is enough for a write.
    pub(super) fn add(&mut self, amount: usize) -> bool {
        self.pending += amount;
        self.pending > PENDING
    }

    pub(super) fn pending(&self) -> &[u8] {
        &self.output[..self.pending]
    }

    pub(super) fn sent(&mut self) {
        self.pending = 0;
    }

    fn make_room(&mut self) {
        if self.output.len() < self.pending + OUTPUT {
            self.output.resize(self.pending + OUTPUT, 0);
        }
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        if self.end == self.input.len() && self.start > 0 {
            self.input.copy_within(self.start.., 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.input.len() {
            self.input.resize((self.end * 2).max(INPUT), 0);
        }
    }
}

impl Buffers for Pending {
    fn output(&mut self) -> &mut [u8] {
        self.make_room();
        &mut self.output[self.pending..]
    }

    fn input(&self) -> &[u8] {
        &self.input[self.start..self.end]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.make_room();
        &mut self.input[self.end..]
    }

    fn input_appended(&mut self, amount: usize) {
        self.end += amount;
    }

    fn input_consume(&mut self, amount: usize) {
        self.start += amount;
        self.progress = amount > 0;
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.make_room();
        (
            &mut self.input[self.end..],
            &mut self.output[self.pending..],
        )
    }

    fn can_use_input(&self) -> bool {
        self.start < self.end && self.progress
    }
}
