//! A listener whose connections have a thread each.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use super::Connection;

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
