//! The server: hands out the events of a run, and writes the ledger.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::ledger::{Answer, Ledger};
use super::plan::{Delivery, Plan};
use super::wire;
use crate::api::Call;
use crate::http::{Connection, Request};

/// How often the player checks whether the process has ended.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// How long an answer that the kernel has may take until it is read. Only ever reached by a failure.
const GRACE: Duration = Duration::from_secs(3);

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every event has its answer, and the process waits for others.
    Complete,
    /// The event that the process must not survive was handed out or answered.
    Fatal,
    /// The ledger does not add up; the text says how.
    Violation(String),
    /// The process is gone before everything was answered.
    Gone,
}

/// A running server; dropping it closes everything.
#[derive(Debug)]
pub struct Model {
    shared: Arc<Shared>,
    listener: Arc<TcpListener>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// For pollers that wait for an event.
    events: Condvar,
    /// For the player of runs, and for answers that are awaited.
    changes: Condvar,
}

#[derive(Debug)]
struct State {
    queue: VecDeque<Plan>,
    ledger: Ledger,
    waiting: usize,
    fatal: bool,
    violation: Option<String>,
    streams: Vec<Arc<TcpStream>>,
    connections: Vec<JoinHandle<()>>,
    stopping: bool,
}

impl Model {
    /// Listens on a free port of 127.0.0.1, for a process that may have so many events in hand.
    ///
    /// # Panics
    /// When the socket cannot be bound.
    #[must_use]
    pub fn start(
        concurrency: usize,
        judge: impl Fn(&Plan, &Answer) -> Result<(), String> + Send + Sync + 'static,
    ) -> Model {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let listener = Arc::new(listener);
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                queue: VecDeque::new(),
                ledger: Ledger::new(concurrency, Box::new(judge)),
                waiting: 0,
                fatal: false,
                violation: None,
                streams: Vec::new(),
                connections: Vec::new(),
                stopping: false,
            }),
            events: Condvar::new(),
            changes: Condvar::new(),
        });
        let (socket, of_acceptor) = (Arc::clone(&listener), Arc::clone(&shared));
        let acceptor = thread::spawn(move || {
            while let Ok((stream, _)) = socket.accept() {
                of_acceptor.accepted(stream);
            }
        });
        Model {
            shared,
            listener,
            acceptor: Some(acceptor),
        }
    }

    /// `host:port`, as `AWS_LAMBDA_RUNTIME_API` holds it.
    ///
    /// # Panics
    /// When the socket has no address, which does not happen.
    #[must_use]
    pub fn address(&self) -> String {
        self.listener.local_addr().expect("an address").to_string()
    }

    /// Plays a run to its end; `is_gone` says whether the process has ended.
    #[must_use]
    pub fn play(&self, run: Vec<Plan>, mut is_gone: impl FnMut() -> bool) -> Verdict {
        let mut state = self.shared.lock();
        state.queue.extend(run);
        self.shared.events.notify_all();
        loop {
            if let Some(violation) = &state.violation {
                return Verdict::Violation(violation.clone());
            }
            if state.fatal {
                return Verdict::Fatal;
            }
            if state.queue.is_empty() && state.ledger.in_hand() == 0 && state.waiting > 0 {
                return Verdict::Complete;
            }
            let woken = self.shared.changes.wait_timeout(state, CHECK_INTERVAL);
            let (woken, elapsed) = woken.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if elapsed.timed_out() && is_gone() {
                return Verdict::Gone;
            }
        }
    }
}

