//! What a bootstrap and its children hold.

use std::fmt;
use std::fs;

/// Sums over a process and its children.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Holdings {
    processes: u64,
    threads: u64,
    descriptors: u64,
    resident_kb: u64,
    /// The most that it ever was. What is resident at one moment depends on when the allocator
    /// gives memory back, which it does by the clock.
    peak_kb: u64,
}

impl Holdings {
    pub(crate) fn of(bootstrap: u32) -> Result<Self, String> {
        let children = format!("/proc/{bootstrap}/task/{bootstrap}/children");
        let children = fs::read_to_string(&children).map_err(|e| format!("{children}: {e}"))?;
        let mut all = Self::default();
        let children = children.split_whitespace().map(str::to_owned);
        for pid in children.chain([bootstrap.to_string()]) {
            all.add(&pid)
                .map_err(|why| format!("process {pid}: {why}"))?;
        }
        Ok(all)
    }

    fn add(&mut self, pid: &str) -> Result<(), String> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"));
        let status = status.map_err(|error| error.to_string())?;
        let number = |name: &str| -> Result<u64, String> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let word = line.and_then(|line| line.split_whitespace().next());
            let number = word.and_then(|word| word.parse().ok());
            number.ok_or_else(|| format!("no {name} in its status"))
        };
        self.threads += number("Threads:")?;
        self.resident_kb += number("VmRSS:")?;
        self.peak_kb += number("VmHWM:")?;
        let open = fs::read_dir(format!("/proc/{pid}/fd")).map_err(|error| error.to_string())?;
        self.descriptors += open.count() as u64;
        self.processes += 1;
        Ok(())
    }

    /// What has become more, by more than `allowance` kB for the memory.
    pub(crate) fn growth_since(&self, before: &Self, allowance: u64) -> Option<&'static str> {
        if self.processes != before.processes {
            Some("the processes are others")
        } else if self.threads != before.threads {
            Some("the threads are not as many as before")
        } else if self.descriptors != before.descriptors {
            Some("the descriptors are not as many as before")
        } else if self.peak_kb > before.peak_kb + allowance {
            Some("the memory has grown")
        } else {
            None
        }
    }
}

impl fmt::Display for Holdings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} kB resident (at most {}), {} descriptors, {} threads, {} processes",
            self.resident_kb, self.peak_kb, self.descriptors, self.threads, self.processes
        )
    }
}
