//! The state machine of the Runtime API: which call is allowed when, and its effect on the invocations.
//! It has no sockets.

use std::collections::{HashMap, VecDeque};
use std::process::ExitStatus;
use std::time::Instant;

use super::extensions::Extensions;
use super::in_hand::{InHand, Queued};
use super::outcome::{Finished, Init, Invocation, Outcome, Sink};
use super::over::Over;
use super::refusal::{LATE, NOT_NOW, Refusal};
use crate::http::Reply;

#[derive(Debug)]
pub(super) struct State {
    pub(super) init: Init,
    /// Whether the runtime called `next`.
    polled: bool,
    pub(super) extensions: Extensions,
    /// Behind a response mode that is refused the platform refuses everything until the timeout.
    refuses_everything: bool,
    pub(super) at_restore: bool,
    pub(super) restored: bool,
    pub(super) stopping: bool,
    concurrency: usize,
    function_arn: String,
    tickets: u64,
    queue: VecDeque<Queued>,
    /// By their request ids.
    in_hand: HashMap<String, InHand>,
    /// Further hand-outs of events that were handed out already.
    copies: VecDeque<(String, Reply)>,
    over: Over,
    finished: HashMap<u64, Finished>,
}

impl State {
    pub(super) fn new(concurrency: usize, function_arn: String, external: Vec<String>) -> State {
        State {
            init: Init::Starting,
            polled: false,
            extensions: Extensions::new(external),
            refuses_everything: false,
            at_restore: false,
            restored: false,
            stopping: false,
            concurrency,
            function_arn,
            tickets: 0,
            queue: VecDeque::new(),
            in_hand: HashMap::new(),
            copies: VecDeque::new(),
            over: Over::default(),
            finished: HashMap::new(),
        }
    }

    /// Queues an invocation; `nonce` is its invocation id.
    pub(super) fn submit(&mut self, mut invocation: Invocation, id: String, nonce: String) -> u64 {
        self.tickets += 1;
        invocation.request_id = Some(id);
        self.queue.push_back(Queued {
            ticket: self.tickets,
            invocation,
            nonce,
        });
        self.fail_queue();
        self.tickets
    }

    /// The result of a ticket, once.
    pub(super) fn collect(&mut self, ticket: u64) -> Option<Finished> {
        self.finished.remove(&ticket)
    }

    /// When the ticket's invocation times out, if it was handed out.
    pub(super) fn times_out_at(&self, ticket: u64) -> Option<Instant> {
        let mut in_hand = self.in_hand.values();
        let found = in_hand.find(|in_hand| in_hand.ticket == ticket);
        found.map(InHand::times_out_at)
    }

    /// Gives an invocation up as timed out.
    pub(super) fn expire(&mut self, ticket: u64) {
        let mut in_hand = self.in_hand.iter();
        let found = in_hand.find(|(_, in_hand)| in_hand.ticket == ticket);
        if let Some(id) = found.map(|(id, _)| id.clone()) {
            self.finish(&id, Outcome::Timeout, None);
        } else if let Some(at) = self.queue.iter().position(|queued| queued.ticket == ticket) {
            if let Some(queued) = self.queue.remove(at) {
                self.finish_queued(queued, Outcome::Timeout);
            }
        }
    }

    /// A `next` was read: ends the init phase, and gives the event that is in hand already, if there is one.
    pub(super) fn next_was_called(&mut self, at: Instant) -> Result<Option<Reply>, Refusal> {
        if matches!(self.init, Init::Failed(_)) || self.refuses_everything {
            return Err(NOT_NOW);
        }
        self.polled = true;
        self.end_init_if_ready(at);
        if self.concurrency > 1 || self.in_hand.is_empty() {
            return Ok(None);
        }
        let again = self.in_hand.values().next();
        if again.is_some_and(|in_hand| in_hand.answering) {
            return Err(NOT_NOW);
        }
        Ok(again.map(|in_hand| in_hand.event(&self.function_arn)))
    }

    /// Ends the init phase if the runtime and all extensions have asked for an event.
    fn end_init_if_ready(&mut self, at: Instant) {
        if self.init == Init::Starting && self.polled && self.extensions.are_ready() {
            self.init = Init::Ready(at);
        }
    }

    /// An extension registers; gives its id.
    pub(super) fn register(
        &mut self,
        name: Option<&str>,
        body: &[u8],
        id: String,
    ) -> Result<String, Refusal> {
        let closed = self.polled || self.at_restore || self.init != Init::Starting;
        let registered = self.extensions.register(name, body, &id, closed);
        registered.map(|()| id)
    }

    /// An extension asks for its next event, for the first time perhaps.
    pub(super) fn extension_asks(&mut self, id: Option<&str>, at: Instant) -> Result<(), Refusal> {
        self.extensions
            .asks(id)
            .map(|()| self.end_init_if_ready(at))
    }

