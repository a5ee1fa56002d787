//! What the threads of a scripted Runtime API share: the list of steps, the record of requests, and the listening
//! socket.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::extension::Extensions;
use super::step::{Reads, Step};
use super::{Call, play};
use crate::http::Request;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) address: SocketAddr,
    state: Mutex<State>,
    /// For whoever waits for a change of the state.
    pub(super) changed: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) steps: VecDeque<Step>,
    pub(super) requests: Vec<Request>,
    pub(super) extensions: Extensions,
    pub(super) accepted: usize,
    /// Those that are open.
    pub(super) streams: HashMap<usize, Arc<TcpStream>>,
    listener: Option<(Arc<TcpListener>, JoinHandle<()>)>,
    pub(super) connections: Vec<JoinHandle<()>>,
    pub(super) stopping: bool,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens with this socket, and plays these steps.
    pub(super) fn start(listener: TcpListener, steps: VecDeque<Step>) -> io::Result<Arc<Shared>> {
        let state = State {
            steps,
            ..State::default()
        };
        let shared = Arc::new(Shared {
            address: listener.local_addr()?,
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        shared.listen(listener);
        Ok(shared)
    }

    fn listen(self: &Arc<Self>, listener: TcpListener) {
        let listener = Arc::new(listener);
        let (socket, shared) = (Arc::clone(&listener), Arc::clone(self));
        let acceptor = thread::spawn(move || {
            while let Ok((stream, _)) = socket.accept() {
                shared.accepted(stream);
            }
        });
        self.lock().listener = Some((listener, acceptor));
    }

    fn accepted(self: &Arc<Self>, stream: TcpStream) {
        let stream = Arc::new(stream);
        let mut state = self.lock();
        state.accepted += 1;
        let number = state.accepted;
        state.streams.insert(number, Arc::clone(&stream));
        let shared = Arc::clone(self);
        let player = thread::spawn(move || {
            play::connection(&shared, stream, number);
            shared.closed(number);
        });
        state.connections.push(player);
    }

    /// The connection's own holder is gone; this drops the last one.
    fn closed(&self, number: usize) {
        self.lock().streams.remove(&number);
        self.changed.notify_all();
    }

    pub(super) fn close_listener(&self) {
        let Some((listener, acceptor)) = self.lock().listener.take() else {
            return;
        };
        // Linux wakes the pending accept; from here on connecting is refused.
        let _ = rustix::net::shutdown(&*listener, rustix::net::Shutdown::Both);
        let _ = acceptor.join();
    }

    pub(super) fn reopen_listener(self: &Arc<Self>) -> io::Result<()> {
        if self.lock().listener.is_none() {
            self.listen(TcpListener::bind(self.address)?);
        }
        Ok(())
    }

    pub(super) fn record(&self, request: Request) {
        self.lock().requests.push(request);
        self.changed.notify_all();
    }

    /// Whether the next step closes a connection unread; takes it if so.
    pub(super) fn take_unread(&self) -> bool {
        let mut state = self.lock();
        let first = state.steps.front();
        let unread = first.is_some_and(|step| step.reads == Reads::Nothing);
        if unread {
            state.steps.pop_front();
        }
        unread
    }

    /// The first step that fits, if there is one.
    pub(super) fn take_step(&self, call: Call) -> Option<Step> {
        self.lock().take_step(call)
    }

    /// Waits for a step that fits; `None` when everything ends.
    pub(super) fn await_step(&self, call: Call) -> Option<Step> {
        let mut state = self.lock();
        while !state.stopping {
            if let Some(step) = state.take_step(call) {
                return Some(step);
            }
            let woken = self.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    /// Waits until everything ends.
    pub(super) fn await_end(&self) {
        let mut state = self.lock();
        while !state.stopping {
            let woken = self.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    fn take_step(&mut self, call: Call) -> Option<Step> {
        let mut steps = self.steps.iter();
        let at = steps.position(|step| step.only.is_none_or(|only| only == call))?;
        self.steps.remove(at)
    }
}
