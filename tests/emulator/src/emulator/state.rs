//! The state machine of the Runtime API: which call is allowed when, and its effect on the invocations.
//! It has no sockets.

use std::collections::{HashMap, VecDeque};
use std::process::ExitStatus;
use std::time::Instant;

use super::extensions::Extensions;
use super::flight::Flight;
use super::outcome::{Finished, Init, Invocation, Outcome, Sink};
use super::past::Past;
use super::refusal::{LATE, NOT_NOW, Refusal};
use crate::http::Reply;

#[derive(Debug)]
pub(super) struct State {
    pub(super) init: Init,
    /// Whether the runtime called `next`.
    polled: bool,
    pub(super) extensions: Extensions,
    /// A refused response mode makes the platform refuse everything until the timeout.
    spoilt: bool,
    pub(super) at_restore: bool,
    pub(super) restored: bool,
    pub(super) stopping: bool,
    concurrency: usize,
    function_arn: String,
    tickets: u64,
    queue: VecDeque<(u64, Invocation, String)>,
    flights: HashMap<String, Flight>,
    /// Further hand-outs of events that were handed out already.
    copies: VecDeque<(String, Reply)>,
    past: Past,
    finished: HashMap<u64, Finished>,
}

impl State {
    pub(super) fn new(concurrency: usize, function_arn: String, external: Vec<String>) -> State {
        State {
            init: Init::Starting,
            polled: false,
            extensions: Extensions::new(external),
            spoilt: false,
            at_restore: false,
            restored: false,
            stopping: false,
            concurrency,
            function_arn,
            tickets: 0,
            queue: VecDeque::new(),
            flights: HashMap::new(),
            copies: VecDeque::new(),
            past: Past::default(),
            finished: HashMap::new(),
        }
    }

    /// Queues an invocation; `nonce` is its invocation id.
    pub(super) fn submit(&mut self, mut invocation: Invocation, id: String, nonce: String) -> u64 {
        self.tickets += 1;
        invocation.request_id = Some(id);
        self.queue.push_back((self.tickets, invocation, nonce));
        self.fail_queue();
        self.tickets
    }

    /// The result of a ticket, once.
    pub(super) fn collect(&mut self, ticket: u64) -> Option<Finished> {
        self.finished.remove(&ticket)
    }

    /// When the ticket's timeout strikes, if it was handed out.
    pub(super) fn limit(&self, ticket: u64) -> Option<Instant> {
        let mut flights = self.flights.values();
        let flight = flights.find(|flight| flight.ticket == ticket);
        flight.map(Flight::limit)
    }

    /// Gives an invocation up as timed out.
    pub(super) fn expire(&mut self, ticket: u64) {
        let mut flights = self.flights.iter();
        let flying = flights.find(|(_, flight)| flight.ticket == ticket);
        if let Some(id) = flying.map(|(id, _)| id.clone()) {
            self.land(&id, Outcome::Timeout, None);
        } else if let Some(at) = self.queue.iter().position(|queued| queued.0 == ticket) {
            if let Some(queued) = self.queue.remove(at) {
                self.finish_queued(queued, Outcome::Timeout);
            }
        }
    }

    /// A `next` was read: ends the init phase, and says what is in flight already.
    pub(super) fn polled(&mut self, at: Instant) -> Result<Option<Reply>, Refusal> {
        if matches!(self.init, Init::Failed(_)) || self.spoilt {
            return Err(NOT_NOW);
        }
        self.polled = true;
        self.settle(at);
        if self.concurrency > 1 || self.flights.is_empty() {
            return Ok(None);
        }
        let again = self.flights.values().next();
        if again.is_some_and(|flight| flight.answering) {
            return Err(NOT_NOW);
        }
        Ok(again.map(|flight| flight.event(&self.function_arn)))
    }

    /// Ends the init phase if the runtime and all extensions have asked for an event.
    fn settle(&mut self, at: Instant) {
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
        self.extensions.asks(id).map(|()| self.settle(at))
    }

