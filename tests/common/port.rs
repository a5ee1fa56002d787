//! Ports for servers that bind them by themselves.

use std::net::{Ipv4Addr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below the ports that Linux gives to whoever asks for any: one of those would be given out again
/// before the server that it is meant for listens there.
const FIRST: u32 = 20_000;
const PORTS: u32 = 12_000;

/// A local port for a server that binds it by itself. A process gets each one once.
pub(crate) fn free_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    // Processes that run at the same time begin apart from each other.
    let begin = process::id().wrapping_mul(97);
    for _ in 0..PORTS {
        let number = begin.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(FIRST + number % PORTS).expect("a port");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no local port from {FIRST} on is free");
}
