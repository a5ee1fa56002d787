//! Connections to an application on this machine. No call waits.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use super::{checked, owned};

/// An address in the form that connect(2) takes.
enum Address {
    V4(libc::sockaddr_in),
    V6(libc::sockaddr_in6),
}

impl Address {
    fn new(address: &SocketAddr) -> Self {
        match address {
            SocketAddr::V4(address) => Self::V4(libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: address.port().to_be(),
                sin_addr: libc::in_addr {
                    s_addr: u32::from_ne_bytes(address.ip().octets()),
                },
                sin_zero: [0; 8],
            }),
            SocketAddr::V6(address) => Self::V6(libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: address.port().to_be(),
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr {
                    s6_addr: address.ip().octets(),
                },
                sin6_scope_id: address.scope_id(),
            }),
        }
    }

    fn connect(&self, socket: BorrowedFd<'_>) -> io::Result<()> {
        let (pointer, size) = match self {
            Self::V4(address) => ((&raw const *address).cast(), size_of_val(address)),
            Self::V6(address) => ((&raw const *address).cast(), size_of_val(address)),
        };
        // SAFETY: the pointer is to a live address whose size is given, and connect(2) only reads it;
        // the descriptor is open because it is borrowed.
        let done = unsafe { libc::connect(socket.as_raw_fd(), pointer, size as libc::socklen_t) };
        checked(done).map(drop)
    }

    /// Begins to connect, or goes on; returns whether the socket is connected now.
    fn is_connected(&self, socket: BorrowedFd<'_>) -> io::Result<bool> {
        if let Err(error) = self.connect(socket) {
            match error.raw_os_error() {
                Some(libc::EALREADY | libc::EINPROGRESS) => return Ok(false),
                Some(libc::EISCONN) => {}
                _ => return Err(error),
            }
        }
        send_at_once(socket);
        Ok(true)
    }
}

/// A new socket for connections to such an address, which does not block.
pub(crate) fn new(address: &SocketAddr) -> io::Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => libc::AF_INET,
        SocketAddr::V6(_) => libc::AF_INET6,
    };
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: socket(2) takes integers.
    owned(unsafe { libc::socket(family, kind, 0) })
}

/// Begins to connect; returns whether the socket is connected already. On one machine it usually is when the
/// first call of connect(2) returns, which only a second call says. It is not when the application accepts
/// connections more slowly than they come. A socket that was refused can be connected again.
pub(crate) fn connect(socket: BorrowedFd<'_>, address: &SocketAddr) -> io::Result<bool> {
    let target = Address::new(address);
    Ok(target.is_connected(socket)? || target.is_connected(socket)?)
}

/// Whether a socket that was not connected at once is connected now; an error if it cannot be connected.
pub(crate) fn is_connected(socket: BorrowedFd<'_>, address: &SocketAddr) -> io::Result<bool> {
    Address::new(address).is_connected(socket)
}

/// Sets TCP_NODELAY: the last part of a body must not wait for the acknowledgement of what was sent before.
fn send_at_once(socket: BorrowedFd<'_>) {
    let on: libc::c_int = 1;
    // SAFETY: the pointer is to a live integer whose size is given, and setsockopt(2) only reads it;
    // the descriptor is open because it is borrowed. TCP has this option always.
    unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_NODELAY,
            (&raw const on).cast(),
            size_of_val(&on) as libc::socklen_t,
        );
    }
}

/// Sends as many of these bytes as the socket takes, and returns how many it took.
pub(crate) fn send(socket: BorrowedFd<'_>, parts: [&[u8]; 2]) -> io::Result<usize> {
    let parts = parts.map(|part| libc::iovec {
        iov_base: part.as_ptr().cast_mut().cast(),
        iov_len: part.len(),
    });
    // SAFETY: the pointer and the count are those of a live array of slices, which writev(2) only
    // reads; the descriptor is open because it is borrowed.
    let sent = unsafe { libc::writev(socket.as_raw_fd(), parts.as_ptr(), 2) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}
