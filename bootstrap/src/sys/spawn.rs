//! Starting a process: without copying page tables, and with exactly the descriptors that it is to
//! have.
//!
//! By clone(2) in the manner of vfork(2): the child shares the memory until it executes its
//! program, and the thread that started it waits for that. posix_spawn(3) does the same, but takes
//! memory of the C library for every descriptor and wants all of them out of the way of each
//! other; that took the init phase 20 us more. std's `Command` would fork as soon as descriptors
//! beyond the first three are to be passed.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_void};
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fs, iter};

use super::child::{self, Child};
use super::{checked, pipe};

/// A process to start.
pub(crate) struct Spawn<'a> {
    pub(crate) program: &'a CStr,
    /// Beginning with the name that the program is to see as its own.
    pub(crate) arguments: &'a [CString],
    pub(crate) environment: &'a [Cow<'static, CStr>],
    /// What it gets, and under which number; without a 0, standard input is /dev/null. All
    /// others are close-on-exec. At most [`MOST`].
    pub(crate) descriptors: &'a [(BorrowedFd<'a>, libc::c_int)],
}

/// How many descriptors a process can be given: those of a worker.
const MOST: usize = 7;
/// The child's stack until it executes its program, in bytes. It makes a few system calls there,
/// which take less than 1 KB, without optimization a few. Less than a page, so that no other is
/// touched in front of it.
const STACK: usize = if cfg!(debug_assertions) {
    16 * 1024
} else {
    3 * 1024
};
/// Above every number under which a child gets a descriptor.
const HIGH: libc::c_int = 100;

impl Spawn<'_> {
    /// Starts it as the leader of a new process group. The error is what exec(2) says.
    pub(crate) fn start(&self) -> io::Result<Child> {
        child::check_open()?;
        let arguments = pointers(self.arguments.iter().map(|text| &**text));
        let environment = pointers(self.environment.iter().map(|text| &**text));
        let (told, report) = pipe::pair()?;
        let mut order = Order {
            program: self.program.as_ptr(),
            arguments: arguments.as_ptr(),
            environment: environment.as_ptr(),
            moves: [None; MOST + 1],
            report: report.as_raw_fd(),
            signals: MaybeUninit::uninit(),
        };
        for (slot, (fd, number)) in order.moves.iter_mut().zip(self.descriptors) {
            *slot = Some((fd.as_raw_fd(), *number));
        }
        // One at a time: see `pipe::replace`.
        let alone = none();
        let pid = order.start();
        drop(alone);
        let pid = pid?;
        drop(report);
        let mut number = [0; size_of::<libc::c_int>()];
        // The end comes when the program is executed: the child's end of the pipe closes then.
        match fs::File::from(told).read_exact(&mut number) {
            Ok(()) => {
                child::reap(pid);
                let number = libc::c_int::from_ne_bytes(number);
                Err(io::Error::from_raw_os_error(number))
            }
            Err(_) => Ok(Child::new(pid)),
        }
    }
}

/// While it is held, no process is started.
pub(super) fn none() -> MutexGuard<'static, ()> {
    static STARTING: Mutex<()> = Mutex::new(());
    STARTING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pointers<'a>(texts: impl Iterator<Item = &'a CStr>) -> Vec<*const libc::c_char> {
    let texts = texts.map(CStr::as_ptr);
    texts.chain(iter::once(ptr::null())).collect()
}

/// What the child works by, in memory that it shares.
struct Order {
    program: *const libc::c_char,
    /// Both end with a null pointer.
    arguments: *const *const libc::c_char,
    environment: *const *const libc::c_char,
    /// From which number to which; None when it is done, or there is none. The last one is for
    /// /dev/null.
    moves: [Option<(libc::c_int, libc::c_int)>; MOST + 1],
    /// Where it writes the number of an error.
    report: libc::c_int,
    /// The signals that its program begins with blocked.
    signals: MaybeUninit<libc::sigset_t>,
}

