//! Network devices whose other end is a file.
#![allow(unsafe_code)] // No crate wraps TUNSETIFF.

use std::ffi::c_char;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;

/// Makes a device of this name in the network namespace of the calling thread. Each read of the file gives
/// one packet that the namespace sends by the device; each packet that is written to it arrives there.
pub(super) fn device(name: &str) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/net/tun")?;
    // SAFETY: the structure consists of numbers only, for all of which zero is valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if name.len() >= request.ifr_name.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as c_char;
    }
    let flags = libc::IFF_TUN | libc::IFF_NO_PI;
    request.ifr_ifru.ifru_flags = flags as i16;
    // SAFETY: the file is open, and TUNSETIFF reads and writes the one structure that it is given, which lives
    // until the call is over; its name ends with a zero, since it is shorter than the field.
    let status = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF as _, &raw mut request) };
    if status == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(file)
}