impl Model {
    /// Reads what a process that has ended has left on its connections, and gives the violation
    /// that shows there.
    #[must_use]
    pub fn end(self) -> Option<String> {
        let connections = {
            let mut state = self.shared.lock();
            state.stopping = true;
            std::mem::take(&mut state.connections)
        };
        self.shared.events.notify_all();
        self.shared.changes.notify_all();
        for connection in connections {
            let _ = connection.join();
        }
        self.shared.lock().violation.clone()
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.shared.lock().stopping = true;
        self.shared.events.notify_all();
        self.shared.changes.notify_all();
        // Linux wakes the pending accept.
        let _ = rustix::net::shutdown(&*self.listener, rustix::net::Shutdown::Both);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        let mut state = self.shared.lock();
        let connections = std::mem::take(&mut state.connections);
        for stream in &state.streams {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        for connection in connections {
            let _ = connection.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accepted(self: &Arc<Self>, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let stream = Arc::new(stream);
        let shared = Arc::clone(self);
        let of_connection = Arc::clone(&stream);
        let connection = thread::spawn(move || shared.serve(of_connection));
        let mut state = self.lock();
        // Those of connections that have ended.
        state.streams.retain(|stream| Arc::strong_count(stream) > 1);
        state.connections.retain(|thread| !thread.is_finished());
        state.streams.push(stream);
        state.connections.push(connection);
    }

    /// Serves one connection until the client closes it.
    fn serve(&self, stream: Arc<TcpStream>) {
        let mut connection = Connection::new(stream, 0);
        let (mut open, mut kept) = (true, false);
        while let Ok(Some(head)) = connection.read_head() {
            let receipt = self.lock().ledger.receipt(&head);
            if let Some(receipt) = receipt.filter(|_| open) {
                // A client that is gone shows itself below.
                let _ = wire::interrupt(&mut connection, &receipt);
            }
            let body = connection.read_body(&head, usize::MAX);
            let request = Request::new(0, head, body);
            let served = match request.call() {
                // The client learns that nobody answers, and asks again.
                Call::Next if !open => Ok(open),
                Call::Next => match self.next(kept) {
                    Some(Next::Event(plan)) => wire::deliver(&mut connection, &plan),
                    Some(Next::Nothing) => wire::end(&mut connection),
                    None => return,
                },
                _ => match self.answered(&request, open) {
                    Some(plan) if open => wire::acknowledge(&mut connection, &plan.receipt),
                    Some(_) => Ok(open),
                    None => return,
                },
            };
            let Ok(still_open) = served else {
                return;
            };
            (open, kept) = (still_open, true);
        }
    }

    /// What a call of `next` gets; None when everything ends.
    fn next(&self, kept: bool) -> Option<Next> {
        let state = self.lock();
        // What was sent before the call on another connection may not have been read yet.
        let full = |state: &mut State| state.ledger.asked().is_err() && !state.stopping;
        let waited = self.changes.wait_timeout_while(state, GRACE, full);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.stopping {
            return None;
        }
        if let Err(violation) = state.ledger.asked() {
            return self.violated(state, violation);
        }
        state.waiting += 1;
        self.changes.notify_all();
        while state.queue.is_empty() {
            if state.stopping {
                return None;
            }
            let woken = self.events.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting -= 1;
        let mut plan = state.queue.pop_front()?;
        // A client may have had no answer on an old connection already, and asks no third time.
        if plan.delivery == Delivery::Second && kept {
            plan.delivery = Delivery::Whole;
            state.queue.push_front(plan);
            return Some(Next::Nothing);
        }
        if plan.delivery == Delivery::CutHead {
            state.fatal = true;
            self.changes.notify_all();
        } else {
            state.ledger.handed(&plan);
        }
        Some(Next::Event(plan))
    }

    /// Writes an answer into the ledger; None when it should not have come. What it gets reaches
    /// the process only over a connection that is open.
    fn answered(&self, request: &Request, open: wire::Open) -> Option<Plan> {
        let mut state = self.lock();
        match state.ledger.answered(request) {
            Ok(plan) => {
                state.fatal |= open && plan.is_fatal();
                self.changes.notify_all();
                Some(plan)
            }
            Err(violation) => self.violated(state, violation),
        }
    }

    fn violated<T>(&self, mut state: MutexGuard<'_, State>, violation: String) -> Option<T> {
        state.violation.get_or_insert(violation);
        self.changes.notify_all();
        None
    }
}

enum Next {
    Event(Plan),
    Nothing,
}
