//! A reply of the Runtime API in one reused buffer.

use std::ops::Range;

/// Room for the head and body of a usual event; a larger one grows the buffer once.
const EVENT: usize = 8 * 1024;
/// Room for what says with its status that an answer was taken. In the start-up arena it lies with
/// other small blocks, and touches no page of its own.
const ACKNOWLEDGEMENT: usize = 512;

/// Status, headers and body, all in one buffer that the next exchange reuses.
pub(crate) struct Reply {
    room: usize,
    pub(crate) status: u16,
    pub(crate) bytes: Vec<u8>,
    pub(crate) fields: Vec<Field>,
    pub(crate) body: Range<usize>,
}

/// Where a header stands in the buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: Range<usize>,
    pub(crate) value: Range<usize>,
}

impl Reply {
    /// For the reply to `next`.
    pub(crate) const fn event() -> Self {
        Self::with_room(EVENT)
    }

    /// For the reply to an answer.
    pub(crate) const fn acknowledgement() -> Self {
        Self::with_room(ACKNOWLEDGEMENT)
    }

    const fn with_room(room: usize) -> Self {
        Self {
            room,
            status: 0,
            bytes: Vec::new(),
            fields: Vec::new(),
            body: 0..0,
        }
    }

    /// Empties the reply for the next exchange; nothing of the last one can be read any more.
    pub(crate) fn clear(&mut self) {
        self.status = 0;
        self.bytes.clear();
        self.bytes.reserve(self.room);
        self.fields.clear();
        self.body = 0..0;
    }

    /// The value of the first header of that name, compared without case.
    pub(crate) fn header(&self, name: &str) -> Option<&[u8]> {
        let field = self
            .fields
            .iter()
            .find(|field| same_name(&self.bytes[field.name.clone()], name))?;
        Some(&self.bytes[field.value.clone()])
    }

    /// The body; what had come of it, after an error within it.
    pub(crate) fn body(&self) -> &[u8] {
        &self.bytes[self.body.clone()]
    }
}

/// Whether a header's name is this one, without case. Servers write names as their documentation
/// does, which is found out in a fifth of the time.
pub(super) fn same_name(found: &[u8], name: &str) -> bool {
    let name = name.as_bytes();
    found == name || found.eq_ignore_ascii_case(name)
}
