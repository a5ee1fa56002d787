//! The list of this process's children, and the signals that all of them get.

mod at_exit;

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use coldspark::internal::io_error;

use super::{checked, spawn_lock};

/// How long processes have that end when their input ends, as workers do.
pub(crate) const END_OF_INPUT_LIMIT: Duration = Duration::from_millis(150);
/// How long they have to end after SIGTERM.
pub(crate) const SIGTERM_LIMIT: Duration = Duration::from_millis(50);
/// How long killed processes have to end in a shutdown.
pub(crate) const SIGKILL_LIMIT: Duration = Duration::from_millis(20);

/// The children of this process.
pub(super) struct Children {
    /// Those that are not reaped yet, so that their ids are still their own: they leave the list when they
    /// are reaped, while its lock is held.
    pub(super) running: Vec<libc::pid_t>,
    /// Those that were killed and did not end in time.
    pub(super) stuck: Vec<libc::pid_t>,
    /// Whether the environment ends, so that no more are started.
    pub(super) shutdown: bool,
}

static CHILDREN: Mutex<Children> = Mutex::new(Children {
    running: Vec::new(),
    stuck: Vec::new(),
    shutdown: false,
});

pub(super) fn lock() -> MutexGuard<'static, Children> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the environment ends, and no child is started any more.
pub(crate) fn shutdown_has_begun() -> bool {
    lock().shutdown
}

/// Returns an error when no child may be started any more.
pub(super) fn check_no_shutdown() -> io::Result<()> {
    match shutdown_has_begun() {
        false => Ok(()),
        true => Err(io_error(
            io::ErrorKind::Other,
            "the environment is being shut down; the invocation may be tried again",
        )),
    }
}

/// Sends SIGTERM to these children and their groups. From now on no child is started.
pub(crate) fn terminate(which: impl Fn(libc::pid_t) -> bool) {
    // A child that is being started is in the list once this lock is held.
    let _no_start = spawn_lock::hold();
    signal(libc::SIGTERM, which);
}

/// Kills these children and their groups.
pub(crate) fn kill(which: impl Fn(libc::pid_t) -> bool) {
    signal(libc::SIGKILL, which);
}

/// Whether there are children that are not reaped yet.
pub(crate) fn any() -> bool {
    !lock().running.is_empty()
}

fn signal(signal: libc::c_int, which: impl Fn(libc::pid_t) -> bool) {
    let mut children = lock();
    children.shutdown = true;
    for pid in children.running.iter().filter(|pid| which(**pid)) {
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

/// Reaps orphans, whose parent is this process since their own has ended: it is the first process of a container,
/// or a subreaper.
pub(super) fn reap_orphans() {
    // A child that was just started may not be in the list yet.
    let _no_start = spawn_lock::hold();
    let children = lock();
    while let Ok(Some(pid)) = find_ended(libc::P_ALL, 0) {
        // The thread that waits for a child of the list reaps it; orphans behind it come later.
        if children.running.contains(&pid) {
            return;
        }
        let _ = try_reap(pid);
    }
}

/// The id of a child that has ended and is not reaped yet, among those that waitid(2) is asked for.
pub(super) fn find_ended(kind: libc::idtype_t, id: libc::id_t) -> io::Result<Option<libc::pid_t>> {
    let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: all-zero bytes are a valid siginfo_t.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a live, exclusively borrowed siginfo_t, which waitid(2) fills.
    checked(unsafe { libc::waitid(kind, id, &raw mut info, flags) })?;
    // SAFETY: waitid(2) has filled the part with the pid, or it is still zero.
    let pid = unsafe { info.si_pid() };
    Ok((pid != 0).then_some(pid))
}

/// Reaps a child that has ended, and returns its status; `None` while it runs, and `Some(None)` when there is no
/// such child.
pub(super) fn try_reap(pid: libc::pid_t) -> Option<Option<ExitStatus>> {
    let mut status = 0;
    // SAFETY: the pointer is to a live, exclusively borrowed integer.
    match checked(unsafe { libc::waitpid(pid, &raw mut status, libc::WNOHANG) }) {
        Ok(0) => None,
        Ok(_) => Some(Some(ExitStatus::from_raw(status))),
        Err(_) => Some(None),
    }
}
