//! The script's list, its record, and its listening socket.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::extension::Extensions;
use super::step::{Reads, Step};
use super::{Call, play};
use crate::http::Request;

/// A running scripted Runtime API; see [the module](super). Dropping it closes everything.
#[derive(Debug)]
pub struct Scripted {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    address: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct State {
    steps: VecDeque<Step>,
    requests: Vec<Request>,
    pub(super) extensions: Extensions,
    accepted: usize,
    /// Those that are open.
    streams: HashMap<usize, Arc<TcpStream>>,
    listener: Option<(Arc<TcpListener>, JoinHandle<()>)>,
    connections: Vec<JoinHandle<()>>,
    stopping: bool,
}

impl Scripted {
    /// Listens on a free port of 127.0.0.1 and plays the steps.
    ///
    /// # Panics
    /// When the socket cannot be bound.
    #[track_caller]
    pub fn start(steps: impl IntoIterator<Item = impl Into<Step>>) -> Scripted {
        match Scripted::bind(Ipv4Addr::LOCALHOST.into(), steps) {
            Ok(scripted) => scripted,
            Err(error) => panic!("cannot listen on 127.0.0.1: {error}"),
        }
    }

    /// The same on a free port of any local address, `::1` for instance.
    ///
    /// # Errors
    /// When the socket cannot be bound; a machine may have no IPv6.
    pub fn bind(
        address: IpAddr,
        steps: impl IntoIterator<Item = impl Into<Step>>,
    ) -> io::Result<Scripted> {
        let listener = TcpListener::bind((address, 0))?;
        let state = State {
            steps: steps.into_iter().map(Into::into).collect(),
            ..State::default()
        };
        let shared = Arc::new(Shared {
            address: listener.local_addr()?,
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        shared.listen(listener);
        Ok(Scripted { shared })
    }

    /// `host:port`, as `AWS_LAMBDA_RUNTIME_API` holds it; IPv6 in brackets.
    #[must_use]
    pub fn address(&self) -> String {
        self.shared.address.to_string()
    }

    /// The port of its address.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.shared.address.port()
    }

    /// What has been received so far, in order of completion.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// How many connections have been accepted so far, without those of an extension.
    #[must_use]
    pub fn connections(&self) -> usize {
        let state = self.shared.lock();
        state.accepted - state.extensions.connections()
    }

    /// How many steps no request has taken.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.shared.lock().steps.len()
    }

    /// Adds a step at the end; a request that waits for one takes it.
    pub fn push(&self, step: impl Into<Step>) {
        self.push_all([step.into()]);
    }

    /// Adds several steps at once. A step that leaves a part of its request unread has to be there when
    /// the request comes, so it cannot be pushed after the event that the request answers.
    pub fn push_all<const N: usize>(&self, steps: [Step; N]) {
        self.shared.lock().steps.extend(steps);
        self.shared.changed.notify_all();
    }

    /// Waits until at least `count` requests were recorded and gives all of them.
    ///
    /// # Panics
    /// When `timeout` passes first, with what did arrive. Make it generous (a minute): it is
    /// there for a client that hangs, not to measure one.
    #[track_caller]
    pub fn wait_for(&self, count: usize, timeout: Duration) -> Vec<Request> {
        let enough = |state: &State| state.requests.len() >= count;
        let (found, state) = self.wait_until(timeout, enough);
        if !found {
            let seen = state.requests.iter();
            let seen: Vec<_> = seen.map(|r| format!("{} {}", r.method, r.path)).collect();
            drop(state);
            panic!("no {count} requests within {timeout:?}, only {seen:?}");
        }
        state.requests.clone()
    }

    /// Waits until that connection (see [`Request::connection`]) was closed, by the client or by
    /// a step.
    ///
    /// # Panics
    /// When `timeout` passes first.
    #[track_caller]
    pub fn wait_closed(&self, connection: usize, timeout: Duration) {
        let closed = |state: &State| {
            state.accepted >= connection && !state.streams.contains_key(&connection)
        };
        let (found, state) = self.wait_until(timeout, closed);
        drop(state);
        assert!(
            found,
            "connection {connection} still open after {timeout:?}"
        );
    }

    /// Closes the listening socket; open connections stay. New ones are refused.
    pub fn close_listener(&self) {
        self.shared.close_listener();
    }

    /// Listens again on the same port.
    ///
    /// # Errors
    /// When the port has been taken meanwhile.
    pub fn reopen_listener(&self) -> io::Result<()> {
        self.shared.reopen_listener()
    }

    fn wait_until(
        &self,
        timeout: Duration,
        done: impl Fn(&State) -> bool,
    ) -> (bool, MutexGuard<'_, State>) {
        let limit = Instant::now() + timeout;
        let mut state = self.shared.lock();
        while !done(&state) {
            let left = limit.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return (false, state);
            }
            let woken = self.shared.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        (true, state)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stopping = true;
        drop(state);
        self.shared.changed.notify_all();
        self.shared.close_listener();
        // No acceptor, so no further connection, from here on.
        state = self.shared.lock();
        let connections = std::mem::take(&mut state.connections);
        for stream in state.streams.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        for connection in connections {
            let _ = connection.join();
        }
        // A step may have reopened it meanwhile.
        self.shared.close_listener();
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
