//! One bootstrap process in a process group of its own.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};

use super::logs::Logs;
use super::{Spec, environment};

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
    killer: Killer,
    logs: Arc<Logs>,
    waiter: Option<JoinHandle<()>>,
    peak_kb: u64,
}

/// Kills a process group and its descendants, for as long as its id cannot belong to another.
#[derive(Clone, Default)]
pub(super) struct Killer {
    /// The group's id until its leader was reaped.
    group: Arc<Mutex<Option<Pid>>>,
}

impl Killer {
    pub(super) fn kill(&self) {
        let group = self.group.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = *group {
            // Listed first: once its parent is dead, a process is nobody's descendant.
            let tree = tree(group);
            let _ = kill_process_group(group, Signal::KILL);
            for pid in tree {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }

    fn group(&self) -> Option<Pid> {
        *self.group.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        let killer = Killer::default();
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        *killer.group.lock().unwrap_or_else(PoisonError::into_inner) = pid;
        let (group, log) = (Arc::clone(&killer.group), Arc::clone(&logs));
        let waiter = thread::spawn(move || {
            if let Some(pid) = pid {
                let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
                while matches!(waitid(WaitId::Pid(pid), ended), Err(Errno::INTR)) {}
                let mut group = group.lock().unwrap_or_else(PoisonError::into_inner);
                // Not reaped yet, so the id is still its own: take the rest of the group along.
                let _ = kill_process_group(pid, Signal::KILL);
                *group = None;
            }
            let status = child.wait();
            log.finish();
            exited(status.unwrap_or_default());
        });
        Ok(Process {
            killer,
            logs,
            waiter: Some(waiter),
            // In case it ends before anybody looks again.
            peak_kb: pid.and_then(peak_kb).unwrap_or(0),
        })
    }

    pub(super) fn killer(&self) -> Killer {
        self.killer.clone()
    }

    pub(super) fn has_exited(&self) -> bool {
        self.killer.group().is_none()
    }

    /// The most memory it was ever seen to have resident, in MB, rounded up: the sum over the
    /// processes of its group and their descendants. Of a process that has ended only earlier sightings count.
    pub(super) fn peak_mb(&mut self) -> u64 {
        let seen = self.killer.group().map_or(0, tree_peak_kb);
        self.peak_kb = self.peak_kb.max(seen);
        self.peak_kb.div_ceil(1024)
    }

    pub(super) fn drain_logs(&self) {
        self.logs.drain();
    }

    /// Kills the group and waits for the end.
    pub(super) fn end(&mut self) {
        self.killer.kill();
        if let Some(waiter) = self.waiter.take() {
            let _ = waiter.join();
        }
    }
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

/// A process's peak resident size in kB, if it is alive.
fn peak_kb(pid: Pid) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// The sum of the peak resident sizes of a process group and its descendants, in kB.
fn tree_peak_kb(group: Pid) -> u64 {
    tree(group).into_iter().filter_map(peak_kb).sum()
}

/// The members of a process group and all their descendants: a bootstrap may give the processes
/// it starts groups of their own.
fn tree(group: Pid) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut others: Vec<(i32, [i32; 2])> = pids
        .filter_map(|pid| Some((pid, parent_and_group(pid)?)))
        .collect();
    let mut found = Vec::new();
    loop {
        let (inside, outside): (Vec<_>, Vec<_>) = others
            .into_iter()
            .partition(|(_, [parent, of])| *of == group.as_raw_pid() || found.contains(parent));
        if inside.is_empty() {
            return found.into_iter().filter_map(Pid::from_raw).collect();
        }
        found.extend(inside.into_iter().map(|(pid, _)| pid));
        others = outside;
    }
}

/// Numbers and no `Pid`: the group is 0 for one of another PID namespace, -1 for the dying.
fn parent_and_group(pid: i32) -> Option<[i32; 2]> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Behind the name, which may hold anything: state, parent, group.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(1);
    Some([fields.next()?.parse().ok()?, fields.next()?.parse().ok()?])
}
