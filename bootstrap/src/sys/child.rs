//! A child process that leads a process group of its own.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use coldspark::internal::since_boot;

use super::children::{self, SIGKILL_LIMIT, find_ended, try_reap};
use super::cpu_clock::CpuClock;
use super::{owned, poll};

/// How long a killed child may take to end. After that it counts as stuck, in the kernel or under a tracer.
const KILL_LIMIT: Duration = Duration::from_millis(500);
/// How long to wait before a child that is ending is reaped again.
const REAP_INTERVAL: Duration = Duration::from_millis(2);

/// A child and its process group; both are gone when it is dropped.
pub(crate) struct Child {
    pid: libc::pid_t,
    /// It is readable when the child has ended; `None` on kernels before 5.3 and in some sandboxes.
    pidfd: Option<OwnedFd>,
    reaped: AtomicBool,
}

impl Child {
    /// Takes over the child `pid`, which has just been started as the leader of its group.
    pub(super) fn new(pid: libc::pid_t) -> Self {
        {
            let mut children = children::lock();
            children.running.push(pid);
            // Some may have ended at last.
            children.stuck.retain(|stuck| try_reap(*stuck).is_none());
        }
        // SAFETY: pidfd_open(2) takes integers and touches no memory; the child is not reaped
        // yet, so `pid` is still its own.
        let pidfd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        Self {
            pid,
            // Made close-on-exec by the kernel.
            pidfd: owned(pidfd as libc::c_int).ok(),
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

    /// A descriptor that becomes readable when the child ends, if there is one.
    pub(crate) fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(AsFd::as_fd)
    }

    /// Whether the child has ended. It stays to be reaped, so that its ids stay its own.
    pub(crate) fn has_ended(&self) -> bool {
        if let Some(pidfd) = self.pidfd() {
            return poll([Some(pidfd)], Some(Duration::ZERO)).is_ok_and(|[ended]| ended);
        }
        // After an error there is no such child any more.
        find_ended(libc::P_PID, self.pid as libc::id_t).map_or(true, |ended| ended.is_some())
    }

    /// Kills the child and whatever is left of its group, and returns the status with which the child ended.
    /// Only the first call returns it; `None` also when the status cannot be known.
    pub(crate) fn end(&self) -> Option<ExitStatus> {
        if self.reaped.swap(true, Ordering::AcqRel) {
            return None;
        }
        // SAFETY: kill(2) takes integers. The child is not reaped yet, so the group is still its own.
        unsafe { libc::kill(-self.pid, libc::SIGKILL) };
        let mut until = None;
        loop {
            let limit;
            {
                let mut children = children::lock();
                let reaped = try_reap(self.pid);
                let late = until.is_some_and(|until| until <= since_boot());
                if reaped.is_some() || late {
                    children.running.retain(|pid| *pid != self.pid);
                }
                if let Some(status) = reaped {
                    return status;
                }
                if late {
                    children.stuck.push(self.pid);
                    return None;
                }
                limit = match children.shutdown {
                    true => SIGKILL_LIMIT,
                    false => KILL_LIMIT,
                };
            }
            if until.is_none() {
                until = Some(since_boot() + limit);
                // SAFETY: kill(2) takes integers. It was not reaped above, and nothing else reaps it.
                // It may have moved to another group.
                unsafe { libc::kill(self.pid, libc::SIGKILL) };
            }
            self.await_end();
        }
    }

    /// Waits a moment for the end.
    fn await_end(&self) {
        // If it has ended and cannot be reaped, a tracer has to see that first; the pidfd is readable meanwhile.
        let pidfd = self.pidfd().filter(|_| !self.has_ended());
        let _ = poll([pidfd], Some(REAP_INTERVAL));
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

    use std::os::unix::process::ExitStatusExt;

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
        assert!(!child.has_ended() && children::any() && children::lock().running.contains(&pid));
        let status = child.end();
        assert_eq!(
            status.and_then(|status| status.signal()),
            Some(libc::SIGKILL)
        );
        let children = children::lock();
        assert!(!children.running.contains(&pid) && !children.stuck.contains(&pid));
    }
}
