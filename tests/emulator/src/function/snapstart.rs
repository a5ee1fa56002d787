//! One SnapStart environment: init, the wait for the snapshot, the restore, an event.

use std::fmt;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::process::Process;
use super::report::{init_report, restore_report};
use super::{Function, Instance, Report, StartError};
use crate::emulator::{Init, Invocation, Outcome, exit_words};

/// Lambda's limit for init and before-snapshot hooks together; a longer function timeout
/// replaces it.
const SNAPSHOT_LIMIT: Duration = Duration::from_secs(130);
/// Lambda's limit for a restore, after-restore hooks included.
pub const RESTORE_LIMIT: Duration = Duration::from_secs(10);

/// Why an environment never came to its event.
#[derive(Debug)]
pub enum SnapStartError {
    /// Its process could not be started.
    Start(StartError),
    /// It failed, and what that means on Lambda.
    Failed(String),
}

impl fmt::Display for SnapStartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SnapStartError::Start(error) => error.fmt(f),
            SnapStartError::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for SnapStartError {}

impl From<StartError> for SnapStartError {
    fn from(error: StartError) -> SnapStartError {
        SnapStartError::Start(error)
    }
}

/// The phase of an environment in which it failed.
#[derive(Clone, Copy)]
enum Phase {
    BeforeSnapshot,
    Parked,
    AfterRestore,
}

impl Function {
    /// Starts a process and waits until it is parked in `restore/next`, where Lambda takes the
    /// snapshot. For functions with [`Spec::snap_start`](super::Spec::snap_start).
    ///
    /// # Errors
    /// When it ends or reports an error before that, or asks for an event instead.
    pub fn park(&self) -> Result<(), SnapStartError> {
        let instance = self.instance.lock();
        let mut instance = instance.unwrap_or_else(PoisonError::into_inner);
        let started = Instant::now();
        let limit = SNAPSHOT_LIMIT.max(self.spec.timeout);
        instance.process = Some(self.spawn()?);
        let parked = self.emulator.wait_restore_point(started + limit);
        let duration = started.elapsed().min(limit);
        if let (true, Some(process)) = (parked, &mut instance.process) {
            process.peak_mb();
            process.drain_logs();
            self.log(&init_report(duration, None));
            return Ok(());
        }
        let init = self.emulator.wait_init(Instant::now());
        self.end(&mut instance);
        // The platform takes the init of a runtime that asks for an event for a success.
        self.log(&init_report(duration, failure(&init).as_ref()));
        Err(failed(Phase::BeforeSnapshot, &init, limit))
    }

    /// Restores the parked process and sends it one event. The log gets `RESTORE_START`, `RESTORE_REPORT`
    /// and the lines of an invocation.
    ///
    /// # Errors
    /// When the process did not stay parked, or failed between the restore and `next`.
    pub fn restore(&self, invocation: Invocation) -> Result<Report, SnapStartError> {
        let instance = self.instance.lock();
        let mut instance = instance.unwrap_or_else(PoisonError::into_inner);
        self.stayed_parked(&mut instance)?;
        self.log("RESTORE_START");
        let started = Instant::now();
        self.emulator.restored();
        let init = self.emulator.wait_init(started + RESTORE_LIMIT);
        let Init::Ready(at) = init else {
            let duration = started.elapsed().min(RESTORE_LIMIT);
            self.end(&mut instance);
            self.log(&restore_report(duration, failure(&init).as_ref()));
            return Err(failed(Phase::AfterRestore, &init, RESTORE_LIMIT));
        };
        let duration = at - started;
        if let Some(process) = &instance.process {
            process.drain_logs();
        }
        self.log(&restore_report(duration, None));
        let report = self.event(&mut instance, invocation)?;
        Ok(self.reported(Report {
            restore_duration: Some(duration),
            ..report
        }))
    }

    fn stayed_parked(&self, instance: &mut Instance) -> Result<(), SnapStartError> {
        let mut init = self.emulator.wait_init(Instant::now());
        if init == Init::Starting && instance.process.as_ref().is_some_and(Process::has_exited) {
            // It is being reaped; its status comes with that.
            init = self.emulator.wait_init(Instant::now() + RESTORE_LIMIT);
        }
        if init == Init::Starting {
            return Ok(());
        }
        self.end(instance);
        Err(failed(Phase::Parked, &init, RESTORE_LIMIT))
    }
}

/// How it shows in the platform's log; `None` when the runtime asked for an event.
fn failure(init: &Init) -> Option<Outcome> {
    match init {
        Init::Ready(_) => None,
        Init::Failed(outcome) => Some(outcome.clone()),
        Init::Exited(status) => Some(Outcome::Exited { status: *status }),
        Init::Starting => Some(Outcome::Timeout),
    }
}

fn failed(phase: Phase, init: &Init, limit: Duration) -> SnapStartError {
    let limit = limit.as_secs();
    let what = match (phase, init) {
        (Phase::BeforeSnapshot, Init::Ready(_)) => {
            let text = "the bootstrap called invocation/next and never restore/next: it has no \
                restore protocol. On Lambda such an image needs the label \
                com.amazonaws.lambda.feature.snapstart=\"Allow\"; without it publishing a \
                version fails";
            return SnapStartError::Failed(text.to_owned());
        }
        (Phase::BeforeSnapshot, Init::Starting) => format!(
            "restore/next was not called within {limit} s, which init and before-snapshot hooks \
             have together"
        ),
        (_, Init::Starting) => format!(
            "invocation/next was not called within {limit} s of the restore, which after-restore \
             hooks have (SnapStartTimeoutException)"
        ),
        (_, Init::Ready(_)) => {
            "the bootstrap called invocation/next while it was parked in restore/next".to_owned()
        }
        (_, Init::Exited(status)) => {
            let when = match phase {
                Phase::BeforeSnapshot => "before it called restore/next",
                Phase::Parked => "while it was parked in restore/next",
                Phase::AfterRestore => "after the restore, before it called invocation/next",
            };
            format!("the process ended {when}: {}", exit_words(*status))
        }
        (_, Init::Failed(outcome)) => {
            let posted = match phase {
                Phase::BeforeSnapshot => "before the snapshot the bootstrap posted init/error",
                Phase::Parked => "while parked in restore/next the bootstrap posted an error",
                Phase::AfterRestore => "after the restore the bootstrap posted restore/error",
            };
            format!("{posted}: {}", type_and_message(outcome))
        }
    };
    let then = match phase {
        Phase::BeforeSnapshot | Phase::Parked => "publishing the version fails",
        Phase::AfterRestore => "the waiting invocation fails and the environment is torn down",
    };
    SnapStartError::Failed(format!("{what}. On Lambda {then}"))
}

/// A posted error's type and message.
fn type_and_message(outcome: &Outcome) -> String {
    let payload = outcome.payload("", Duration::ZERO);
    let json = serde_json::from_slice::<Value>(&payload).unwrap_or_default();
    let error_type = outcome.error_type().or(json["errorType"].as_str());
    let error_type = error_type.unwrap_or("Runtime.Unknown");
    match json["errorMessage"].as_str() {
        Some(message) => format!("{error_type}: {message}"),
        None => error_type.to_owned(),
    }
}
