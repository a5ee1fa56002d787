//! Plays steps on one connection.

use std::fs;
use std::io;
use std::net::{Shutdown, SocketAddr, SocketAddrV4, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::extension;
use super::shared::Shared;
use super::step::{After, Delivery, Listener, Reads, Step};
use crate::http::{Body, Connection, Head, Request};

/// Between two writes, so that they arrive as two reads on an idle machine.
const BETWEEN_PIECES: Duration = Duration::from_millis(2);
const BETWEEN_BYTES: Duration = Duration::from_micros(100);

/// Serves one connection until it ends.
pub(super) fn connection(shared: &Arc<Shared>, stream: Arc<TcpStream>, number: usize) {
    let mut connection = Connection::new(stream, number);
    while !shared.take_unread() {
        match connection.read_head() {
            Ok(Some(head)) => {
                if !request(shared, &mut connection, head) {
                    return;
                }
            }
            Ok(None) => return,
            Err((fault, raw)) => {
                let head = Head {
                    raw,
                    ..Head::default()
                };
                let body = Body {
                    fault: Some(fault),
                    ..Body::default()
                };
                shared.record(Request::new(number, head, body));
                return;
            }
        }
    }
}

/// Serves one request as its step says; returns whether the connection goes on.
fn request(shared: &Arc<Shared>, connection: &mut Connection, head: Head) -> bool {
    if extension::is_extension_call(&head) {
        return extension::request(shared, connection, head);
    }
    let call = crate::api::Call::of(&head.method, &head.path);
    let step = shared.take_step(call);
    let number = connection.number();
    if let Some(step) = &step {
        if connection.write(&step.interim).is_err() {
            return false;
        }
    }
    let early = step.as_ref().is_some_and(|step| step.reads != Reads::All);
    let body = if early {
        Body::unread(&head)
    } else {
        connection.read_body(&head, usize::MAX)
    };
    let left = (early && body.fault.is_some()).then(|| head.clone());
    shared.record(Request::new(number, head, body));
    let Some(step) = step.or_else(|| shared.await_step(call)) else {
        return false;
    };
    match step.listener {
        Some(Listener::Close) => shared.close_listener(),
        Some(Listener::Reopen) => {
            // Without a listener the client under test shows the failure.
            let _ = shared.reopen_listener();
        }
        None => {}
    }
    if deliver(connection, &step).is_err() {
        return false;
    }
    if step.awaits_reader {
        await_reader(connection.stream());
    }
    match step.after {
        After::Keep => {
            if let Some(head) = left {
                connection.read_body(&head, 0);
            }
            !connection.is_broken()
        }
        After::Close => {
            if left.is_some() && !step.reply.is_empty() {
                // Closing over unread bytes would reset and could destroy the answer.
                let _ = connection.stream().shutdown(Shutdown::Write);
                connection.drain();
            }
            false
        }
        After::Reset => {
            let linger = Some(Duration::ZERO);
            let _ = rustix::net::sockopt::set_socket_linger(connection.stream(), linger);
            false
        }
        After::Park => {
            shared.await_end();
            false
        }
    }
}

/// Waits until nothing is left in the receive queue of the connection's other end, or that end
/// is gone.
fn await_reader(stream: &TcpStream) {
    let (Ok(SocketAddr::V4(own)), Ok(SocketAddr::V4(peer))) =
        (stream.local_addr(), stream.peer_addr())
    else {
        return;
    };
    let ends = format!(" {} {} ", table_form(peer), table_form(own));
    // `tx_queue:rx_queue` is the word behind the state.
    let has_unread = |line: &str| {
        let rest = line.split_once(&ends);
        let queues = rest.and_then(|(_, rest)| rest.split_whitespace().nth(1));
        queues.is_some_and(|queues| !queues.ends_with(":00000000"))
    };
    while fs::read_to_string("/proc/net/tcp").is_ok_and(|table| table.lines().any(has_unread)) {
        thread::sleep(Duration::from_millis(1));
    }
}

/// An address as /proc/net/tcp writes it.
fn table_form(address: SocketAddrV4) -> String {
    let ip = u32::from_ne_bytes(address.ip().octets());
    format!("{ip:08X}:{:04X}", address.port())
}

fn deliver(connection: &mut Connection, step: &Step) -> io::Result<()> {
    let reply = step.reply.as_slice();
    match &step.delivery {
        Delivery::Whole if reply.is_empty() => Ok(()),
        Delivery::Whole => connection.write(reply),
        Delivery::Dribble => {
            for byte in reply {
                connection.write(std::slice::from_ref(byte))?;
                thread::sleep(BETWEEN_BYTES);
            }
            Ok(())
        }
        Delivery::Split(offsets) => {
            let mut start = 0;
            for &end in offsets.iter().chain([&reply.len()]) {
                if start < end && end <= reply.len() {
                    connection.write(&reply[start..end])?;
                    thread::sleep(BETWEEN_PIECES);
                    start = end;
                }
            }
            Ok(())
        }
    }
}
