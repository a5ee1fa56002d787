//! System calls from exec to the sent `GET /next`, by ptrace(2), over all processes and threads.

use std::collections::HashMap;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::one::TIMEOUT;
use crate::api::{Api, Call};
use crate::arch::Arch;
use crate::clock::Moment;
use crate::programs::Program;
use crate::spawn;

/// Counts the system calls. The execve that starts the program is not among them, the call that
/// sends the request is the last.
pub(crate) fn system_calls(api: &mut Api, program: &Program, arch: Arch) -> Result<u64, String> {
    let pid = start(&api.address()?, program).map_err(|error| error.to_string())?;
    let counted = follow(api, pid, arch);
    spawn::end(pid.as_raw());
    // Whichever comes first: a process ends only when its traced threads have been waited for.
    while waitpid(None, Some(WaitPidFlag::__WALL)).is_ok() {}
    api.reset();
    counted
}

fn start(address: &str, program: &Program) -> io::Result<Pid> {
    let mut command = Command::new(&program.command[0]);
    command.args(&program.command[1..]).env_clear();
    for line in program.environment(address, &program.task_root) {
        if let Some((name, value)) = line.split_once('=') {
            command.env(name, value);
        }
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    trace_me(&mut command);
    Ok(Pid::from_raw(command.spawn()?.id().cast_signed()))
}

#[allow(unsafe_code)] // Something between fork and exec is unsafe by nature.
fn trace_me(command: &mut Command) {
    // SAFETY: the closure makes one system call and neither allocates nor takes a lock.
    unsafe { command.pre_exec(|| ptrace::traceme().map_err(io::Error::from)) };
}

fn follow(api: &mut Api, pid: Pid, arch: Arch) -> Result<u64, String> {
    let failed = |error: nix::Error| format!("ptrace: {error}");
    // The process stops when it has become the program.
    waitpid(pid, None).map_err(failed)?;
    ptrace::setoptions(
        pid,
        Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACEEXEC
            | Options::PTRACE_O_TRACEFORK
            | Options::PTRACE_O_TRACEVFORK
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_EXITKILL,
    )
    .map_err(failed)?;
    ptrace::syscall(pid, None).map_err(failed)?;

    let mut count = 0;
    // The call that each process is in.
    let mut inside: HashMap<Pid, u64> = HashMap::new();
    let until = Moment::now().after(TIMEOUT);
    while !until.left().is_zero() {
        let status =
            waitpid(None, Some(WaitPidFlag::__WALL | WaitPidFlag::WNOHANG)).map_err(failed)?;
        let (stopped, signal) = match status {
            WaitStatus::StillAlive => {
                thread::sleep(Duration::from_micros(50));
                continue;
            }
            WaitStatus::PtraceSyscall(stopped) => {
                if let Some(number) = inside.remove(&stopped) {
                    if arch.sending().contains(&number) && polled(api)? {
                        return Ok(count);
                    }
                } else if let Some(number) = entered(stopped) {
                    count += 1;
                    inside.insert(stopped, number);
                }
                (stopped, None)
            }
            WaitStatus::PtraceEvent(stopped, ..) => (stopped, None),
            // A new process or thread begins with a stop of its own.
            WaitStatus::Stopped(stopped, Signal::SIGSTOP | Signal::SIGTRAP) => (stopped, None),
            WaitStatus::Stopped(stopped, signal) => (stopped, Some(signal)),
            WaitStatus::Exited(ended, status) if ended == pid => {
                return Err(format!("the program ended: exit status {status}"));
            }
            WaitStatus::Signaled(ended, signal, _) if ended == pid => {
                return Err(format!("the program ended: killed by {signal}"));
            }
            _ => continue,
        };
        // A process may have been killed meanwhile; its end is the next status.
        let _ = ptrace::syscall(stopped, signal);
    }
    Err(format!("no Next within {} s", TIMEOUT.as_secs()))
}

/// The number of the call that the process is about to make; `None` at a call's end.
fn entered(pid: Pid) -> Option<u64> {
    let info = ptrace::syscall_info(pid).ok()?;
    (info.op == libc::PTRACE_SYSCALL_INFO_ENTRY).then(|| entry_number(&info))
}

#[allow(unsafe_code)] // libc's union.
fn entry_number(info: &libc::ptrace_syscall_info) -> u64 {
    // SAFETY: the caller has seen that the kernel filled in this variant.
    unsafe { info.u.entry.nr }
}

/// Whether `GET /next` has arrived. On loopback it has when the sending call returns; a little
/// patience costs nothing, since the sender is stopped.
fn polled(api: &mut Api) -> Result<bool, String> {
    let until = Moment::now().after(Duration::from_millis(2));
    match api.receive(until, &mut || None)? {
        Some(request) if request.call == Call::Next => Ok(true),
        Some(request) => Err(format!("it sent {:?} instead of Next", request.call)),
        None => Ok(false),
    }
}