    /// The next event for a waiting poll, if there is one, with its request id.
    pub(super) fn hand_out(&mut self) -> Option<(String, Reply)> {
        if self.flights.len() >= self.concurrency || !self.extensions.are_ready() {
            return None;
        }
        if let Some(copy) = self.copies.pop_front() {
            return Some(copy);
        }
        let free =
            |id: &Option<String>| id.as_ref().is_some_and(|id| !self.flights.contains_key(id));
        let at = self
            .queue
            .iter()
            .position(|(_, queued, _)| free(&queued.request_id))?;
        let (ticket, invocation, nonce) = self.queue.remove(at)?;
        let id = invocation.request_id.clone()?;
        let flight = Flight::new(ticket, invocation, nonce);
        let reply = flight.event(&self.function_arn);
        for _ in 1..flight.invocation.hand_outs {
            self.copies.push_back((id.clone(), reply.clone()));
        }
        self.extensions.invoked(&flight, &self.function_arn);
        self.flights.insert(id.clone(), flight);
        Some((id, reply))
    }

    pub(super) fn sent(&mut self, id: &str, at: Instant) {
        if let Some(flight) = self.flights.get_mut(id) {
            flight.sent.get_or_insert(at);
        }
    }

    /// The head of a `response` or `error` was read.
    pub(super) fn answering(&mut self, id: &str, nonce: Option<&str>) -> Result<(), Refusal> {
        if self.spoilt || !matches!(self.init, Init::Ready(_)) {
            return Err(NOT_NOW);
        }
        if let Some(flight) = self.flights.get_mut(id) {
            return match nonce {
                Some(nonce) if nonce != flight.nonce => Err(LATE),
                _ if flight.answering => Err(NOT_NOW),
                _ => {
                    flight.answering = true;
                    Ok(())
                }
            };
        }
        Err(self.past.refusal(id, nonce))
    }

    /// The answer was read to its end; refused when it had been given up meanwhile.
    pub(super) fn answered(
        &mut self,
        id: &str,
        outcome: Outcome,
        at: Instant,
        chunks: Vec<(Instant, usize)>,
    ) -> Result<(), Refusal> {
        let answering = self.flights.get(id).is_some_and(|flight| flight.answering);
        answering
            .then(|| self.land(id, outcome, Some((at, chunks))))
            .ok_or(LATE)
    }

    /// Whether there is nothing to do for the process until the next event.
    pub(super) fn is_idle(&self) -> bool {
        self.flights.is_empty() && self.queue.is_empty() && self.copies.is_empty()
    }

    /// Where the streamed response to this invocation goes.
    pub(super) fn sink(&self, id: &str) -> Option<Sink> {
        self.flights.get(id)?.invocation.sink.clone()
    }

    pub(super) fn spoil(&mut self) {
        self.spoilt = true;
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
        for id in self.flights.keys().cloned().collect::<Vec<_>>() {
            self.land(&id, Outcome::Exited { status }, None);
        }
        if !matches!(self.init, Init::Failed(_)) {
            self.init = Init::Exited(status);
        }
        if !started {
            self.fail_queue();
        }
    }

    /// Back to the init phase, for a new process; what was in flight has timed out.
    pub(super) fn reset(&mut self) {
        for id in self.flights.keys().cloned().collect::<Vec<_>>() {
            self.land(&id, Outcome::Timeout, None);
        }
        self.init = Init::Starting;
        self.polled = false;
        self.extensions.clear();
        self.copies.clear();
        (self.spoilt, self.at_restore, self.restored) = (false, false, false);
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

    fn finish_queued(
        &mut self,
        (ticket, invocation, _): (u64, Invocation, String),
        outcome: Outcome,
    ) {
        let finished = Finished {
            request_id: invocation.request_id.unwrap_or_default(),
            outcome,
            event_sent: None,
            response_read: None,
            chunks: Vec::new(),
        };
        self.finished.insert(ticket, finished);
    }

    fn land(
        &mut self,
        id: &str,
        outcome: Outcome,
        response: Option<(Instant, Vec<(Instant, usize)>)>,
    ) {
        let Some(flight) = self.flights.remove(id) else {
            return;
        };
        let answered = response.is_some();
        let (response_read, chunks) = response.unzip();
        self.past.remember(id, flight.nonce, answered);
        let finished = Finished {
            request_id: id.to_owned(),
            outcome,
            event_sent: flight.sent,
            response_read,
            chunks: chunks.unwrap_or_default(),
        };
        self.finished.insert(flight.ticket, finished);
    }
}
