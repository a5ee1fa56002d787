//! What the kernel leaves to the first process: file systems, the loopback device, the console.

use std::fs;
use std::io;

use rustix::mount::{MountFlags, mount};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// Makes the machine fit for the function.
pub(crate) fn prepare() -> io::Result<()> {
    for (kind, place) in [("devtmpfs", "/dev"), ("proc", "/proc")] {
        fs::create_dir_all(place)?;
        mount(kind, place, kind, MountFlags::empty(), None)?;
    }
    // The console carries the protocol: no echo, no changed line ends, no kernel messages.
    let console = io::stdin();
    let mut settings = tcgetattr(&console)?;
    settings.make_raw();
    tcsetattr(&console, OptionalActions::Now, &settings)?;
    fs::write("/proc/sys/kernel/printk", "0")?;
    loopback_up()
}

/// Turns `lo` on; the kernel then gives it 127.0.0.1 by itself.
fn loopback_up() -> io::Result<()> {
    const RTM_NEWLINK: u16 = 16;
    const REQUEST_AND_ACK: u16 = 1 | 4;
    const NLMSG_ERROR: u16 = 2;
    const IFF_UP: u32 = 1;
    const LOOPBACK: u32 = 1;
    let mut request = Vec::with_capacity(32);
    // struct nlmsghdr: length, type, flags, sequence number, port.
    request.extend(32u32.to_ne_bytes());
    request.extend(RTM_NEWLINK.to_ne_bytes());
    request.extend(REQUEST_AND_ACK.to_ne_bytes());
    request.extend([0; 8]);
    // struct ifinfomsg: family, type, index, flags, which flags to change.
    request.extend([0; 4]);
    request.extend(LOOPBACK.to_ne_bytes());
    request.extend(IFF_UP.to_ne_bytes());
    request.extend(IFF_UP.to_ne_bytes());

    let socket = rustix::net::socket(AddressFamily::NETLINK, SocketType::RAW, None)?;
    let kernel = SocketAddrNetlink::new(0, 0);
    rustix::net::sendto(&socket, &request, SendFlags::empty(), &kernel)?;
    // The answer is an nlmsghdr and an errno, negative or 0.
    let mut answer = [0; 256];
    rustix::net::recv(&socket, &mut answer, RecvFlags::empty())?;
    let kind = u16::from_ne_bytes([answer[4], answer[5]]);
    let error = i32::from_ne_bytes([answer[16], answer[17], answer[18], answer[19]]);
    match (kind, error) {
        (NLMSG_ERROR, 0) => Ok(()),
        (NLMSG_ERROR, _) => Err(io::Error::from_raw_os_error(-error)),
        _ => Err(io::Error::other(format!("netlink answered type {kind}"))),
    }
}

/// The hardware random generators that the CPU shows; `none` when it has none.
pub(crate) fn generator() -> io::Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    // x86_64 lists its features as `flags`, arm64 as `Features`.
    let features = cpu
        .lines()
        .filter(|line| line.starts_with("flags") || line.starts_with("Features"))
        .flat_map(str::split_ascii_whitespace);
    let found: Vec<_> = features
        .filter(|feature| matches!(*feature, "rdrand" | "rdseed" | "rng"))
        .collect();
    Ok(match &found[..] {
        [] => "none".to_owned(),
        _ => found.join("+"),
    })
}
