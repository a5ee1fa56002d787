//! Another process's connections, to read what it has set on them.

use std::fs;
use std::io;
use std::net::TcpStream;

use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

/// Copies of all connections of a process (pidfd_getfd(2)): options and state are those of the
/// process's own.
///
/// # Errors
///
/// When the process is gone, or this one may not look into it.
pub fn of_process(pid: u32) -> io::Result<Vec<TcpStream>> {
    let raw = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let handle = pidfd_open(raw.ok_or(io::ErrorKind::InvalidInput)?, PidfdFlags::empty())?;
    let mut found = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        let entry = entry?;
        let target = fs::read_link(entry.path());
        let is_socket = target.is_ok_and(|to| to.to_string_lossy().starts_with("socket:"));
        let number = entry.file_name().to_string_lossy().parse();
        if let (true, Ok(number)) = (is_socket, number) {
            let copy = pidfd_getfd(&handle, number, PidfdGetfdFlags::empty())?;
            let stream = TcpStream::from(copy);
            if stream.peer_addr().is_ok() {
                found.push(stream);
            }
        }
    }
    Ok(found)
}
