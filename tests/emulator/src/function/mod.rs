//! A function as Lambda runs it: one process that handles one invocation at a time.
//!
//! The first invocation starts the process and waits for its init phase, at most 10 seconds. When
//! that fails the process is started a second time under the invocation's own timeout, as Lambda
//! does, and that failure is the invocation's outcome. After a timeout, a crash or a failed init
//! the next invocation starts a new process, whose init counts in that invocation's duration.
//!
//! With [`Spec::snap_start`] it is one SnapStart environment instead: [`Function::park`], then
//! [`Function::restore`].

mod environment;
mod logs;
mod process;
mod report;
mod snapstart;

pub use logs::LogSink;
pub use process::StartError;
pub use report::Report;
pub use snapstart::{RESTORE_LIMIT, SnapStartError};

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::emulator::{Config, Emulator, Init, Invocation, Outcome, fresh_id};
use crate::tree::Tree;
use process::Process;

/// Lambda's limit for the init phase.
pub const INIT_LIMIT: Duration = Duration::from_secs(10);

/// A function's program and configuration.
#[derive(Clone)]
pub struct Spec {
    /// The executable.
    pub bootstrap: PathBuf,
    /// `_HANDLER`, may be empty.
    pub handler: String,
    /// `LAMBDA_TASK_ROOT` and the working directory.
    pub task_root: PathBuf,
    /// Further environment variables; they override Lambda's own.
    pub variables: Vec<(String, String)>,
    /// The configured memory in MB; the function learns it, and it is reported, not enforced.
    pub memory_mb: u32,
    /// The function's timeout; replaces [`Invocation::timeout`].
    pub timeout: Duration,
    /// Whether the function learns that SnapStart takes a snapshot of it.
    pub snap_start: bool,
    /// Whether its processes are stopped between events; see [`Config::freeze`].
    pub freeze: bool,
    /// Gets each line of the function's and the platform's log.
    pub log: LogSink,
}

impl Spec {
    /// Lambda takes snapshots only of published versions.
    fn version(&self) -> &'static str {
        if self.snap_start { "1" } else { "$LATEST" }
    }
}

/// A function that is started when it is first invoked. Dropping it ends its process as
/// [`Function::stop`] does.
pub struct Function {
    spec: Spec,
    emulator: Arc<Emulator>,
    instance: Mutex<Instance>,
    /// Apart from the instance, which is locked while an invocation runs.
    running: Mutex<Running>,
}

/// The process that [`Function::stop`] ends.
#[derive(Default)]
struct Running {
    tree: Tree,
    stopped: bool,
}

#[derive(Default)]
struct Instance {
    process: Option<Process>,
    initialised: bool,
}

impl Function {
    /// Prepares the Runtime API for the function; starts nothing yet.
    ///
    /// # Errors
    /// When the bootstrap or the task root cannot be used, or when no socket can be bound.
    pub fn new(mut spec: Spec) -> Result<Function, StartError> {
        spec.bootstrap = process::check_bootstrap(&spec.bootstrap)?;
        spec.task_root = process::check_task_root(&spec.task_root)?;
        let mut config = Config {
            freeze: spec.freeze,
            ..Config::default()
        };
        if spec.snap_start {
            config.function_arn = format!("{}:{}", config.function_arn, spec.version());
        }
        let emulator = Emulator::start(config).map_err(StartError::RuntimeApi)?;
        Ok(Function {
            spec,
            emulator: Arc::new(emulator),
            instance: Mutex::default(),
            running: Mutex::default(),
        })
    }

    /// The bootstrap's path, without symbolic links.
    #[must_use]
    pub fn bootstrap(&self) -> &Path {
        &self.spec.bootstrap
    }

    /// Runs one invocation; concurrent ones queue up. The log gets `START`, `END` and `REPORT`
    /// lines around what the function writes.
    ///
    /// # Errors
    /// When the process could not be started at all, or after [`Function::stop`].
    pub fn invoke(&self, invocation: Invocation) -> Result<Report, StartError> {
        let instance = self.instance.lock();
        let mut instance = instance.unwrap_or_else(PoisonError::into_inner);
        if instance.process.as_ref().is_some_and(Process::has_exited) {
            self.log("the bootstrap exited between two invocations; starting it again");
            self.end(&mut instance);
        }
        let mut init_duration = None;
        if !instance.initialised {
            instance.initialised = true;
            init_duration = self.init_phase(&mut instance)?;
        }
        let report = self.event(&mut instance, invocation)?;
        Ok(self.reported(Report {
            init_duration,
            ..report
        }))
    }

