//! The end of this process by itself, as when the Runtime API refuses it: its children end with it.
//!
//! The C library calls this at exit(3), whoever has called that, so that a start executes nothing for it.

use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Duration;

use coldspark::internal::since_boot;

use super::super::{poll, spawn_lock};
use super::{LOOK, RUNNING, Running, try_reap};

/// How long children may take that end at the end of their input, as workers do.
const END_OF_INPUT: Duration = Duration::from_millis(150);
/// How long after that they may take behind SIGTERM.
const TERM: Duration = Duration::from_millis(50);
/// How often a lock is tried. The thread that ends the process may hold it, in a panic.
const TRIES: u32 = 10;
/// The descriptors that are looked at.
const DESCRIPTORS: std::ops::Range<libc::c_int> = 3..1024;

#[used]
#[unsafe(link_section = ".fini_array")]
static AT_EXIT: extern "C" fn() = end_children;

#[cold]
extern "C" fn end_children() {
    // A child that is being started is in the list behind that.
    let _none = try_lock(spawn_lock::lock());
    let Some(mut running) = try_lock(&RUNNING) else {
        return;
    };
    let told = std::mem::replace(&mut running.closed, true);
    if running.pids.is_empty() {
        return;
    }
    // The shutdown has told them, and has waited.
    if !told {
        end_input();
        await_none(&mut running, END_OF_INPUT);
        signal(&running, libc::SIGTERM);
        await_none(&mut running, TERM);
    }
    signal(&running, libc::SIGKILL);
}

fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    for _ in 0..TRIES {
        match mutex.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(error)) => return Some(error.into_inner()),
            Err(TryLockError::WouldBlock) => drop(poll([], Some(LOOK))),
        }
    }
    None
}

/// Closes the pipes to the children.
fn end_input() {
    for fd in DESCRIPTORS {
        // SAFETY: fcntl with F_GETFL and dup2(2) take integers and touch no memory. A descriptor that is
        // replaced stays open under its number, so that its owner stays right; the writes of other threads
        // fail or go nowhere, and the process ends.
        unsafe {
            let flags = libc::fcntl(fd, libc::F_GETFL);
            if flags >= 0 && flags & libc::O_ACCMODE == libc::O_WRONLY {
                libc::dup2(libc::STDIN_FILENO, fd);
            }
        }
    }
}

/// Waits until all of them have ended, and kills what is left of their groups.
fn await_none(running: &mut Running, span: Duration) {
    let until = since_boot() + span;
    loop {
        running.pids.retain(|pid| {
            let ended = try_reap(*pid).is_some();
            if ended {
                kill_group(*pid, libc::SIGKILL);
            }
            !ended
        });
        if running.pids.is_empty() || since_boot() >= until {
            return;
        }
        let _ = poll([], Some(LOOK));
    }
}

fn signal(running: &Running, signal: libc::c_int) {
    for pid in &running.pids {
        kill_group(*pid, signal);
        // SAFETY: kill(2) takes integers. The child is in the list, whose lock is held, so it is not reaped.
        // It may have moved to another group.
        unsafe { libc::kill(*pid, signal) };
    }
}

fn kill_group(pid: libc::pid_t, signal: libc::c_int) {
    // SAFETY: kill(2) takes integers. The child is not reaped, or was reaped just now; while processes are left
    // in its group, the kernel gives its id to no other, and so soon it gives it to no other anyway.
    unsafe { libc::kill(-pid, signal) };
}
