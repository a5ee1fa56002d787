//! Starting and ending programs: posix_spawn(3), whose cost does not grow with this process.

use std::ffi::CString;
use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::process;

/// Everything that a process is started from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Launch {
    pub(crate) arguments: Vec<String>,
    /// NAME=VALUE
    pub(crate) environment: Vec<String>,
    /// Where its standard output and error go.
    pub(crate) log: PathBuf,
}

/// A process that was started.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Started {
    pub(crate) pid: i32,
    /// Just before it was started, in nanoseconds of the monotonic clock.
    pub(crate) at: u64,
}

impl Started {
    pub(crate) fn moment(&self) -> Moment {
        Moment(self.at)
    }
}

impl Launch {
    /// Starts the process in a group of its own.
    pub(crate) fn start(&self) -> io::Result<Started> {
        let null = OpenOptions::new().read(true).open("/dev/null")?;
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)?;
        let mut actions = PosixSpawnFileActions::init()?;
        actions.add_dup2(null.as_raw_fd(), 0)?;
        actions.add_dup2(log.as_raw_fd(), 1)?;
        actions.add_dup2(log.as_raw_fd(), 2)?;
        let mut attributes = PosixSpawnAttr::init()?;
        attributes.set_flags(PosixSpawnFlags::POSIX_SPAWN_SETPGROUP)?;
        let arguments = c_strings(&self.arguments)?;
        let environment = c_strings(&self.environment)?;
        let program = arguments.first().ok_or(io::ErrorKind::InvalidInput)?;

        let at = Moment::now().0;
        let pid = posix_spawn(
            program.as_c_str(),
            &actions,
            &attributes,
            &arguments,
            &environment,
        )?;
        Ok(Started {
            pid: pid.as_raw(),
            at,
        })
    }
}

fn c_strings(texts: &[String]) -> io::Result<Vec<CString>> {
    let texts = texts.iter().map(|text| CString::new(text.as_str()));
    texts.collect::<Result<_, _>>().map_err(io::Error::other)
}

/// Kills a process, its group, and what it has started.
pub(crate) fn end(pid: i32) {
    let tree = process::tree(pid);
    let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
    for pid in tree {
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}

/// Waits for the end of a child.
pub(crate) fn reap(pid: i32) {
    while waitpid(Pid::from_raw(pid), None) == Err(Errno::EINTR) {}
}

/// How a child has ended, if it has; it stays to be reaped.
pub(crate) fn ended(pid: i32) -> Option<String> {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    match nix::sys::wait::waitid(nix::sys::wait::Id::Pid(Pid::from_raw(pid)), flags) {
        Ok(WaitStatus::Exited(_, status)) => Some(format!("exit status {status}")),
        Ok(WaitStatus::Signaled(_, signal, _)) => Some(format!("killed by {signal}")),
        _ => None,
    }
}

/// The last line that a program has written, to say why it failed.
pub(crate) fn last_words(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    line.map_or_else(String::new, |line| {
        format!(": {}", line.chars().take(200).collect::<String>())
    })
}