    /// The next event for a waiting poll, if there is one, with its request id.
    pub(super) fn hand_out(&mut self) -> Option<(String, Reply)> {
        if self.in_hand.len() >= self.concurrency || !self.extensions.are_ready() {
            return None;
        }
        if let Some(copy) = self.copies.pop_front() {
            return Some(copy);
        }
        let free =
            |id: &Option<String>| id.as_ref().is_some_and(|id| !self.in_hand.contains_key(id));
        let mut queue = self.queue.iter();
        let at = queue.position(|queued| free(&queued.invocation.request_id))?;
        let queued = self.queue.remove(at)?;
        let id = queued.invocation.request_id.clone()?;
        let in_hand = InHand::new(queued);
        let reply = in_hand.event(&self.function_arn);
        for _ in 1..in_hand.invocation.hand_outs {
            self.copies.push_back((id.clone(), reply.clone()));
        }
        self.extensions.invoked(&in_hand, &self.function_arn);
        self.in_hand.insert(id.clone(), in_hand);
        Some((id, reply))
    }

    pub(super) fn event_was_sent(&mut self, id: &str, at: Instant) {
        if let Some(in_hand) = self.in_hand.get_mut(id) {
            in_hand.sent.get_or_insert(at);
        }
    }

    /// The head of a `response` or `error` was read.
    pub(super) fn begin_answer(&mut self, id: &str, nonce: Option<&str>) -> Result<(), Refusal> {
        if self.refuses_everything || !matches!(self.init, Init::Ready(_)) {
            return Err(NOT_NOW);
        }
        if let Some(in_hand) = self.in_hand.get_mut(id) {
            return match nonce {
                Some(nonce) if nonce != in_hand.nonce => Err(LATE),
                _ if in_hand.answering => Err(NOT_NOW),
                _ => {
                    in_hand.answering = true;
                    Ok(())
                }
            };
        }
        Err(self.over.refusal(id, nonce))
    }

    /// The answer was read to its end; refused when it had been given up meanwhile.
    pub(super) fn end_answer(
        &mut self,
        id: &str,
        outcome: Outcome,
        at: Instant,
        chunks: Vec<(Instant, usize)>,
    ) -> Result<(), Refusal> {
        let answering = self
            .in_hand
            .get(id)
            .is_some_and(|in_hand| in_hand.answering);
        answering
            .then(|| self.finish(id, outcome, Some((at, chunks))))
            .ok_or(LATE)
    }

    /// Whether there is nothing to do for the process until the next event.
    pub(super) fn is_idle(&self) -> bool {
        self.in_hand.is_empty() && self.queue.is_empty() && self.copies.is_empty()
    }

    /// Where the streamed response to this invocation goes.
    pub(super) fn sink(&self, id: &str) -> Option<Sink> {
        self.in_hand.get(id)?.invocation.sink.clone()
    }

    pub(super) fn refuse_everything(&mut self) {
        self.refuses_everything = true;
    }

    /// An init or restore error was posted.
    pub(super) fn init_failed(&mut self, outcome: Outcome) -> Result<(), Refusal> {
        if self.init != Init::Starting || self.polled {
            return Err(NOT_NOW);
        }
        self.init = Init::Failed(outcome);
        self.fail_queue();
        Ok(())
    }

    /// The process ended: so do the invocations it had.
    pub(super) fn exited(&mut self, status: ExitStatus) {
        let started = matches!(self.init, Init::Ready(_));
        for id in self.in_hand.keys().cloned().collect::<Vec<_>>() {
            self.finish(&id, Outcome::Exited { status }, None);
        }
        if !matches!(self.init, Init::Failed(_)) {
            self.init = Init::Exited(status);
        }
        if !started {
            self.fail_queue();
        }
    }

    /// Back to the init phase, for a new process; what was in hand has timed out.
    pub(super) fn reset(&mut self) {
        for id in self.in_hand.keys().cloned().collect::<Vec<_>>() {
            self.finish(&id, Outcome::Timeout, None);
        }
        self.init = Init::Starting;
        self.polled = false;
        self.extensions.clear();
        self.copies.clear();
        (self.refuses_everything, self.at_restore, self.restored) = (false, false, false);
    }

    /// When no process can fetch them, queued invocations end with what ended the process.
    fn fail_queue(&mut self) {
        let outcome = match &self.init {
            Init::Starting | Init::Ready(_) => return,
            Init::Failed(outcome) => outcome.clone(),
            Init::Exited(status) => Outcome::Exited { status: *status },
        };
        for queued in std::mem::take(&mut self.queue) {
            self.finish_queued(queued, outcome.clone());
        }
    }

    fn finish_queued(&mut self, queued: Queued, outcome: Outcome) {
        let finished = Finished {
            request_id: queued.invocation.request_id.unwrap_or_default(),
            outcome,
            event_sent: None,
            response_read: None,
            chunks: Vec::new(),
        };
        self.finished.insert(queued.ticket, finished);
    }

    /// Ends an invocation that is in hand. `response` says when its answer was read, and its chunks.
    fn finish(
        &mut self,
        id: &str,
        outcome: Outcome,
        response: Option<(Instant, Vec<(Instant, usize)>)>,
    ) {
        let Some(in_hand) = self.in_hand.remove(id) else {
            return;
        };
        let answered = response.is_some();
        let (response_read, chunks) = response.unzip();
        self.over.remember(id, in_hand.nonce, answered);
        let finished = Finished {
            request_id: id.to_owned(),
            outcome,
            event_sent: in_hand.sent,
            response_read,
            chunks: chunks.unwrap_or_default(),
        };
        self.finished.insert(in_hand.ticket, finished);
    }
}
