//! The CPU share that Lambda gives a memory size, by a control group.
//!
//! A process of this program's own lives in the group and starts the programs, which inherit it.
//! The Runtime API stays outside, as it does on Lambda.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::spawn::{self, Launch, Started};

/// The hidden argument that makes this program the one that starts programs.
pub(crate) const SPAWNER: &str = "--spawner";

/// Memory with which a function has one whole CPU, in MB.
const WHOLE_CPU_MB: u64 = 1769;
/// The time slice that a share is taken of, in microseconds.
const PERIOD_US: u64 = 20_000;

/// Microseconds of CPU time in each slice for a memory size.
fn quota_us(memory_mb: u64) -> u64 {
    (memory_mb * PERIOD_US / WHOLE_CPU_MB).max(1000)
}

/// The text about the limit in the table.
pub(crate) fn describe(memory_mb: u64) -> String {
    format!(
        "CPU limited to {} of every {} us, a function's share with {memory_mb} MB",
        quota_us(memory_mb),
        PERIOD_US
    )
}

/// Starts programs, with or without a limit.
pub(crate) enum Spawner {
    Direct,
    Limited(Limited),
}

impl Spawner {
    pub(crate) fn start(&mut self, launch: &Launch) -> Result<Started, String> {
        match self {
            Spawner::Direct => launch.start().map_err(|error| error.to_string()),
            Spawner::Limited(limited) => limited.start(launch),
        }
    }

    /// Waits until what ran before has no part in what comes next: a slice that it has used up
    /// would hold up the next program.
    pub(crate) fn wait_for_share(&self) {
        if matches!(self, Spawner::Limited(_)) {
            thread::sleep(Duration::from_micros(2 * PERIOD_US));
        }
    }

    /// Waits for a program that was killed.
    pub(crate) fn reap(&mut self, pid: i32) {
        match self {
            Spawner::Direct => spawn::reap(pid),
            Spawner::Limited(limited) => {
                let _ = limited.ask::<bool>(&Order::Reap(pid));
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
enum Order {
    Start(Launch),
    Reap(i32),
}

/// The process in the group.
pub(crate) struct Limited {
    group: PathBuf,
    child: Child,
    orders: ChildStdin,
    replies: BufReader<ChildStdout>,
}

impl Limited {
    pub(crate) fn open(memory_mb: u64) -> Result<Limited, String> {
        let group = create_group(quota_us(memory_mb))?;
        let opened = Limited::enter(group.clone());
        if opened.is_err() {
            let _ = fs::remove_dir(&group);
        }
        opened.map_err(|error| format!("cannot start a process in {}: {error}", group.display()))
    }

    fn enter(group: PathBuf) -> io::Result<Limited> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(SPAWNER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(orders), Some(replies)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let limited = Limited {
            child,
            orders,
            replies: BufReader::new(replies),
            group,
        };
        let processes = limited.group.join("cgroup.procs");
        fs::write(processes, limited.child.id().to_string())?;
        Ok(limited)
    }

    fn start(&mut self, launch: &Launch) -> Result<Started, String> {
        self.ask::<Result<Started, String>>(&Order::Start(launch.clone()))?
    }

    fn ask<T: for<'a> Deserialize<'a>>(&mut self, order: &Order) -> Result<T, String> {
        let mut line = serde_json::to_string(order).map_err(|error| error.to_string())?;
        line.push('\n');
        let mut reply = String::new();
        self.orders
            .write_all(line.as_bytes())
            .and_then(|()| self.replies.read_line(&mut reply))
            .map_err(|error| format!("the limited process is gone: {error}"))?;
        serde_json::from_str(&reply)
            .map_err(|error| format!("the limited process is gone: {error}"))
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir(&self.group);
    }
}

/// The loop of the process in the group, until its orders end.
pub(crate) fn serve() -> io::Result<()> {
    let mut out = io::stdout();
    for line in io::stdin().lock().lines() {
        let reply = match serde_json::from_str(&line?)? {
            Order::Start(launch) => {
                serde_json::to_string(&launch.start().map_err(|error| error.to_string()))
            }
            Order::Reap(pid) => {
                spawn::reap(pid);
                serde_json::to_string(&true)
            }
        };
        writeln!(out, "{}", reply?)?;
    }
    Ok(())
}

/// Makes a group with that much CPU time, by either version of control groups.
fn create_group(quota_us: u64) -> Result<PathBuf, String> {
    let (parent, settings) =
        match find_parent(&fs::read_to_string("/proc/self/cgroup").unwrap_or_default()) {
            Parent::Second(path) => {
                // Lets groups below use the controller; it may be on already.
                let _ = fs::write(path.join("cgroup.subtree_control"), "+cpu");
                (path, vec![("cpu.max", format!("{quota_us} {PERIOD_US}"))])
            }
            Parent::First(path) => (
                path,
                vec![
                    ("cpu.cfs_period_us", PERIOD_US.to_string()),
                    ("cpu.cfs_quota_us", quota_us.to_string()),
                ],
            ),
        };
    let group = parent.join(format!("coldspark-bench-{}", std::process::id()));
    let refused = |error: io::Error| {
        format!(
            "--memory needs a control group with the cpu controller, and {} says: {error}; run as \
             root, or have an administrator delegate the cpu controller to you",
            parent.display()
        )
    };
    fs::create_dir(&group).map_err(refused)?;
    for (file, value) in settings {
        if let Err(error) = fs::write(group.join(file), value) {
            let _ = fs::remove_dir(&group);
            return Err(refused(error));
        }
    }
    Ok(group)
}

#[derive(Debug, PartialEq)]
enum Parent {
    First(PathBuf),
    Second(PathBuf),
}

/// The folder of this process's own group for CPU time, from /proc/self/cgroup.
fn find_parent(groups: &str) -> Parent {
    let lines = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        Some((parts.next()?, parts.next()?.trim_start_matches('/')))
    });
    let mut own = "";
    for (controllers, path) in lines {
        if controllers.split(',').any(|name| name == "cpu") {
            return Parent::First(Path::new("/sys/fs/cgroup").join(controllers).join(path));
        }
        if controllers.is_empty() {
            own = path;
        }
    }
    // A group with processes cannot have groups with controllers below it, so a sibling it is.
    let parent = Path::new(own).parent().unwrap_or(Path::new(""));
    Parent::Second(Path::new("/sys/fs/cgroup").join(parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_grow_with_memory() {
        assert_eq!(quota_us(1769), 20_000);
        assert_eq!(quota_us(128), 1447);
    }

    #[test]
    fn both_versions_of_groups_are_found() {
        let first = "9:name=systemd:/\n3:cpu,cpuacct:/a/b\n0::/\n";
        let path = PathBuf::from("/sys/fs/cgroup/cpu,cpuacct/a/b");
        assert_eq!(find_parent(first), Parent::First(path));
        let path = PathBuf::from("/sys/fs/cgroup/user.slice");
        assert_eq!(
            find_parent("0::/user.slice/me.scope\n"),
            Parent::Second(path)
        );
    }
}
