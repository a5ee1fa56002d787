//! Which machine this is.

use std::collections::BTreeMap;
use std::fs;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// Properties of the machine on which figures depend.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory_mb: u64,
    pub(crate) kernel: String,
    pub(crate) system: String,
    /// The hypervisor, as far as the guest can see it.
    pub(crate) virtualised: String,
    /// How far the kernel reads ahead on the disk of the programs; cold starts depend on it.
    #[serde(default)]
    pub(crate) read_ahead_kb: Option<u64>,
    /// The core that the measurement ran on, if it could choose one.
    #[serde(default)]
    pub(crate) core: Option<usize>,
    /// How many processes wanted to run when the measurement began, and when it ended.
    pub(crate) load: Vec<f64>,
}

impl Machine {
    pub(crate) fn of_this_host() -> Machine {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpu = fields(&read("/proc/cpuinfo"), ':');
        let memory = fields(&read("/proc/meminfo"), ':');
        let system = fields(&read("/etc/os-release"), '=');
        let kilobytes = memory
            .get("MemTotal")
            .and_then(|size| size.strip_suffix(" kB"));
        Machine {
            // arm64 kernels give numbers only.
            cpu: cpu.get("model name").cloned().unwrap_or_else(|| {
                let part = |name| cpu.get(name).map_or("?", String::as_str);
                format!(
                    "implementer {} part {}",
                    part("CPU implementer"),
                    part("CPU part")
                )
            }),
            // All of them, whichever this process may use.
            cores: read("/proc/cpuinfo")
                .lines()
                .filter(|line| line.starts_with("processor"))
                .count(),
            memory_mb: kilobytes
                .and_then(|size| size.parse::<u64>().ok())
                .unwrap_or(0)
                / 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            system: system.get("PRETTY_NAME").cloned().unwrap_or_default(),
            virtualised: virtualised(&cpu, read("/sys/class/dmi/id/sys_vendor").trim()),
            read_ahead_kb: None,
            core: None,
            load: load().into_iter().collect(),
        }
    }

    /// Keeps this process, and all that it starts, on one core; the last one, since the first
    /// often has the interrupts.
    ///
    /// Left alone, the scheduler sometimes puts a program beside the Runtime API and sometimes on
    /// another core, and a call takes 20 or 30 us accordingly, for minutes. One core is also what
    /// a function has with up to 1769 MB.
    pub(crate) fn pin_to_core(&mut self) {
        let own = Pid::from_raw(0);
        let Ok(allowed) = sched_getaffinity(own) else {
            return;
        };
        let last = (0..CpuSet::count()).rfind(|core| allowed.is_set(*core).unwrap_or(false));
        let mut only = CpuSet::new();
        if let Some(core) = last
            && only
                .set(core)
                .and_then(|()| sched_setaffinity(own, &only))
                .is_ok()
        {
            self.core = last;
        }
    }

    /// Notes the load once more.
    pub(crate) fn note_load(&mut self) {
        self.load.extend(load());
    }

    /// One line for the table.
    pub(crate) fn describe(&self) -> String {
        let load: Vec<String> = self.load.iter().map(|load| format!("{load:.1}")).collect();
        let disk = self
            .read_ahead_kb
            .map_or_else(String::new, |kb| format!(", disk read-ahead {kb} KiB"));
        let core = self
            .core
            .map_or_else(String::new, |core| format!(", all on core {core}"));
        format!(
            "{}, {} cores, {} MB, Linux {}, {}, {}{disk}{core}, load {}",
            self.cpu,
            self.cores,
            self.memory_mb,
            self.kernel,
            self.system,
            self.virtualised,
            load.join(" to ")
        )
    }
}

fn virtualised(cpu: &BTreeMap<String, String>, vendor: &str) -> String {
    let flags = cpu.get("flags").map_or("", String::as_str);
    let hypervisor = flags.split_whitespace().any(|flag| flag == "hypervisor");
    match (hypervisor, vendor) {
        (true, "") => "in a virtual machine".to_owned(),
        (true, vendor) => format!("in a virtual machine ({vendor})"),
        (false, "") => "virtualisation not known".to_owned(),
        (false, vendor) => vendor.to_owned(),
    }
}

fn load() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// The first value of each name.
fn fields(text: &str, separator: char) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for (name, value) in text.lines().filter_map(|line| line.split_once(separator)) {
        let value = value.trim().trim_matches('"').to_owned();
        fields.entry(name.trim().to_owned()).or_insert(value);
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_trimmed_and_the_first_counts() {
        let fields = fields("model name\t: A B\nmodel name\t: C\n", ':');
        assert_eq!(fields["model name"], "A B");
        assert_eq!(super::fields("NAME=\"Debian\"", '=')["NAME"], "Debian");
    }

    #[test]
    fn this_host_has_a_kernel() {
        let machine = Machine::of_this_host();
        assert!(!machine.kernel.is_empty() && machine.cores > 0 && machine.memory_mb > 0);
    }
}
