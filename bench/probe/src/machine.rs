//! What /proc and /sys say about the machine. Whatever is not there is `null`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

/// The time that this thread was on a CPU.
pub(crate) fn cpu_time() -> Option<Duration> {
    let text = read("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// The kernel, the processor, the user, and how far ahead files are read.
pub(crate) fn described() -> Value {
    json!({
        "kernel": read("/proc/sys/kernel/osrelease"),
        "cpu": cpu(),
        "user": user(),
        "descriptors": limit("Max open files"),
        "shared_memory": Path::new("/dev/shm").exists(),
        "task": mounted("/var/task"),
        "read_ahead_kb": read_ahead(),
    })
}

fn read(path: impl AsRef<Path>) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

/// The processor's name, which arm64 has not.
fn cpu() -> Option<String> {
    let text = read("/proc/cpuinfo")?;
    let (_, name) = text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        matches!(key.trim(), "model name" | "CPU part").then_some((key, value))
    })?;
    Some(name.trim().to_owned())
}

fn user() -> Option<u32> {
    let text = read("/proc/self/status")?;
    let ids = text.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    ids.split_whitespace().next()?.parse().ok()
}

fn limit(name: &str) -> Option<u64> {
    let text = read("/proc/self/limits")?;
    let limits = text.lines().find_map(|line| line.strip_prefix(name))?;
    limits.split_whitespace().next()?.parse().ok()
}

/// The kind of the file system with this folder, and its device's number.
fn mounted(folder: &str) -> Option<String> {
    let text = read("/proc/self/mountinfo")?;
    let line = text
        .lines()
        .filter(|line| {
            let point = line.split(' ').nth(4);
            point.is_some_and(|point| Path::new(folder).starts_with(point))
        })
        .max_by_key(|line| line.split(' ').nth(4).map(str::len))?;
    let (place, kind) = line.split_once(" - ")?;
    let device = place.split(' ').nth(2)?;
    Some(format!("{} on {device}", kind.split(' ').next()?))
}

/// Of each device that files can be read from, by its number.
fn read_ahead() -> Map<String, Value> {
    let devices = fs::read_dir("/sys/class/bdi")
        .into_iter()
        .flatten()
        .flatten();
    devices
        .filter_map(|device| {
            let size = read(device.path().join("read_ahead_kb"))?
                .parse::<u64>()
                .ok()?;
            Some((device.file_name().into_string().ok()?, size.into()))
        })
        .collect()
}