impl Order {
    /// Starts the child, and waits until it has executed its program, or ended.
    fn start(&mut self) -> io::Result<libc::pid_t> {
        let mut stack = [MaybeUninit::<u128>::uninit(); STACK / size_of::<u128>()];
        let top = stack.as_mut_ptr_range().end;
        let mut all = MaybeUninit::uninit();
        // SAFETY: sigfillset(3) initialises the set, which sigprocmask(2) then reads; it writes
        // the mask that was to the room in the order. With every signal blocked, no handler runs in the
        // child, where it would work on this process's memory.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), self.signals.as_mut_ptr());
        }
        // SAFETY: the child runs `begin` on the stack above, of which `top` is the end, aligned
        // to 16 bytes; both the stack and the order outlive its use of them, because CLONE_VFORK keeps this
        // thread waiting until the child has executed its program or ended. An emulator that
        // cannot share memory gives the child a copy, of which the same is true.
        let pid = unsafe {
            libc::clone(
                begin,
                top.cast(),
                libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD,
                ptr::from_mut(self).cast(),
            )
        };
        let started = checked(pid);
        // SAFETY: the call above has initialised the mask, which is only read.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, self.signals.as_ptr(), ptr::null_mut());
        }
        started
    }

    /// In the child: all that is to be done before its program is executed, and that. Gives the
    /// number of the error, if there is one.
    ///
    /// It neither allocates nor panics: other threads of the parent may hold locks meanwhile.
    fn execute(&mut self) -> libc::c_int {
        match self.prepare() {
            // SAFETY: the program is a zero-terminated text, arguments and environment are arrays
            // of such that end with a null pointer; all of them are the parent's, which waits.
            Ok(()) => unsafe { libc::execve(self.program, self.arguments, self.environment) },
            Err(Failed) => -1,
        };
        // SAFETY: the pointer is to this thread's errno; the child has its parent's, which waits.
        unsafe { *libc::__errno_location() }
    }

    fn prepare(&mut self) -> Result<(), Failed> {
        // SAFETY: signal(2) takes integers. SIGPIPE is ignored by this process, which its program
        // would inherit; SIGTERM is caught, and must not be when it is no longer blocked.
        unsafe {
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            libc::signal(libc::SIGTERM, libc::SIG_DFL);
        }
        // SAFETY: setpgid(2) takes integers.
        done(unsafe { libc::setpgid(0, 0) })?;
        if self.pending().all(|(_, number)| number != 0) {
            let flags = libc::O_RDONLY | libc::O_CLOEXEC;
            // SAFETY: the path is a static, zero-terminated text.
            let null = done(unsafe { libc::open(c"/dev/null".as_ptr(), flags) })?;
            if let Some(last) = self.moves.last_mut() {
                *last = Some((null, 0));
            }
        }
        if self.pending().any(|(_, number)| number == self.report) {
            self.report = above(self.report)?;
        }
        self.place()?;
        // SAFETY: the parent has initialised the mask, which is only read.
        done(unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, self.signals.as_ptr(), ptr::null_mut())
        })?;
        Ok(())
    }

    /// Gives every descriptor its number, none before what has that number now was given its own.
    fn place(&mut self) -> Result<(), Failed> {
        while self.pending().next().is_some() {
            let mut moved = false;
            for index in 0..self.moves.len() {
                let Some(Some((from, to))) = self.moves.get(index).copied() else {
                    continue;
                };
                if from != to && self.pending().any(|(other, _)| other == to) {
                    continue;
                }
                // SAFETY: fcntl with F_SETFD and dup2(2) take integers and touch no memory. What
                // dup2 makes is not close-on-exec.
                done(unsafe {
                    match from == to {
                        true => libc::fcntl(from, libc::F_SETFD, 0),
                        false => libc::dup2(from, to),
                    }
                })?;
                if let Some(slot) = self.moves.get_mut(index) {
                    *slot = None;
                }
                moved = true;
            }
            // In a circle each waits for the next; one that steps aside lets the others go on.
            if !moved && let Some(first) = self.moves.iter_mut().flatten().next() {
                first.0 = above(first.0)?;
            }
        }
        Ok(())
    }

    fn pending(&self) -> impl Iterator<Item = (libc::c_int, libc::c_int)> {
        self.moves.iter().flatten().copied()
    }
}

