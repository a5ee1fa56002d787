//! The state of a process and its descendants in /proc.

use std::fs;

use nix::time::ClockId;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// The resources that a program has used, summed over its processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// Highest resident memory of each process, in kB.
    pub(crate) peak_kb: u64,
    pub(crate) minor_faults: u64,
    pub(crate) major_faults: u64,
}

/// The process and its running descendants.
pub(crate) fn tree(pid: i32) -> Vec<i32> {
    let mut found = vec![pid];
    let mut at = 0;
    while at < found.len() {
        // Each thread has the children that it has started.
        let threads = fs::read_dir(format!("/proc/{}/task", found[at]));
        for thread in threads.into_iter().flatten().flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            let children = children.split_whitespace();
            found.extend(children.filter_map(|pid| pid.parse::<i32>().ok()));
        }
        at += 1;
    }
    found
}

/// The CPU time of a process and its threads until now, without its children, in microseconds.
pub(crate) fn cpu_micros(pid: i32) -> Result<f64, String> {
    let time = ClockId::pid_cpu_clock_id(Pid::from_raw(pid)).and_then(ClockId::now);
    let time = time.map_err(|error| format!("the CPU time of process {pid}: {error}"))?;
    Ok(time.tv_sec() as f64 * 1e6 + time.tv_nsec() as f64 / 1e3)
}

/// The resources that the process and its descendants have used.
pub(crate) fn usage(pid: i32) -> Result<Usage, String> {
    let read = |pid: i32, file: &str| {
        let path = format!("/proc/{pid}/{file}");
        fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
    };
    let mut sum = Usage::default();
    for pid in tree(pid) {
        let (Ok(status), Ok(stat)) = (read(pid, "status"), read(pid, "stat")) else {
            continue; // It has ended meanwhile, and its faults count with its parent's.
        };
        let faults = faults(&stat).ok_or_else(|| format!("/proc/{pid}/stat is not understood"))?;
        sum.minor_faults += faults.0;
        sum.major_faults += faults.1;
        // The status file's counter is exact only within a batch of pages, this one is; it has
        // no peak, but a process that waits for its first event is at its peak.
        let now = read(pid, "smaps_rollup")
            .ok()
            .and_then(|text| kilobytes(&text, "Rss:"));
        let peak = kilobytes(&status, "VmHWM:").max(now);
        sum.peak_kb += peak.unwrap_or(0);
    }
    Ok(sum)
}

/// Resident memory of a process alone, in kB: all of it, and without the pages of files, which others may share.
pub(crate) fn resident_kb(pid: i32) -> Result<(u64, u64), String> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let all = kilobytes(&text, "Rss:").zip(kilobytes(&text, "Anonymous:"));
    all.ok_or_else(|| format!("{path} is not understood"))
}

/// Minor and major faults of a process and of its children that have ended.
fn faults(stat: &str) -> Option<(u64, u64)> {
    // The second field is the program's name in parentheses and may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let numbers: Vec<u64> = rest
        .split_whitespace()
        .skip(7)
        .take(4)
        .map_while(|field| field.parse().ok())
        .collect();
    let [minor, minor_of_children, major, major_of_children] = numbers[..] else {
        return None;
    };
    Some((minor + minor_of_children, major + major_of_children))
}

fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 100 20 3 4 0 0";
        assert_eq!(faults(stat), Some((120, 7)));
        assert_eq!(faults("7 (a) S 1"), None);
    }

    #[test]
    fn sizes_are_read_with_their_unit() {
        assert_eq!(
            kilobytes("Name:\ta\nVmHWM:\t    32 kB\n", "VmHWM:"),
            Some(32)
        );
        assert_eq!(kilobytes("Rss:  x kB", "Rss:"), None);
    }

    #[test]
    fn this_process_has_used_memory() {
        let usage = usage(std::process::id().cast_signed()).unwrap();
        assert!(usage.peak_kb > 100 && usage.minor_faults > 10);
        assert!(cpu_micros(std::process::id().cast_signed()).unwrap() > 0.0);
    }
}
