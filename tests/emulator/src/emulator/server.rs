//! The emulator itself: its socket, its waiting callers, its waiting pollers.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::ExitStatus;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use super::observe::Moment;
use super::outcome::{Init, Invocation, Outcome};
use super::process::Attached;
use super::state::State;
use super::ticket::Ticket;
use super::{Config, routes};
use crate::tree::Tree;

/// A running emulator; see [the module](super). Dropping it closes everything.
#[derive(Debug)]
pub struct Emulator {
    shared: Arc<Shared>,
    listener: Arc<TcpListener>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: Config,
    address: SocketAddr,
    state: Mutex<State>,
    /// For polls and `restore/next`.
    pub(super) polls: Condvar,
    /// For callers of the emulator.
    pub(super) callers: Condvar,
    streams: Mutex<HashMap<usize, Arc<TcpStream>>>,
    process: Mutex<Attached>,
}

impl Emulator {
    /// Listens and serves.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn start(config: Config) -> io::Result<Emulator> {
        let listener = Arc::new(TcpListener::bind(config.address)?);
        let shared = Arc::new(Shared {
            address: listener.local_addr()?,
            state: Mutex::new(State::new(
                config.concurrency.max(1),
                config.function_arn.clone(),
                config.external_extensions.clone(),
            )),
            config,
            polls: Condvar::new(),
            callers: Condvar::new(),
            streams: Mutex::default(),
            process: Mutex::default(),
        });
        let (socket, served) = (Arc::clone(&listener), Arc::clone(&shared));
        let acceptor = thread::spawn(move || accept(&socket, &served));
        Ok(Emulator {
            shared,
            listener,
            acceptor: Some(acceptor),
        })
    }

    /// `host:port`, as `AWS_LAMBDA_RUNTIME_API` holds it.
    #[must_use]
    pub fn address(&self) -> String {
        self.shared.address.to_string()
    }

    /// Queues an invocation and waits for its outcome.
    #[must_use]
    pub fn invoke(&self, invocation: Invocation) -> Outcome {
        self.submit(invocation).wait().outcome
    }

    /// Queues an invocation.
    #[must_use]
    pub fn submit(&self, invocation: Invocation) -> Ticket {
        let id = invocation.request_id.clone().unwrap_or_else(fresh_id);
        let nonce = fresh_id();
        let timeout = invocation.timeout;
        let fetch_limit = match invocation.deadline {
            None => self.shared.config.fetch_limit,
            Some(deadline) => deadline
                .duration_since(SystemTime::now())
                .unwrap_or_default(),
        };
        let fetch_deadline = Instant::now() + fetch_limit;
        let number = {
            let mut state = self.shared.lock();
            let number = state.submit(invocation, id, nonce);
            self.shared.process().thaw();
            number
        };
        self.shared.polls.notify_all();
        Ticket {
            shared: Arc::clone(&self.shared),
            number,
            timeout,
            fetch_deadline,
        }
    }

    /// Waits until the init phase has ended, at most until `limit`.
    #[must_use]
    pub fn wait_init(&self, limit: Instant) -> Init {
        let ended = |state: &State| state.init != Init::Starting;
        self.shared.wait_caller(limit, ended).init.clone()
    }

    /// Waits until the runtime has called `restore/next` or its init phase has ended otherwise,
    /// at most until `limit`; whether it did call.
    #[must_use]
    pub fn wait_restore_point(&self, limit: Instant) -> bool {
        let settled = |state: &State| state.at_restore || state.init != Init::Starting;
        self.shared.wait_caller(limit, settled).at_restore
    }

    /// Gives the emulator power over the process that talks to it. It is killed together with the confirmation
    /// of `init/error` or `restore/error`, as by AWS's Runtime Interface Emulator: what it does
    /// behind that call is lost. With [`Config::freeze`] it is stopped between events.
    pub fn attach(&self, process: Tree) {
        let state = self.shared.lock();
        if matches!(state.init, Init::Failed(_)) {
            process.kill();
        }
        *self.shared.process() = Attached::new(process);
    }

    /// Whether the attached process is stopped.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.shared.process().is_frozen()
    }

    /// Lets the attached process go on if it is stopped, to get a signal for instance.
    pub fn thaw(&self) {
        self.shared.process().thaw();
    }

    /// Answers `restore/next`, now or when it is called.
    pub fn restored(&self) {
        self.shared.lock().restored = true;
        self.shared.polls.notify_all();
    }

    /// How long Lambda lets the runtime live between SIGTERM and SIGKILL when it ends the
    /// environment: half a second when only internal extensions are registered, two seconds with
    /// an external one. `None` without an extension, when it sends no SIGTERM at all.
    #[must_use]
    pub fn grace(&self) -> Option<Duration> {
        self.shared.lock().extensions.grace()
    }

    /// Says that the runtime's process has ended: its invocations end with
    /// [`Outcome::Exited`], and so do queued ones if it never called `next`.
    pub fn process_exited(&self, status: ExitStatus) {
        self.shared.lock().exited(status);
        self.shared.callers.notify_all();
    }

    /// Forgets the process: closes its connections and goes back to the init phase. Invocations
    /// in hand end with [`Outcome::Timeout`]; queued ones stay for the next process.
    pub fn reset(&self) {
        self.shared.lock().reset();
        *self.shared.process() = Attached::default();
        self.shared.hang_up();
        self.shared.callers.notify_all();
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = rustix::net::shutdown(&*self.listener, rustix::net::Shutdown::Both);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        self.shared.lock().stopping = true;
        self.shared.process().thaw();
        self.shared.polls.notify_all();
        self.shared.hang_up();
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn observe(&self, moment: Moment, at: Instant) {
        if let Some(observer) = &self.config.observer {
            observer.observe(moment, at);
        }
    }

    /// Stops the process if that is asked for and nothing is left to do. Called with the state's
    /// lock, so that no event comes in between.
    pub(super) fn freeze(&self, state: &State) {
        if self.config.freeze && self.config.concurrency <= 1 && state.is_idle() {
            self.process().freeze();
        }
    }

    pub(super) fn process(&self) -> MutexGuard<'_, Attached> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_caller(&self, limit: Instant, done: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        while !done(&state) {
            let left = limit.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let woken = self.callers.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<usize, Arc<TcpStream>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends every connection; polls that wait on one notice it when they are woken.
    fn hang_up(&self) {
        for stream in self.streams().values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // A poll checks its connection under this lock before it waits.
        drop(self.lock());
        self.polls.notify_all();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut number = 0;
    while let Ok((stream, _)) = listener.accept() {
        number += 1;
        shared.observe(Moment::Accepted(number), Instant::now());
        let stream = Arc::new(stream);
        shared.streams().insert(number, Arc::clone(&stream));
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            routes::connection(&shared, stream, number);
            shared.streams().remove(&number);
        });
    }
}

/// A random UUID (version 4).
pub(crate) fn fresh_id() -> String {
    let mut bytes = [0; 16];
    let random = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    if random.is_err() {
        // Unique within this process is all that ids are for here.
        let since = SystemTime::UNIX_EPOCH.elapsed();
        bytes = since.unwrap_or(Duration::ZERO).as_nanos().to_be_bytes();
    }
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-")
}
