//! A process with all that it started: signals for the whole of it.

use std::fs;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// The process group of a runtime with its descendants: a runtime may give the processes it starts
/// groups of their own. Signals go to nobody once [`Tree::forget`] was called.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// The id of the group's leader, until that was reaped.
    leader: Arc<Mutex<Option<Pid>>>,
}

impl Tree {
    /// Of the process with this id, which leads its process group or has none of its own.
    #[must_use]
    pub fn of(leader: u32) -> Tree {
        let pid = i32::try_from(leader).ok().and_then(Pid::from_raw);
        Tree {
            leader: Arc::new(Mutex::new(pid)),
        }
    }

    /// Sends SIGKILL to all.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Stops all, as a freeze of the environment does.
    pub fn stop(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets all of them go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Sends SIGTERM to the group, as far as there is one, as AWS's Runtime Interface Emulator does.
    pub fn terminate(&self) {
        self.with(|leader| {
            let sent = kill_process_group(leader, Signal::TERM);
            let _ = sent.or_else(|_| kill_process(leader, Signal::TERM));
        });
    }

    /// Whether the leader was reaped, or there never was one.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.with(|_| ()).is_none()
    }

    /// To be called when the leader has ended and before it is reaped: its id may then become
    /// another's. What is left of its group is killed.
    pub fn forget(&self) {
        let mut leader = self.leader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leader) = leader.take() {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }

    /// The sum of the peak resident sizes, in kB.
    #[must_use]
    pub fn peak_kb(&self) -> u64 {
        let members = self.with(members).unwrap_or_default();
        members.into_iter().filter_map(peak_kb).sum()
    }

    fn signal(&self, signal: Signal) {
        self.with(|leader| {
            // Listed first: once its parent is dead, a process is nobody's descendant.
            let members = members(leader);
            let _ = kill_process_group(leader, signal);
            for pid in members {
                let _ = kill_process(pid, signal);
            }
        });
    }

    /// Under the lock, so that the id stays its own.
    fn with<T>(&self, act: impl FnOnce(Pid) -> T) -> Option<T> {
        let leader = self.leader.lock().unwrap_or_else(PoisonError::into_inner);
        leader.map(act)
    }
}

/// A process's peak resident size in kB, if it is alive.
fn peak_kb(pid: Pid) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// The leader, the members of its process group and all their descendants.
fn members(leader: Pid) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut others: Vec<(i32, [i32; 2])> = pids
        .filter_map(|pid| Some((pid, parent_and_group(pid)?)))
        .collect();
    let leader = leader.as_raw_pid();
    let mut found = Vec::new();
    loop {
        let (inside, outside): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|(pid, [parent, group])| {
                *pid == leader || *group == leader || found.contains(parent)
            });
        if inside.is_empty() {
            return found.into_iter().filter_map(Pid::from_raw).collect();
        }
        found.extend(inside.into_iter().map(|(pid, _)| pid));
        others = outside;
    }
}

/// Numbers and no `Pid`: the group is 0 for one of another PID namespace, -1 for the dying.
fn parent_and_group(pid: i32) -> Option<[i32; 2]> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Behind the name, which may hold anything: state, parent, group.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(1);
    Some([fields.next()?.parse().ok()?, fields.next()?.parse().ok()?])
}
