//! A child process that leads a process group of its own.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{checked, owned, poll};

/// Children that are not reaped yet, so that their ids are still their own.
struct Running {
    pids: Vec<libc::pid_t>,
    /// The environment ends: no more are started.
    closed: bool,
}

static RUNNING: Mutex<Running> = Mutex::new(Running {
    pids: Vec::new(),
    closed: false,
});

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a child may still be started.
pub(super) fn check_open() -> io::Result<()> {
    match running().closed {
        false => Ok(()),
        true => Err(io::Error::other("the environment is being shut down")),
    }
}

/// Sends SIGTERM to the groups of these children, and lets no more be started.
pub(crate) fn terminate(which: impl Fn(libc::pid_t) -> bool) {
    signal(libc::SIGTERM, which);
}

/// Kills the groups of all children.
pub(crate) fn kill() {
    signal(libc::SIGKILL, |_| true);
}

/// Whether there is a child that is not reaped yet.
pub(crate) fn any() -> bool {
    !running().pids.is_empty()
}

fn signal(signal: libc::c_int, which: impl Fn(libc::pid_t) -> bool) {
    let mut running = running();
    running.closed = true;
    for pid in running.pids.iter().filter(|pid| which(**pid)) {
        // SAFETY: kill(2) takes integers. Children leave the list, whose lock is held, before
        // they are reaped, so the group is still its.
        unsafe { libc::kill(-pid, signal) };
    }
}

/// A child and its process group; both are gone when it is dropped.
pub(crate) struct Child {
    pid: libc::pid_t,
    /// Readable when the child has ended; kernels before 5.3 and some sandboxes have none.
    ended: Option<OwnedFd>,
    reaped: bool,
}

impl Child {
    /// Takes over the child `pid`, which has just been started as the leader of its group.
    pub(super) fn new(pid: libc::pid_t) -> Self {
        {
            let mut running = running();
            running.pids.push(pid);
            if running.closed {
                // Started while the others were told.
                // SAFETY: kill(2) takes integers; the child is not reaped yet, so the group is its.
                unsafe { libc::kill(-pid, libc::SIGTERM) };
            }
        }
        // SAFETY: pidfd_open(2) takes integers and touches no memory; the child is not reaped
        // yet, so `pid` is still its own.
        let ended = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        Self {
            pid,
            // Made close-on-exec by the kernel.
            ended: owned(ended as libc::c_int).ok(),
            reaped: false,
        }
    }

    pub(crate) fn pid(&self) -> libc::pid_t {
        self.pid
    }

    /// What becomes readable when the child ends.
    pub(crate) fn ended(&self) -> Option<BorrowedFd<'_>> {
        self.ended.as_ref().map(AsFd::as_fd)
    }

    /// Whether the child has ended. It stays to be reaped, so that its ids stay its own.
    pub(crate) fn has_ended(&self) -> bool {
        if let Some(ended) = self.ended() {
            return poll([Some(ended)], Some(Duration::ZERO)).is_ok_and(|[ended]| ended);
        }
        let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        // SAFETY: all-zero bytes are a valid siginfo_t.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: the pointer is to a live, exclusively borrowed siginfo_t, which waitid(2) fills.
        let result = unsafe { libc::waitid(libc::P_PID, self.pid as u32, &raw mut info, flags) };
        // SAFETY: waitid(2) has filled the part with the pid, or it is still zero.
        checked(result).is_err() || unsafe { info.si_pid() } != 0
    }

    /// Kills whatever is left of the group, and gives the status with which the child ended.
    pub(crate) fn finish(mut self) -> Option<ExitStatus> {
        self.end()
    }

    fn end(&mut self) -> Option<ExitStatus> {
        if self.reaped {
            return None;
        }
        self.reaped = true;
        running().pids.retain(|pid| *pid != self.pid);
        // SAFETY: kill(2) takes integers. The child is not reaped yet, so the group is still its.
        unsafe { libc::kill(-self.pid, libc::SIGKILL) };
        reap(self.pid)
    }
}

/// Waits for the end of a child of this process.
pub(super) fn reap(pid: libc::pid_t) -> Option<ExitStatus> {
    let mut status = 0;
    loop {
        // SAFETY: the pointer is to a live, exclusively borrowed integer.
        match checked(unsafe { libc::waitpid(pid, &raw mut status, 0) }) {
            Ok(_) => return Some(ExitStatus::from_raw(status)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}
