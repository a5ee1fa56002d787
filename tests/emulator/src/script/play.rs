//! Plays steps on one connection.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::server::Shared;
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

/// Treats one request; whether the connection goes on.
fn request(shared: &Arc<Shared>, connection: &mut Connection, head: Head) -> bool {
    let call = crate::api::Call::of(&head.method, &head.path);
    let step = shared.take_step(call);
    let number = connection.number();
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
