//! What to do with one request.

use super::Call;
use crate::http::Reply;

/// How one request is treated. Made from a [`Reply`] (`Step::from(reply)`, `reply.into()`) or by
/// one of the functions that answer nothing, then changed by the builders.
#[derive(Clone, Debug)]
pub struct Step {
    pub(super) only: Option<Call>,
    pub(super) reads: Reads,
    pub(super) listener: Option<Listener>,
    pub(super) interim: Vec<u8>,
    pub(super) reply: Vec<u8>,
    pub(super) delivery: Delivery,
    pub(super) awaits_reader: bool,
    pub(super) after: After,
}

/// How much of the request is read before the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    Nothing,
    Head,
    All,
}

/// What happens to the listening socket, before the reply is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listener {
    Close,
    Reopen,
}

#[derive(Clone, Debug)]
pub(super) enum Delivery {
    Whole,
    Split(Vec<usize>),
    Dribble,
}

/// What happens to the connection behind the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    Keep,
    Close,
    Reset,
    Park,
}

impl From<Reply> for Step {
    fn from(reply: Reply) -> Step {
        Step::answer(&reply)
    }
}

impl Step {
    /// Reads the whole request, answers with one write, keeps the connection.
    #[must_use]
    pub fn answer(reply: &Reply) -> Step {
        Step {
            only: None,
            reads: Reads::All,
            listener: None,
            interim: Vec::new(),
            reply: reply.to_bytes(),
            delivery: Delivery::Whole,
            awaits_reader: false,
            after: After::Keep,
        }
    }

    fn silent(reads: Reads, after: After) -> Step {
        Step {
            reads,
            after,
            ..Step::answer(&Reply::raw(""))
        }
    }

    /// Closes without reading: a new connection at once after it was accepted, a kept one at
    /// once after its last answer. Nothing is recorded. When the client was quicker and its
    /// request is already there, it sees a reset. A request that was read before this step came
    /// to the head of the list is recorded without its body, and closed on.
    #[must_use]
    pub fn close_unread() -> Step {
        Step::silent(Reads::Nothing, After::Close)
    }

    /// Closes when the head was read; with a body on the wire the client may see a reset.
    #[must_use]
    pub fn close_after_head() -> Step {
        Step::silent(Reads::Head, After::Close)
    }

    /// Reads the whole request, then closes without a byte of an answer.
    #[must_use]
    pub fn close_after_request() -> Step {
        Step::silent(Reads::All, After::Close)
    }

    /// Reads the whole request, then resets the connection without a byte of an answer.
    #[must_use]
    pub fn reset() -> Step {
        Step::silent(Reads::All, After::Reset)
    }

    /// Reads the whole request and never answers; the connection stays open until the
    /// [`super::Scripted`] is dropped.
    #[must_use]
    pub fn park() -> Step {
        Step::silent(Reads::All, After::Park)
    }

    /// Takes only requests that make this call. A request takes the first step in the list that
    /// fits, so concurrent pollers and posts can be told apart.
    #[must_use]
    pub fn only(mut self, call: Call) -> Step {
        self.only = Some(call);
        self
    }

    /// Writes the answer in pieces that end at these offsets (ascending; others are ignored),
    /// with a moment between, so that the client's reads see them one by one as far as the
    /// kernel's scheduling allows.
    #[must_use]
    pub fn split_at(mut self, offsets: &[usize]) -> Step {
        self.delivery = Delivery::Split(offsets.to_vec());
        self
    }

    /// Writes the answer one byte a write.
    #[must_use]
    pub fn dribble(mut self) -> Step {
        self.delivery = Delivery::Dribble;
        self
    }

    /// Writes only the first `count` bytes of the answer, then closes (or what a later
    /// `then_…` says).
    #[must_use]
    pub fn cut_at(mut self, count: usize) -> Step {
        self.reply.truncate(count);
        self.then_close()
    }

    /// Answers when the head was read, before the body; the body is read and dropped
    /// afterwards, and recorded as not read.
    #[must_use]
    pub fn before_body(mut self) -> Step {
        self.reads = Reads::Head;
        self
    }

    /// Writes these bytes, interim replies for instance, as soon as the head was read, and the answer after them.
    #[must_use]
    pub fn after_interim(mut self, interim: impl Into<Vec<u8>>) -> Step {
        self.interim = interim.into();
        self
    }

    /// Closes behind the answer. No `Connection: close` is added; do so on the reply if the
    /// client shall know.
    #[must_use]
    pub fn then_close(mut self) -> Step {
        self.after = After::Close;
        self
    }

    /// Resets the connection behind the answer, which may destroy what the client has not read.
    #[must_use]
    pub fn then_reset(mut self) -> Step {
        self.after = After::Reset;
        self
    }

    /// Waits until the client has read the answer before what happens behind it: a reset then
    /// destroys nothing. For connections over IPv4 on this machine.
    #[must_use]
    pub fn once_read(mut self) -> Step {
        self.awaits_reader = true;
        self
    }

    /// Keeps the connection behind the answer, but never reads or writes it again.
    #[must_use]
    pub fn then_park(mut self) -> Step {
        self.after = After::Park;
        self
    }

    /// Closes the listening socket before the answer is written: connections stay, new ones are
    /// refused.
    #[must_use]
    pub fn closing_listener(mut self) -> Step {
        self.listener = Some(Listener::Close);
        self
    }

    /// Opens the listening socket again, on the same port, before the answer is written.
    #[must_use]
    pub fn reopening_listener(mut self) -> Step {
        self.listener = Some(Listener::Reopen);
        self
    }
}
