//! Ports for servers that bind them by themselves.

use std::net::{Ipv4Addr, TcpStream};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below the ports that Linux gives to whoever asks for any: one of those would be given out again
/// before the server that it is meant for listens there.
const FIRST: u32 = 20_000;
const PORTS: u32 = 12_000;

/// A local port on which nobody listens. A process gets each one once.
///
/// Nobody ever listened there to find that out, either: a process that another thread is just
/// starting would have the listener for a moment more, and take a connection that is meant for
/// the server.
pub(crate) fn free_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    // Processes that run at the same time begin apart from each other.
    let begin = process::id().wrapping_mul(97);
    for _ in 0..PORTS {
        let number = begin.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(FIRST + number % PORTS).expect("a port");
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            return port;
        }
    }
    panic!("no local port from {FIRST} on is free");
}