    /// Gives the process one event to handle, and starts a process if there is no process.
    fn event(
        &self,
        instance: &mut Instance,
        mut invocation: Invocation,
    ) -> Result<Report, StartError> {
        let id = invocation.request_id.get_or_insert_with(fresh_id).clone();
        invocation.timeout = self.spec.timeout;
        let version = self.spec.version();
        self.log(&format!("START RequestId: {id} Version: {version}"));
        let started = Instant::now();
        let repeated_init = instance.process.is_none();
        if repeated_init {
            invocation.deadline = Some(SystemTime::now() + self.spec.timeout);
            instance.process = Some(self.spawn()?);
        }
        let finished = self.emulator.submit(invocation).wait();
        let from = match finished.event_sent {
            Some(sent) if !repeated_init => sent,
            _ => started,
        };
        let mut duration = finished.response_read.unwrap_or_else(Instant::now) - from;
        if finished.outcome == Outcome::Timeout {
            duration = self.spec.timeout;
        }
        let report = Report {
            request_id: id,
            duration,
            init_duration: None,
            restore_duration: None,
            memory_mb: self.spec.memory_mb,
            max_memory_mb: instance.process.as_mut().map_or(0, Process::peak_mb),
            timeout: self.spec.timeout,
            outcome: finished.outcome,
        };
        match report.outcome {
            Outcome::Response { .. } | Outcome::FunctionError { .. } => {
                if let Some(process) = &instance.process {
                    process.drain_logs();
                }
            }
            _ => self.end(instance),
        }
        Ok(report)
    }

    fn reported(&self, report: Report) -> Report {
        for line in report.log_lines() {
            self.log(&line);
        }
        report
    }

    /// Ends the process, now and for good, as Lambda ends an environment that it no longer needs:
    /// by SIGKILL, and by SIGTERM before that only if an extension is registered (see
    /// [`Emulator::grace`]). A running invocation ends as a crash.
    pub fn stop(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.stopped = true;
        process::end(&running.tree, self.emulator.grace());
    }

    /// The init phase ahead of the first invocation; how long it took, if it succeeded.
    fn init_phase(&self, instance: &mut Instance) -> Result<Option<Duration>, StartError> {
        let started = Instant::now();
        instance.process = Some(self.spawn()?);
        let failure = match self.emulator.wait_init(started + INIT_LIMIT) {
            Init::Ready(at) => {
                if let Some(process) = &mut instance.process {
                    process.peak_mb();
                    process.drain_logs();
                }
                return Ok(Some(at - started));
            }
            Init::Failed(outcome) => outcome,
            Init::Exited(status) => Outcome::Exited { status },
            Init::Starting => Outcome::Timeout,
        };
        let duration = started.elapsed().min(INIT_LIMIT);
        self.end(instance);
        self.log(&report::init_report(duration, Some(&failure)));
        Ok(None)
    }

    fn spawn(&self) -> Result<Process, StartError> {
        let emulator = Arc::clone(&self.emulator);
        let exited = move |status: ExitStatus| emulator.process_exited(status);
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.stopped {
            return Err(StartError::Stopped);
        }
        let process = Process::spawn(&self.spec, &self.emulator.address(), exited)?;
        running.tree = process.tree();
        self.emulator.attach(process.tree());
        Ok(process)
    }

    /// Ends what is left of the process and makes ready for another.
    fn end(&self, instance: &mut Instance) {
        if let Some(mut process) = instance.process.take() {
            process.end(self.emulator.grace());
        }
        self.emulator.reset();
    }

    fn log(&self, line: &str) {
        (self.spec.log)(line.as_bytes());
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let instance = self.instance.get_mut();
        let instance = instance.unwrap_or_else(PoisonError::into_inner);
        if let Some(process) = &mut instance.process {
            process.end(self.emulator.grace());
        }
    }
}
