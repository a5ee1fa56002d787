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
use super::outcome::{Finished, Invocation, Outcome};
use super::state::{Init, State};
use super::{Config, routes};

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
}

/// A submitted invocation.
#[derive(Debug)]
pub struct Ticket {
    shared: Arc<Shared>,
    number: u64,
    timeout: Duration,
    /// The end of waiting to be fetched.
    unfetched: Instant,
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
        let patience = match invocation.deadline {
            None => self.shared.config.fetch_limit,
            Some(deadline) => deadline
                .duration_since(SystemTime::now())
                .unwrap_or_default(),
        };
        let unfetched = Instant::now() + patience;
        let number = self.shared.lock().submit(invocation, id, nonce);
        self.shared.polls.notify_all();
        Ticket {
            shared: Arc::clone(&self.shared),
            number,
            timeout,
            unfetched,
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

    /// Tells that the runtime's process has ended: its invocations end with
    /// [`Outcome::Exited`], and so do queued ones if it never called `next`.
    pub fn process_exited(&self, status: ExitStatus) {
        self.shared.lock().exited(status);
        self.shared.callers.notify_all();
    }

    /// Forgets the process: closes its connections and goes back to the init phase. Invocations
    /// in flight end with [`Outcome::Timeout`]; queued ones stay for the next process.
    pub fn reset(&self) {
        self.shared.lock().reset();
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
        self.shared.polls.notify_all();
        self.shared.hang_up();
    }
}

impl Ticket {
    /// Waits for the end; no longer than the invocation's timeout allows.
    #[must_use]
    pub fn wait(self) -> Finished {
        let mut state = self.shared.lock();
        loop {
            if let Some(finished) = state.collect(self.number) {
                return finished;
            }
            let limit = state.limit(self.number).unwrap_or(self.unfetched);
            let left = limit.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.expire(self.number);
                self.shared.polls.notify_all();
            } else {
                // Being fetched wakes nobody, so a shorter limit may have begun by then.
                let left = left.min(self.timeout.max(Duration::from_millis(1)));
                let woken = self.shared.callers.wait_timeout(state, left);
                state = woken.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
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

    /// Ends every connection; polls that wait on one notice when they look at it.
    fn hang_up(&self) {
        for stream in self.streams().values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // A poll looks at its connection under this lock before it waits.
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
