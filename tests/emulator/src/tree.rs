//! A process with all that it started: signals for the whole of it.

use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// The process group of a runtime with its descendants: a runtime may give the processes it starts
/// groups of their own. Signals go to nobody once [`Tree::forget`] was called.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// The id of the group's leader, until that was reaped.
    leader: Arc<Mutex<Option<Pid>>>,
    /// The processes that were there at any look, and when each was started: once the leader is dead, nobody finds
    /// those in other groups any more.
    seen: Arc<Mutex<HashMap<i32, u64>>>,
}

impl Tree {
    /// Of the process with this id, which leads its process group or has none of its own.
    #[must_use]
    pub fn of(leader: u32) -> Tree {
        let pid = i32::try_from(leader).ok().and_then(Pid::from_raw);
        Tree {
            leader: Arc::new(Mutex::new(pid)),
            seen: Arc::default(),
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
    /// another's. The processes that remain in its group are killed, and those of other groups that
    /// [`Tree::peak_kb`] has seen.
    pub fn forget(&self) {
        let mut leader = self.leader.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(leader) = leader.take() else {
            return;
        };
        let _ = kill_process_group(leader, Signal::KILL);
        for (pid, started) in self
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain()
        {
            // The id of one that has ended may be another's by now.
            let is_the_same = Stat::of(pid).is_some_and(|stat| stat.started == started);
            if let Some(pid) = Pid::from_raw(pid).filter(|_| is_the_same) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }

    /// The sum of the peak resident sizes, in kB.
    #[must_use]
    pub fn peak_kb(&self) -> u64 {
        let members = self.with(members).unwrap_or_default();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let stats = members.iter().map(|pid| pid.as_raw_pid());
        seen.extend(stats.filter_map(|pid| Some((pid, Stat::of(pid)?.started))));
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
    let mut others: Vec<(i32, Stat)> = pids.filter_map(|pid| Some((pid, Stat::of(pid)?))).collect();
    let leader = leader.as_raw_pid();
    let mut found = Vec::new();
    loop {
        let (inside, outside): (Vec<_>, Vec<_>) = others.into_iter().partition(|(pid, stat)| {
            *pid == leader || stat.group == leader || found.contains(&stat.parent)
        });
        if inside.is_empty() {
            return found.into_iter().filter_map(Pid::from_raw).collect();
        }
        found.extend(inside.into_iter().map(|(pid, _)| pid));
        others = outside;
    }
}

/// Of what /proc/PID/stat has. Numbers and no `Pid`: the group is 0 for one of another PID namespace, -1 for the
/// dying.
struct Stat {
    parent: i32,
    group: i32,
    /// When it was started, in ticks since boot.
    started: u64,
}

impl Stat {
    fn of(pid: i32) -> Option<Stat> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // Behind the name, which may hold anything: state, parent, group; the start is the twentieth.
        let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(1);
        Some(Stat {
            parent: fields.next()?.parse().ok()?,
            group: fields.next()?.parse().ok()?,
            started: fields.nth(16)?.parse().ok()?,
        })
    }
}
