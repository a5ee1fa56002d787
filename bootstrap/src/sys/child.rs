//! A child process that leads a process group of its own.

mod at_exit;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use coldspark::internal::{io_error, since_boot};

use super::cpu_clock::CpuClock;
use super::{checked, owned, poll};

/// How long a killed child may take to end. One in whose way the kernel or a tracer stands is left.
const KILLED: Duration = Duration::from_millis(500);
/// The same limit when the environment ends, which leaves less time.
const KILLED_AT_THE_END: Duration = Duration::from_millis(20);
/// How long to wait before a child that is ending is reaped again.
const REAP_INTERVAL: Duration = Duration::from_millis(2);

/// Children that are not reaped yet, so that their ids are still their own: they leave the list
/// when they are reaped, while its lock is held.
struct Running {
    pids: Vec<libc::pid_t>,
    /// Those that were killed and did not end in time.
    left: Vec<libc::pid_t>,
    /// The environment ends: no more are started.
    closed: bool,
}

static RUNNING: Mutex<Running> = Mutex::new(Running {
    pids: Vec::new(),
    left: Vec::new(),
    closed: false,
});

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the environment ends, and no child is started any more.
pub(crate) fn is_closed() -> bool {
    running().closed
}

/// Whether a child may still be started.
pub(super) fn check_open() -> io::Result<()> {
    match is_closed() {
        false => Ok(()),
        true => Err(io_error(
            io::ErrorKind::Other,
            "the environment is being shut down; the invocation may be tried again",
        )),
    }
}

/// Sends SIGTERM to these children and their groups, and lets no more be started.
pub(crate) fn terminate(which: impl Fn(libc::pid_t) -> bool) {
    // A child that is being started is in the list behind that.
    let _none = super::spawn_lock::hold();
    signal(libc::SIGTERM, which);
}

/// Kills these children and their groups.
pub(crate) fn kill(which: impl Fn(libc::pid_t) -> bool) {
    signal(libc::SIGKILL, which);
}

/// Whether there is a child that is not reaped yet.
pub(crate) fn any() -> bool {
    !running().pids.is_empty()
}

fn signal(signal: libc::c_int, which: impl Fn(libc::pid_t) -> bool) {
    let mut running = running();
    running.closed = true;
    for pid in running.pids.iter().filter(|pid| which(**pid)) {
        // SAFETY: kill(2) takes integers. The child is in the list, whose lock is held, so it is
        // not reaped, and the ids are still its own.
        unsafe {
            // Its group may be empty, because it has moved to another one.
            if libc::kill(-pid, signal) != 0 || signal == libc::SIGKILL {
                libc::kill(*pid, signal);
            }
        }
    }
}

/// Reaps what this process was made the parent of when its own parent ended: as the first process
/// of a container, or as a subreaper.
pub(super) fn reap_orphans() {
    // A child that was just started may not be in the list yet.
    let _none = super::spawn_lock::hold();
    let running = running();
    let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    loop {
        // SAFETY: all-zero bytes are a valid siginfo_t.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: the pointer is to a live, exclusively borrowed siginfo_t, which waitid(2) fills.
        let found = unsafe { libc::waitid(libc::P_ALL, 0, &raw mut info, flags) };
        // SAFETY: waitid(2) has filled the part with the pid, or it is still zero.
        let pid = unsafe { info.si_pid() };
        // A child of the list is reaped by whoever waits for it; orphans behind it come later.
        if found != 0 || pid == 0 || running.pids.contains(&pid) {
            return;
        }
        let _ = try_reap(pid);
    }
}

/// A child and its process group; both are gone when it is dropped.
pub(crate) struct Child {
    pid: libc::pid_t,
    /// A pidfd, readable when the child has ended; `None` on kernels before 5.3 and in some sandboxes.
    ended: Option<OwnedFd>,
    reaped: AtomicBool,
}

