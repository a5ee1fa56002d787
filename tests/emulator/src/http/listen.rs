//! A listener whose connections have a thread each, and the requests of a connection one after the other.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use super::{Body, Connection, Head};

/// Listens on `address` and gives each connection to `connection`, on a thread of its own, until the
/// program ends. Gives the address, with the port chosen when it was 0.
///
/// # Errors
/// When the address cannot be bound.
pub(crate) fn serve<S: Send + Sync + 'static>(
    address: SocketAddr,
    shared: Arc<S>,
    connection: fn(Connection, &Arc<S>),
) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address)?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let shared = Arc::clone(&shared);
            thread::spawn(move || connection(Connection::new(Arc::new(stream), 0), &shared));
        }
    });
    Ok(address)
}

/// Gives each request of a connection to `answer`, which writes its reply, until that fails or the client
/// closes. Of a body at most `limit` bytes are kept.
pub(crate) fn each_request(
    connection: &mut Connection,
    limit: usize,
    answer: impl Fn(&mut Connection, Head, Body) -> io::Result<()>,
) {
    while let Ok(Some(head)) = connection.read_head() {
        if connection.invite_body(&head).is_err() {
            return;
        }
        let body = connection.read_body(&head, limit);
        if body.fault.is_some() {
            return;
        }
        let closes = head.closes();
        if answer(connection, head, body).is_err() || closes {
            return;
        }
    }
}
