//! The function `fixture-concurrent` and a Runtime API that hands out several events at a time.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use coldspark_emulator::emulator::{
    Config, Emulator, Finished, Init, Invocation, Moment, Outcome, Ticket,
};
use serde_json::Value;

use super::binaries::{limit, wait_until};
use super::function::{Function, Process, function};

/// The function and its Runtime API; the process ends first.
pub(crate) struct Concurrent {
    pub(crate) process: Process,
    pub(crate) emulator: Emulator,
    connections: Arc<Mutex<HashSet<usize>>>,
}

/// An event of `fixture-concurrent`, with an id.
pub(crate) fn serial(number: usize, event: &Value) -> Invocation {
    let mut invocation = Invocation::new(event.to_string());
    invocation.request_id = Some(format!("request-{number}"));
    invocation.timeout = limit();
    invocation
}

impl Concurrent {
    /// Starts it with this value of `AWS_LAMBDA_MAX_CONCURRENCY`, against a Runtime API that has
    /// as many invocations in hand as `concurrency`.
    #[track_caller]
    pub(crate) fn start(setting: &str, concurrency: usize) -> Self {
        let function = function("fixture-concurrent").handler("work");
        Self::start_function(function, setting, concurrency)
    }

    #[track_caller]
    pub(crate) fn start_function(function: Function, setting: &str, concurrency: usize) -> Self {
        let connections = Arc::new(Mutex::new(HashSet::new()));
        let seen = Arc::clone(&connections);
        let observer = move |moment: Moment, _: Instant| {
            if let Moment::NextRead(number) = moment {
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.insert(number);
            }
        };
        let emulator = Emulator::start(Config {
            concurrency,
            observer: Some(Arc::new(observer)),
            ..Config::default()
        });
        let emulator = emulator.expect("a Runtime API");
        let function = function.env("AWS_LAMBDA_MAX_CONCURRENCY", setting);
        let process = function.start_at(emulator.address());
        let init = emulator.wait_init(Instant::now() + limit());
        assert!(matches!(init, Init::Ready(_)), "{init:?}");
        Self {
            process,
            emulator,
            connections,
        }
    }

    /// How many connections have asked for events.
    pub(crate) fn connections(&self) -> usize {
        let connections = self.connections.lock();
        connections.unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Hands out these events at about the same time.
    pub(crate) fn submit(&self, events: &[Value]) -> Vec<Ticket> {
        let events = events.iter().enumerate();
        let invocations = events.map(|(number, event)| serial(number, event));
        invocations
            .map(|invocation| self.emulator.submit(invocation))
            .collect()
    }

    /// The answers to these events, which are handed out at about the same time.
    #[track_caller]
    pub(crate) fn invoke(&self, events: &[Value]) -> Vec<Value> {
        let tickets = self.submit(events);
        tickets
            .into_iter()
            .map(|ticket| json(ticket.wait()))
            .collect()
    }

    /// Waits until the condition holds.
    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        wait_until(what, || holds(self), || self.process.stderr());
    }
}

/// The JSON of a response or of a function error.
#[track_caller]
fn json(finished: Finished) -> Value {
    match finished.outcome {
        Outcome::Response { body, .. } => serde_json::from_slice(&body).expect("JSON"),
        Outcome::FunctionError { json, .. } => serde_json::from_slice(&json).expect("JSON"),
        other => panic!("{}: {other:?}", finished.request_id),
    }
}
