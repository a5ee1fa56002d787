//! Instants of what happens on the wire, for measuring.

use std::time::Instant;

/// Something that happened on one connection, counted from 1 in order of acceptance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The connection was accepted.
    Accepted(usize),
    /// The head of a `GET next` was read. The first one ends the init phase.
    NextRead(usize),
    /// The answer to `next` is about to be written.
    EventSent(usize),
    /// A `response` or `error` was read to its end.
    ResponseRead(usize),
}

/// Gets each [`Moment`] on the thread that serves the connection, so it must be quick.
/// Closures are observers.
pub trait Observer: Send + Sync {
    /// `moment` happened at `at`.
    fn observe(&self, moment: Moment, at: Instant);
}

impl<F: Fn(Moment, Instant) + Send + Sync> Observer for F {
    fn observe(&self, moment: Moment, at: Instant) {
        self(moment, at);
    }
}
