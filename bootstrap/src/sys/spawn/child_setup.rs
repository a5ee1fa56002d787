//! What the child does between clone(2) and execve(2).

use std::ffi::{CStr, c_void};
use std::io;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr;

use super::super::checked;
use super::MAX_DESCRIPTORS;

/// The child's stack until it executes its program, in bytes. It makes a few system calls there,
/// which take less than 1 KB, without optimization a few. It lies in the frame of the parent, whose start
/// touches fewer pages the smaller it is.
const STACK: usize = if cfg!(debug_assertions) {
    16 * 1024
} else {
    2 * 1024
};
/// A number above those that a child's descriptors get.
const HIGH: libc::c_int = 100;

/// A descriptor, and the number that the child gives it.
#[derive(Clone, Copy)]
pub(super) struct Move {
    pub(super) from: libc::c_int,
    pub(super) to: libc::c_int,
}

/// What the child needs for its set-up, in memory that it shares with its parent.
pub(super) struct ChildSetup<'a> {
    program: *const libc::c_char,
    /// Both end with a null pointer.
    arguments: *const *const libc::c_char,
    environment: *const *const libc::c_char,
    /// The descriptors that still have to move; the last place is for /dev/null.
    moves: [Option<Move>; MAX_DESCRIPTORS + 1],
    /// The number of the error because of which the child could not execute its program, where the child
    /// shares this memory; 0 is no error.
    exec_error: libc::c_int,
    /// Where an emulator copies the memory, the pipe into which the child writes that number; or -1.
    report: libc::c_int,
    /// The signals that are blocked in its program, and again in this process after the start: none, whatever
    /// this process was started with.
    signals: MaybeUninit<libc::sigset_t>,
    texts: PhantomData<&'a CStr>,
}

impl<'a> ChildSetup<'a> {
    /// Arguments and environment are pointers to zero-terminated texts that live as long as the set-up, and end
    /// with a null pointer.
    pub(super) fn new(
        program: &'a CStr,
        [arguments, environment]: [&'a [*const libc::c_char]; 2],
        moves: impl Iterator<Item = Move>,
        report: libc::c_int,
    ) -> Self {
        let mut setup = Self {
            program: program.as_ptr(),
            arguments: arguments.as_ptr(),
            environment: environment.as_ptr(),
            moves: [None; MAX_DESCRIPTORS + 1],
            exec_error: 0,
            report,
            signals: MaybeUninit::uninit(),
            texts: PhantomData,
        };
        for (slot, one) in setup.moves.iter_mut().take(MAX_DESCRIPTORS).zip(moves) {
            *slot = Some(one);
        }
        setup
    }

    /// The error because of which the child could not execute its program, if there is one and the child shares
    /// this memory.
    pub(super) fn exec_error(&self) -> Option<libc::c_int> {
        (self.exec_error != 0).then_some(self.exec_error)
    }

    /// Starts the child, and waits until it has executed its program, or ended.
    pub(super) fn start(&mut self) -> io::Result<libc::pid_t> {
        let mut stack = [MaybeUninit::<u128>::uninit(); STACK / size_of::<u128>()];
        let top = stack.as_mut_ptr_range().end;
        let mut all = MaybeUninit::uninit();
        // SAFETY: sigfillset(3) and sigemptyset(3) initialise the sets that they are given, of which
        // sigprocmask(2) then reads the first one. With every signal blocked, no handler runs in
        // the child, where it would work on this process's memory.
        unsafe {
            libc::sigemptyset(self.signals.as_mut_ptr());
            libc::sigfillset(all.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), ptr::null_mut());
        }
        // SAFETY: the child runs `child_main` on the stack above, of which `top` is the end, aligned
        // to 16 bytes; both the stack and the set-up outlive its use of them, because CLONE_VFORK
        // keeps this thread waiting until the child has executed its program or ended. An emulator
        // that cannot share memory gives the child a copy, of which the same is true.
        let pid = unsafe {
            libc::clone(
                child_main,
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

    /// In the child: prepares it and executes its program. It returns only with the number of an error.
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
        check(unsafe { libc::setpgid(0, 0) })?;
        if self.pending().all(|one| one.to != 0) {
            let from = check(open_null())?;
            if let Some(last) = self.moves.last_mut() {
                *last = Some(Move { from, to: 0 });
            }
        }
        if self.pending().any(|one| one.to == self.report) {
            self.report = above(self.report)?;
        }
        self.place()?;
        // SAFETY: the parent has initialised the mask, which is only read.
        check(unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, self.signals.as_ptr(), ptr::null_mut())
        })?;
        Ok(())
    }

