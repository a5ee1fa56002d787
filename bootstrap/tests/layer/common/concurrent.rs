//! The layer's binary with a Runtime API that hands out several events at a time.

use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use coldspark_emulator::emulator::{Config, Emulator, Init, Invocation, Outcome, Ticket};
use coldspark_emulator::tree::Tree;
use serde_json::Value;

use super::function::{command, limit, wait_until};
use super::{Package, process};

/// A running bootstrap.
pub(crate) struct Concurrent {
    pub(crate) emulator: Emulator,
    pub(crate) package: Package,
    child: Child,
}

impl Concurrent {
    /// Starts it with so many events at a time, and waits for the end of its init phase.
    #[track_caller]
    pub(crate) fn start(handler: &str, package: Package, concurrency: usize) -> Self {
        let config = Config {
            concurrency,
            ..Config::default()
        };
        Self::start_config(handler, package, config)
    }

    /// Starts it with a Runtime API that can stop and kill its process.
    #[track_caller]
    pub(crate) fn start_config(handler: &str, package: Package, config: Config) -> Self {
        Self::start_with(handler, package, config, |_| {})
    }

    /// Starts it with a command that the closure changes before it runs.
    #[track_caller]
    pub(crate) fn start_with(
        handler: &str,
        package: Package,
        config: Config,
        change: impl FnOnce(&mut Command),
    ) -> Self {
        let concurrency = config.concurrency;
        let emulator = Emulator::start(config).expect("a Runtime API");
        let mut command = command(handler, &package, &emulator.address());
        command.env("AWS_LAMBDA_MAX_CONCURRENCY", concurrency.to_string());
        change(&mut command);
        let child = command.spawn().expect("the bootstrap starts");
        emulator.attach(Tree::of(child.id()));
        let init = emulator.wait_init(Instant::now() + limit());
        assert!(matches!(init, Init::Ready(_)), "{init:?}");
        Self {
            emulator,
            package,
            child,
        }
    }

    /// Its children now, of all threads.
    pub(crate) fn children(&self) -> Vec<u32> {
        process::children(self.child.id())
    }

    pub(crate) fn submit(&self, event: &str) -> Ticket {
        self.submit_urgent(event, limit())
    }

    /// Submits an event whose function has this timeout.
    pub(crate) fn submit_urgent(&self, event: &str, timeout: Duration) -> Ticket {
        let mut invocation = Invocation::new(event);
        invocation.timeout = timeout;
        self.emulator.submit(invocation)
    }

    /// The responses to these events, which are handed out at about the same time.
    #[track_caller]
    pub(crate) fn invoke(&self, events: &[&str]) -> Vec<String> {
        let tickets: Vec<_> = events.iter().map(|event| self.submit(event)).collect();
        tickets.into_iter().map(response).collect()
    }

    pub(crate) fn log(&self) -> String {
        self.package.logged()
    }

    /// Waits until the condition holds.
    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        wait_until(what, || holds(self), || self.log());
    }

    /// Whether its threads have waited for a while, and not been woken.
    pub(crate) fn is_idle(&self) -> bool {
        (0..10).all(|_| {
            thread::sleep(Duration::from_millis(1));
            process::all_wait(self.child.id())
        })
    }

    /// Sends it SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal(libc::SIGTERM);
    }

    /// Sends a signal to the bootstrap only, not to what it has started.
    pub(crate) fn signal(&self, signal: i32) {
        process::signal(self.child.id() as i32, signal);
    }

    pub(crate) fn is_running(&self) -> bool {
        process::is_running(self.child.id())
    }

    /// Sends it SIGTERM and waits for its end.
    #[track_caller]
    pub(crate) fn shut_down(&mut self) -> ExitStatus {
        self.terminate();
        let package = &self.package;
        process::wait_for_end(&mut self.child, || package.logged())
    }
}

/// The text of a response.
#[track_caller]
pub(crate) fn response(ticket: Ticket) -> String {
    match ticket.wait().outcome {
        Outcome::Response { body, .. } => String::from_utf8(body).expect("a text"),
        Outcome::FunctionError { json, .. } => panic!("{}", String::from_utf8_lossy(&json)),
        other => panic!("{other:?}"),
    }
}

/// Type and message of an error.
#[track_caller]
pub(crate) fn error(ticket: Ticket) -> (String, String) {
    let outcome = ticket.wait().outcome;
    let Outcome::FunctionError { json, .. } = outcome else {
        panic!("no error: {outcome:?}");
    };
    let json: Value = serde_json::from_slice(&json).expect("JSON of an error");
    let text = |name: &str| json[name].as_str().expect(name).to_owned();
    (text("errorType"), text("errorMessage"))
}

impl Drop for Concurrent {
    fn drop(&mut self) {
        process::end(&mut self.child);
    }
}
