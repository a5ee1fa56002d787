//! Starting a process by posix_spawn(3): without copying page tables, and with exactly the
//! descriptors that it is to have.
//!
//! std's `Command` would fork as soon as descriptors beyond the first three are to be passed.

use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::child::{self, Child};

/// A process to start.
pub(crate) struct Spawn<'a> {
    pub(crate) program: &'a CStr,
    /// Beginning with the name that the program is to see as its own.
    pub(crate) arguments: &'a [CString],
    pub(crate) environment: &'a [CString],
    /// What it gets, and under which number; without a 0, standard input is /dev/null. All
    /// others are close-on-exec.
    pub(crate) descriptors: &'a [(BorrowedFd<'a>, libc::c_int)],
}

impl Spawn<'_> {
    /// Starts it as the leader of a new process group. The error is what exec(2) says.
    pub(crate) fn start(&self) -> io::Result<Child> {
        child::check_open()?;
        let arguments = pointers(self.arguments);
        let environment = pointers(self.environment);
        let actions = Actions::new(self.descriptors)?;
        let attributes = Attributes::new()?;
        let mut pid = 0;
        // The C library starts one at a time too.
        let _alone = none();
        // SAFETY: the program is a live, zero-terminated string; both vectors hold pointers to
        // such strings, which live in `self`, and end with a null pointer; actions and
        // attributes were initialised. All of it is only read, and outlives the call.
        failed(unsafe {
            libc::posix_spawn(
                &raw mut pid,
                self.program.as_ptr(),
                &raw const actions.0,
                &raw const attributes.0,
                arguments.as_ptr(),
                environment.as_ptr(),
            )
        })?;
        Ok(Child::new(pid))
    }
}

/// While it is held, no process is started.
pub(super) fn none() -> MutexGuard<'static, ()> {
    static STARTING: Mutex<()> = Mutex::new(());
    STARTING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pointers(strings: &[CString]) -> Vec<*mut libc::c_char> {
    let all = strings.iter().map(|string| string.as_ptr().cast_mut());
    all.chain([ptr::null_mut()]).collect()
}

/// The result of a call that gives an error's number.
fn failed(number: libc::c_int) -> io::Result<()> {
    match number {
        0 => Ok(()),
        number => Err(io::Error::from_raw_os_error(number)),
    }
}

struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new(descriptors: &[(BorrowedFd<'_>, libc::c_int)]) -> io::Result<Self> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: the pointer is to room for the actions, which the call initialises.
        failed(unsafe { libc::posix_spawn_file_actions_init(actions.as_mut_ptr()) })?;
        // SAFETY: the call above succeeded.
        let mut actions = Self(unsafe { actions.assume_init() });
        if descriptors.iter().all(|(_, target)| *target != 0) {
            let null = c"/dev/null".as_ptr();
            // SAFETY: the actions are initialised, and the path is a static, zero-terminated
            // string.
            failed(unsafe {
                libc::posix_spawn_file_actions_addopen(
                    &raw mut actions.0,
                    0,
                    null,
                    libc::O_RDONLY,
                    0,
                )
            })?;
        }
        for (source, target) in descriptors {
            // SAFETY: the actions are initialised; the other arguments are integers.
            failed(unsafe {
                libc::posix_spawn_file_actions_adddup2(
                    &raw mut actions.0,
                    source.as_raw_fd(),
                    *target,
                )
            })?;
        }
        Ok(actions)
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialised by `new`, destroyed only here.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    /// A process group of its own, and SIGPIPE as every program expects it: this process ignores
    /// it, and what is ignored would stay ignored.
    fn new() -> io::Result<Self> {
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: the pointer is to room for the attributes, which the call initialises.
        failed(unsafe { libc::posix_spawnattr_init(attributes.as_mut_ptr()) })?;
        // SAFETY: the call above succeeded.
        let mut attributes = Self(unsafe { attributes.assume_init() });
        let mut signals = MaybeUninit::<libc::sigset_t>::uninit();
        let flags = libc::POSIX_SPAWN_SETPGROUP | libc::POSIX_SPAWN_SETSIGDEF;
        // SAFETY: sigemptyset(3) initialises the set before it is used; SIGPIPE is a signal. The
        // attributes are initialised and exclusively borrowed, the set is only read.
        unsafe {
            libc::sigemptyset(signals.as_mut_ptr());
            libc::sigaddset(signals.as_mut_ptr(), libc::SIGPIPE);
            failed(libc::posix_spawnattr_setsigdefault(
                &raw mut attributes.0,
                signals.as_ptr(),
            ))?;
            failed(libc::posix_spawnattr_setpgroup(&raw mut attributes.0, 0))?;
            failed(libc::posix_spawnattr_setflags(
                &raw mut attributes.0,
                flags as libc::c_short,
            ))?;
        }
        Ok(attributes)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised by `new`, destroyed only here.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}
