//! Carries packets between two network devices, each some time after it came.
//!
//! Linux can delay packets itself (netem), where its kernel has that; this serves everywhere.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::clock::ExactSleeps;

/// The largest packet of the devices.
const PACKET: usize = 1500;
/// How late the kernel may wake a thread whose sleep is over, in nanoseconds.
const LATENESS: u64 = 1;

/// Carries packets both ways until the process ends.
pub(super) fn between(one: &File, other: &File, delay: Duration) -> io::Result<()> {
    carry(one.try_clone()?, other.try_clone()?, delay);
    carry(other.try_clone()?, one.try_clone()?, delay);
    Ok(())
}

fn carry(mut from: File, mut to: File, delay: Duration) {
    let (send, receive) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || -> io::Result<()> {
        let mut packet = [0; PACKET];
        loop {
            let length = from.read(&mut packet)?;
            if send
                .send((Instant::now() + delay, packet[..length].to_vec()))
                .is_err()
            {
                return Ok(());
            }
        }
    });
    thread::spawn(move || {
        let _exact = ExactSleeps::within(LATENESS);
        for (due, packet) in receive {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            // A device that takes no packet now loses it, as a network does.
            let _ = to.write_all(&packet);
        }
    });
}
