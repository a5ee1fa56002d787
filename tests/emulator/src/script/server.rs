//! A running scripted Runtime API, as a test holds it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Shutdown, TcpListener};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::shared::{Shared, State};
use super::step::Step;
use crate::http::Request;

/// A running scripted Runtime API; see [the module](super). Dropping it closes everything.
#[derive(Debug)]
pub struct Scripted {
    pub(super) shared: Arc<Shared>,
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
        let steps = steps.into_iter().map(Into::into).collect();
        let shared = Shared::start(listener, steps)?;
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
