//! One bootstrap process in a process group of its own.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::logs::Logs;
use super::{Spec, environment};
use crate::tree::Tree;

/// Pause between two checks whether a process that got SIGTERM has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// Why a function could not be started.
#[derive(Debug)]
pub enum StartError {
    /// The bootstrap cannot be run: its path, and why with what to do.
    Bootstrap(PathBuf, String),
    /// The task root cannot be used.
    TaskRoot(PathBuf, String),
    /// No socket for the Runtime API.
    RuntimeApi(io::Error),
    /// The function was stopped for good.
    Stopped,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Bootstrap(path, why) => write!(f, "bootstrap {}: {why}", path.display()),
            StartError::TaskRoot(path, why) => write!(f, "task root {}: {why}", path.display()),
            StartError::RuntimeApi(error) => {
                write!(
                    f,
                    "cannot open a socket on 127.0.0.1 for the Runtime API: {error}"
                )
            }
            StartError::Stopped => write!(f, "the function has been stopped"),
        }
    }
}

impl std::error::Error for StartError {}

/// The absolute path of a bootstrap that looks as if it could be run.
pub(super) fn check_bootstrap(path: &Path) -> Result<PathBuf, StartError> {
    let fail = |why: &str| Err(StartError::Bootstrap(path.to_owned(), why.to_owned()));
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return fail("there is no such file; build it first, or name another");
        }
        Err(error) => return fail(&error.to_string()),
    };
    if meta.is_dir() {
        return fail("is a directory; name the executable in it");
    }
    if !meta.is_file() {
        return fail("is not a regular file");
    }
    if meta.permissions().mode() & 0o111 == 0 {
        return fail("is not executable; chmod +x it");
    }
    fs::canonicalize(path).or_else(|error| fail(&error.to_string()))
}

pub(super) fn check_task_root(path: &Path) -> Result<PathBuf, StartError> {
    let fail = |why: String| Err(StartError::TaskRoot(path.to_owned(), why));
    match fs::canonicalize(path) {
        Ok(root) if root.is_dir() => Ok(root),
        Ok(_) => fail("is not a directory".to_owned()),
        Err(error) => fail(error.to_string()),
    }
}

/// A running bootstrap, or one that has exited.
pub(super) struct Process {
    tree: Tree,
    logs: Arc<Logs>,
    waiter: Option<JoinHandle<()>>,
    peak_kb: u64,
}

impl Process {
    /// Starts the bootstrap; `exited` is called once, when it has ended and its log is out.
    pub(super) fn spawn(
        spec: &Spec,
        runtime_api: &str,
        exited: impl FnOnce(ExitStatus) + Send + 'static,
    ) -> Result<Process, StartError> {
        let fail = |why: String| StartError::Bootstrap(spec.bootstrap.clone(), why);
        let no_pipe = |error: io::Error| fail(format!("no pipe for its log: {error}"));
        let (logs, writer) = Logs::pipe(Arc::clone(&spec.log)).map_err(|e| no_pipe(e.into()))?;
        let mut command = Command::new(&spec.bootstrap);
        command
            .env_clear()
            .envs(environment::variables(spec, runtime_api))
            .current_dir(&spec.task_root)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(writer.try_clone().map_err(no_pipe)?)
            .stderr(writer);
        let mut child = command
            .spawn()
            .map_err(|error| fail(cannot_start(&error)))?;
        // The writing ends in here would keep the pipe from ending.
        drop(command);
        let tree = Tree::of(child.id());
        // In case it ends before anybody looks again.
        let peak_kb = tree.peak_kb();
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let (group, log) = (tree.clone(), Arc::clone(&logs));
        let waiter = thread::spawn(move || {
            if let Some(pid) = pid {
                let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
                while matches!(waitid(WaitId::Pid(pid), ended), Err(Errno::INTR)) {}
            }
            // Not reaped yet, so the id is still its own.
            group.forget();
            let status = child.wait();
            log.finish();
            exited(status.unwrap_or_default());
        });
        Ok(Process {
            tree,
            logs,
            waiter: Some(waiter),
            peak_kb,
        })
    }

    pub(super) fn tree(&self) -> Tree {
        self.tree.clone()
    }

    pub(super) fn has_exited(&self) -> bool {
        self.tree.is_gone()
    }

    /// The most memory it was ever seen to have resident, in MB, rounded up: the sum over the
    /// processes of its group and their descendants. Of a process that has ended only earlier sightings count.
    pub(super) fn peak_mb(&mut self) -> u64 {
        self.peak_kb = self.peak_kb.max(self.tree.peak_kb());
        self.peak_kb.div_ceil(1024)
    }

    pub(super) fn drain_logs(&self) {
        self.logs.drain();
    }

    /// Ends all of it as Lambda ends an environment, and waits for that; see [`end`].
    pub(super) fn end(&mut self, grace: Option<Duration>) {
        end(&self.tree, grace);
        if let Some(waiter) = self.waiter.take() {
            let _ = waiter.join();
        }
    }
}

/// SIGKILL; where there is a grace, SIGTERM ahead of it by at most so long.
pub(super) fn end(tree: &Tree, grace: Option<Duration>) {
    if let Some(grace) = grace {
        let limit = Instant::now() + grace;
        tree.terminate();
        // One that is stopped takes the signal when it goes on.
        tree.resume();
        while !tree.is_gone() && Instant::now() < limit {
            thread::sleep(PAUSE);
        }
    }
    tree.kill();
}

fn cannot_start(error: &io::Error) -> String {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOEXEC) => "is not a program for this machine; build it for this \
            architecture, or begin a script with '#!'"
            .to_owned(),
        Some(Errno::NOENT) => "the interpreter or loader it names is missing here".to_owned(),
        _ => format!("cannot be started: {error}"),
    }
}
