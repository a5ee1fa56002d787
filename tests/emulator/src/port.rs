//! Ports for servers that bind them by themselves.

use std::net::{Ipv4Addr, TcpStream};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// Ports below Linux's ephemeral range: an ephemeral port could be given out again before the server
/// for which it is meant listens there.
const FIRST: u32 = 20_000;
const PORTS: u32 = 12_000;

/// A free local port. A process gets each one once.
///
/// It is not tested by listening there: a process that another thread is just starting would inherit the
/// listener for a moment, and take a connection that is meant for the server.
///
/// # Panics
///
/// If each of the ports is in use.
#[must_use]
pub fn free_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    // Processes that run at the same time use different ranges.
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