    /// Gives every descriptor its number. A number that another descriptor still has is not taken before
    /// that one has moved.
    fn place(&mut self) -> Result<(), Failed> {
        while self.pending().next().is_some() {
            let mut moved = false;
            for index in 0..self.moves.len() {
                let Some(Some(Move { from, to })) = self.moves.get(index).copied() else {
                    continue;
                };
                if from != to && self.pending().any(|one| one.from == to) {
                    continue;
                }
                // SAFETY: fcntl with F_SETFD and dup2(2) take integers and touch no memory. What
                // dup2 makes is not close-on-exec.
                check(unsafe {
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
            // In a circle each waits for the next one. When one takes another number, the others can go on.
            let first = self.moves.iter_mut().flatten().next();
            if let Some(first) = first.filter(|_| !moved) {
                first.from = above(first.from)?;
            }
        }
        Ok(())
    }

    fn pending(&self) -> impl Iterator<Item = Move> {
        self.moves.iter().flatten().copied()
    }
}

/// Opens /dev/null. The C library's open(3) would set close-on-exec by a second call.
fn open_null() -> libc::c_int {
    let path = c"/dev/null".as_ptr();
    let flags = libc::O_RDONLY | libc::O_CLOEXEC;
    // SAFETY: the path is a static, zero-terminated text, which open(2) reads; the rest are integers.
    #[cfg(target_arch = "x86_64")]
    let file = unsafe { libc::syscall(libc::SYS_open, path, flags) };
    // SAFETY: as above.
    #[cfg(not(target_arch = "x86_64"))]
    let file = unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path, flags) };
    file as libc::c_int
}

/// A system call failed; errno says why.
struct Failed;

fn check(result: libc::c_int) -> Result<libc::c_int, Failed> {
    if result < 0 { Err(Failed) } else { Ok(result) }
}

/// Gives a descriptor another number, which is in nobody's way.
fn above(fd: libc::c_int) -> Result<libc::c_int, Failed> {
    // SAFETY: fcntl with F_DUPFD_CLOEXEC takes integers and touches no memory.
    check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, HIGH) })
}

/// Whether a child shares its parent's memory until it executes its program, as clone(2) is asked for. Emulators
/// of processes such as qemu's and valgrind make a copy instead; they have no vDSO, which every kernel has. (An
/// emulator that has one too is not noticed: a program that cannot be executed then just ends, with 127.)
pub(super) fn shares_memory() -> bool {
    // SAFETY: getauxval(3) takes an integer and reads what the kernel has given to this process.
    unsafe { libc::getauxval(libc::AT_SYSINFO_EHDR) != 0 }
}

/// The function in which the child begins.
extern "C" fn child_main(setup: *mut c_void) -> libc::c_int {
    // SAFETY: `ChildSetup::start` passes a pointer to its set-up, which nobody else uses while its
    // thread waits.
    let setup = unsafe { &mut *setup.cast::<ChildSetup<'_>>() };
    setup.exec_error = setup.execute();
    if setup.report >= 0 {
        let number = &raw const setup.exec_error;
        // SAFETY: the pointer is to a live integer, of which write(2) reads the size given.
        unsafe { libc::write(setup.report, number.cast(), size_of::<libc::c_int>()) };
    }
    // SAFETY: _exit(2) runs nothing of the parent's.
    unsafe { libc::_exit(127) }
}