impl Child {
    /// Takes over the child `pid`, which has just been started as the leader of its group.
    pub(super) fn new(pid: libc::pid_t) -> Self {
        {
            let mut running = running();
            running.pids.push(pid);
            // What has ended at last.
            running.left.retain(|left| try_reap(*left).is_none());
        }
        // SAFETY: pidfd_open(2) takes integers and touches no memory; the child is not reaped
        // yet, so `pid` is still its own.
        let ended = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        Self {
            pid,
            // Made close-on-exec by the kernel.
            ended: owned(ended as libc::c_int).ok(),
            reaped: AtomicBool::new(false),
        }
    }

    pub(crate) fn pid(&self) -> libc::pid_t {
        self.pid
    }

    /// The clock of its CPU time.
    pub(crate) fn cpu_clock(&self) -> CpuClock {
        CpuClock::of(self.pid)
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

    /// Kills the child and whatever is left of its group, and gives the status with which the child
    /// ended; `None` when that cannot be known.
    pub(crate) fn finish(self) -> Option<ExitStatus> {
        self.end()
    }

    /// The same for a child that others look at as well; to them it has ended then. Only the first
    /// call gives the status.
    pub(crate) fn end(&self) -> Option<ExitStatus> {
        if self.reaped.swap(true, Ordering::AcqRel) {
            return None;
        }
        // SAFETY: kill(2) takes integers. The child is not reaped yet, so the group is still its.
        unsafe { libc::kill(-self.pid, libc::SIGKILL) };
        let mut until = None;
        loop {
            let limit;
            {
                let mut running = running();
                let reaped = try_reap(self.pid);
                let late = until.is_some_and(|until| until <= since_boot());
                if reaped.is_some() || late {
                    running.pids.retain(|pid| *pid != self.pid);
                }
                if let Some(status) = reaped {
                    return status;
                }
                if late {
                    running.left.push(self.pid);
                    return None;
                }
                limit = match running.closed {
                    true => KILLED_AT_THE_END,
                    false => KILLED,
                };
            }
            if until.is_none() {
                until = Some(since_boot() + limit);
                // SAFETY: kill(2) takes integers. It was not reaped above, and nobody else does it.
                // It may have moved to another group.
                unsafe { libc::kill(self.pid, libc::SIGKILL) };
            }
            self.await_end();
        }
    }

    /// Waits a moment for the end.
    fn await_end(&self) {
        // One that has ended and cannot be reaped is another process's to look at first.
        let ended = self.ended().filter(|_| !self.has_ended());
        let _ = poll([ended], Some(REAP_INTERVAL));
    }
}

/// Reaps a child that has ended, and gives its status; `None` while it runs, and
/// `Some(None)` when there is no such child.
fn try_reap(pid: libc::pid_t) -> Option<Option<ExitStatus>> {
    let mut status = 0;
    // SAFETY: the pointer is to a live, exclusively borrowed integer.
    match checked(unsafe { libc::waitpid(pid, &raw mut status, libc::WNOHANG) }) {
        Ok(0) => None,
        Ok(_) => Some(Some(ExitStatus::from_raw(status))),
        Err(_) => Some(None),
    }
}

/// Waits for the end of a child that ends by itself.
pub(super) fn reap(pid: libc::pid_t) {
    while try_reap(pid).is_none() {
        let _ = poll([], Some(REAP_INTERVAL));
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::super::spawn::Command;
    use super::*;

    /// What was reaped is no longer signalled: its id may be another process's.
    #[test]
    #[cfg_attr(miri, ignore = "Miri has no clone(2)")]
    fn a_child_leaves_the_list_when_it_is_reaped() {
        let arguments = [c"sleep".to_owned(), c"1000".to_owned()];
        let command = Command {
            program: c"/bin/sleep",
            arguments: &arguments,
            environment: &[Cow::Borrowed(c"PATH=/bin")],
            descriptors: &[],
        };
        let child = command.spawn().unwrap();
        let pid = child.pid();
        assert!(!child.has_ended() && any() && running().pids.contains(&pid));
        let status = child.finish();
        assert_eq!(
            status.and_then(|status| status.signal()),
            Some(libc::SIGKILL)
        );
        assert!(!running().pids.contains(&pid) && !running().left.contains(&pid));
    }
}
