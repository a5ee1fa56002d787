//! Processes that are stopped and go on, as an environment is frozen and thawed.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::common::limit;

/// Sends a signal, and waits until the kernel has done what it says.
pub(super) fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status();
    assert!(sent.expect("kill runs").success());
    let until = Instant::now() + limit();
    while is_stopped(pid) != (name == "STOP") {
        assert!(Instant::now() < until, "SIG{name} has no effect");
        thread::sleep(Duration::from_millis(1));
    }
}

fn is_stopped(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.expect("a running process").contains(") T ")
}

/// Stops the process for as long as this takes.
pub(super) fn frozen(pid: u32, meanwhile: impl FnOnce()) {
    signal("STOP", pid);
    meanwhile();
    signal("CONT", pid);
}