/// A system call failed; errno says why.
struct Failed;

fn done(result: libc::c_int) -> Result<libc::c_int, Failed> {
    if result < 0 { Err(Failed) } else { Ok(result) }
}

/// The same descriptor under a number that no child is given.
fn above(fd: libc::c_int) -> Result<libc::c_int, Failed> {
    // SAFETY: fcntl with F_DUPFD_CLOEXEC takes integers and touches no memory.
    done(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, HIGH) })
}

/// Where the child begins.
extern "C" fn begin(order: *mut c_void) -> libc::c_int {
    // SAFETY: `Order::start` passes a pointer to its order, which nobody else uses while its
    // thread waits.
    let order = unsafe { &mut *order.cast::<Order>() };
    let number = order.execute();
    // SAFETY: the pointer is to a live integer, of which write(2) reads the size given. _exit(2)
    // runs nothing of the parent's.
    unsafe {
        libc::write(
            order.report,
            (&raw const number).cast(),
            size_of::<libc::c_int>(),
        );
        libc::_exit(127)
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::{AsFd, FromRawFd, OwnedFd};

    use super::super::file::Scratch;
    use super::*;

    /// What a shell finds under these descriptors, in this order.
    fn contents(descriptors: &[(BorrowedFd<'_>, libc::c_int)], numbers: &[libc::c_int]) -> String {
        let output = Scratch::new(c"output").unwrap();
        let mut all = descriptors.to_vec();
        all.push((output.as_fd(), 1));
        let script: String = numbers
            .iter()
            .map(|number| format!("cat /proc/self/fd/{number}; "))
            .collect();
        let arguments = [c"sh", c"-c"].map(CStr::to_owned);
        let mut arguments = arguments.to_vec();
        arguments.push(CString::new(script).unwrap());
        let spawn = Spawn {
            program: c"/bin/sh",
            arguments: &arguments,
            environment: &[Cow::Borrowed(c"PATH=/usr/bin:/bin")],
            descriptors: &all,
        };
        let child = spawn.start().unwrap();
        while !child.has_ended() {
            std::thread::yield_now();
        }
        drop(child);
        String::from_utf8(output.read(0, 100).unwrap()).unwrap()
    }

    /// A file with this content under this number.
    fn file(text: &str, number: libc::c_int) -> OwnedFd {
        let mut scratch = Scratch::new(c"test").unwrap();
        scratch.set(text.as_bytes()).unwrap();
        // SAFETY: fcntl with F_DUPFD_CLOEXEC takes integers; the new descriptor is nobody else's.
        let fd = unsafe { libc::fcntl(scratch.as_fd().as_raw_fd(), libc::F_DUPFD_CLOEXEC, number) };
        assert_eq!(fd, number, "the number is taken");
        // SAFETY: it was just made.
        unsafe { OwnedFd::from_raw_fd(fd) }
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no clone(2)")]
    fn numbers_that_are_in_the_way_of_each_other_are_given() {
        // Apart from those that other tests use at the same time.
        let [a, b, c] = [("a", 200), ("b", 201), ("c", 202)].map(|(text, at)| file(text, at));
        let [a, b, c] = [a.as_fd(), b.as_fd(), c.as_fd()];
        let numbers = [200, 201, 202];
        let circle = [(a, 201), (b, 202), (c, 200)];
        assert_eq!(contents(&circle, &numbers), "cab");
        let chain = [(a, 201), (b, 202)];
        assert_eq!(contents(&chain, &numbers[1..]), "ab");
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no clone(2)")]
    fn what_cannot_be_executed_is_an_error() {
        let spawn = Spawn {
            program: c"/nowhere/at/all",
            arguments: &[c"x".to_owned()],
            environment: &[],
            descriptors: &[],
        };
        let error = spawn.start().err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
