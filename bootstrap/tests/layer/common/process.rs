//! The state of processes in /proc, and signals to them.
#![allow(unsafe_code)]

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};

use coldspark_emulator::confine::{self, Step};
use coldspark_emulator::under_test::{note_failure, wait_until};

/// The children of a process, of all its threads, zombies too.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{parent}/task")) else {
        return Vec::new();
    };
    let lists = tasks.flatten().map(|task| task.path().join("children"));
    let texts: Vec<String> = lists.flat_map(fs::read_to_string).collect();
    let pids = texts.iter().flat_map(|text| text.split_whitespace());
    pids.filter_map(|pid| pid.parse().ok()).collect()
}

/// The children of a process that have ended and were not reaped.
pub(crate) fn zombies(parent: u32) -> Vec<u32> {
    let ended = |pid: &u32| {
        fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    };
    children(parent).into_iter().filter(ended).collect()
}

/// Whether there is such a process and it has not ended.
pub(crate) fn is_running(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// Waits until a child ends, and gives its status. `log` is for the message of a failure.
#[track_caller]
pub(crate) fn wait_for_end(child: &mut Child, log: impl Fn() -> String) -> ExitStatus {
    let mut status = None;
    let has_ended = || {
        status = child.try_wait().expect("a child");
        status.is_some()
    };
    wait_until("the end of the bootstrap", has_ended, log);
    status.expect("it has ended")
}

/// Kills a bootstrap and the process groups of its children, at the end of a test.
pub(crate) fn end(child: &mut Child) {
    note_failure();
    let workers = children(child.id());
    let _ = child.kill();
    let _ = child.wait();
    for worker in workers {
        signal(-(worker as i32), libc::SIGKILL);
    }
}

/// Whether the first thread of a process waits for something.
pub(crate) fn waits(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") S "))
}

/// The open descriptors of a process: number and target of each.
pub(crate) fn descriptors(pid: u32) -> Vec<(u32, String)> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).expect("a running process");
    let entries = entries.flatten().filter_map(|entry| {
        let target = fs::read_link(entry.path()).ok()?;
        let number = entry.file_name().to_str()?.parse().ok()?;
        Some((number, target.to_string_lossy().into_owned()))
    });
    entries.collect()
}

/// The descriptors that this test has inherited itself, and that every process it starts therefore has. What
/// the tests beside this one have open does not count: Rust opens it so that a started process closes it.
pub(crate) fn inherited_descriptors() -> Vec<(u32, String)> {
    let mut inherited = descriptors(std::process::id());
    inherited.retain(|(number, _)| {
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap_or_default();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        let flags = flags.and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok());
        flags.is_some_and(|flags| flags & libc::O_CLOEXEC == 0)
    });
    inherited
}

/// The numbers of a process's open descriptors, without those that every process has.
pub(crate) fn own_descriptors(pid: u32) -> Vec<u32> {
    own_numbers(descriptors(pid))
}

/// The numbers of a list of descriptors, in order, without those that every process has.
pub(crate) fn own_numbers(mut list: Vec<(u32, String)>) -> Vec<u32> {
    let inherited = inherited_descriptors();
    list.retain(|entry| entry.0 < 3 || !inherited.contains(entry));
    let mut numbers: Vec<u32> = list.into_iter().map(|(number, _)| number).collect();
    numbers.sort_unstable();
    numbers
}

/// Sends a signal; to a process group when `pid` is negative.
pub(crate) fn signal(pid: i32, signal: i32) {
    // SAFETY: kill(2) takes integers and touches no memory.
    unsafe { libc::kill(pid, signal) };
}

/// Whether all threads of a process wait for something.
pub(crate) fn all_wait(pid: u32) -> bool {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    tasks.is_ok_and(|tasks| {
        let stats = tasks.flatten().map(|task| task.path().join("stat"));
        stats
            .map(fs::read_to_string)
            .all(|stat| stat.is_ok_and(|stat| stat.contains(") S ")))
    })
}

/// Lets a command and what it starts run on one processor only, so that its threads take turns.
pub(crate) fn on_one_processor(command: &mut Command) {
    // SAFETY: between fork and exec only two system calls are made, which are async-signal-safe;
    // they get the address and size of a live set, for which all-zero bytes are the empty one, and
    // CPU_ISSET and CPU_SET only touch that.
    unsafe {
        command.pre_exec(|| {
            let mut all = std::mem::zeroed::<libc::cpu_set_t>();
            let size = size_of::<libc::cpu_set_t>();
            libc::sched_getaffinity(0, size, &raw mut all);
            let first = (0..libc::CPU_SETSIZE as usize).find(|cpu| libc::CPU_ISSET(*cpu, &all));
            let mut one = std::mem::zeroed::<libc::cpu_set_t>();
            libc::CPU_SET(first.unwrap_or_default(), &mut one);
            libc::sched_setaffinity(0, size, &raw const one);
            Ok(())
        });
    }
}

/// A pipe that holds no more than a page, which any line may fill: its reading and its writing end.
pub(crate) fn narrow_pipe() -> [fs::File; 2] {
    let (read, write) = coldspark::internal::pipe(0).expect("a pipe");
    // SAFETY: fcntl with F_SETPIPE_SZ takes integers and touches no memory.
    unsafe { libc::fcntl(write.as_raw_fd(), libc::F_SETPIPE_SZ, 4096) };
    [read.into(), write.into()]
}

/// A lease on this file: until it is dropped, or the kernel takes it back after 45 s, any other process
/// that opens or executes the file waits. `None` where the system gives no leases.
pub(crate) fn lease(path: &Path) -> Option<fs::File> {
    /// The number of a command that the libc crate does not have for all systems.
    const F_SETSIG: i32 = 10;
    let file = fs::File::open(path).ok()?;
    // SAFETY: fcntl with F_SETSIG and F_SETLEASE takes integers and touches no memory. Who waits is
    // told by SIGURG, which is ignored, instead of SIGIO, which would end this process.
    let leased = unsafe {
        libc::fcntl(file.as_raw_fd(), F_SETSIG, libc::SIGURG) == 0
            && libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, libc::F_WRLCK) == 0
    };
    leased.then_some(file)
}

/// Makes memfd_create and pidfd_open fail in a command.
pub(crate) fn refuse_new_calls(command: &mut Command) {
    refuse(command, &[libc::SYS_memfd_create, libc::SYS_pidfd_open]);
}

/// Makes these system calls fail with ENOSYS in a command, as an old kernel or a strict sandbox
/// would.
pub(crate) fn refuse(command: &mut Command, calls: &[libc::c_long]) {
    refuse_with(command, calls, libc::ENOSYS);
}

/// Makes these system calls fail with this error in a command.
pub(crate) fn refuse_with(command: &mut Command, calls: &[libc::c_long], error: i32) {
    const RETURN: u16 = 0x06;
    const LOAD: u16 = 0x20;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const ALLOW: u32 = 0x7fff_0000;
    const ERROR: u32 = 0x0005_0000;
    let step = |code, yes, no, value| Step {
        code,
        yes,
        no,
        value,
    };
    let mut filter = vec![step(LOAD, 0, 0, 0)];
    for (index, call) in calls.iter().enumerate() {
        let rest = (calls.len() - index) as u8;
        filter.push(step(JUMP_IF_EQUAL, rest, 0, *call as u32));
    }
    filter.push(step(RETURN, 0, 0, ALLOW));
    filter.push(step(RETURN, 0, 0, ERROR | error as u32));
    confine::install(command, filter);
}
