//! Connections to an application on this machine. No call waits.

use std::io;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
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
            SocketAddr::V6(address) => Self::V6(v6(address)),
        }
    }

    /// Where it is in memory, and its size.
    fn as_raw(&self) -> (*const libc::sockaddr, libc::socklen_t) {
        let (pointer, size) = match self {
            Self::V4(address) => ((&raw const *address).cast(), size_of_val(address)),
            Self::V6(address) => ((&raw const *address).cast(), size_of_val(address)),
        };
        (pointer, size as libc::socklen_t)
    }

    fn port(&self) -> u16 {
        u16::from_be(match self {
            Self::V4(address) => address.sin_port,
            Self::V6(address) => address.sin6_port,
        })
    }

    fn connect(&self, socket: BorrowedFd<'_>) -> io::Result<()> {
        let (pointer, size) = self.as_raw();
        // SAFETY: the pointer is to a live address whose size is given, and connect(2) only reads it;
        // the descriptor is open because it is borrowed.
        checked(unsafe { libc::connect(socket.as_raw_fd(), pointer, size) }).map(drop)
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
        if local_port(socket).is_ok_and(|port| port == self.port()) {
            disconnect(socket);
            return Err(io::Error::from_raw_os_error(libc::ECONNABORTED));
        }
        send_at_once(socket);
        Ok(true)
    }
}

fn v6(address: &SocketAddrV6) -> libc::sockaddr_in6 {
    libc::sockaddr_in6 {
        sin6_family: libc::AF_INET6 as libc::sa_family_t,
        sin6_port: address.port().to_be(),
        sin6_flowinfo: 0,
        sin6_addr: libc::in6_addr {
            s6_addr: address.ip().octets(),
        },
        sin6_scope_id: address.scope_id(),
    }
}

/// The port of this end. The kernel may choose the one that nobody listens to yet, and TCP then connects the
/// socket with itself (RFC 9293, section 3.5: both ends open at the same time).
fn local_port(socket: BorrowedFd<'_>) -> io::Result<u16> {
    // An address of either family fits into it, and both have the port at the same place.
    let mut local = v6(&SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 0, 0, 0));
    let mut size = size_of_val(&local) as libc::socklen_t;
    // SAFETY: the pointers are to a live address and its size, and getsockname(2) writes no more than that;
    // the descriptor is open because it is borrowed.
    let done = unsafe { libc::getsockname(socket.as_raw_fd(), (&raw mut local).cast(), &mut size) };
    checked(done)?;
    Ok(u16::from_be(local.sin6_port))
}

/// Ends a connection at once: a usual end would keep the application from its port for a minute.
fn disconnect(socket: BorrowedFd<'_>) {
    let nothing = libc::sockaddr {
        sa_family: libc::AF_UNSPEC as libc::sa_family_t,
        sa_data: [0; 14],
    };
    // SAFETY: the pointer is to a live address whose size is given, and connect(2) only reads it.
    unsafe {
        libc::connect(
            socket.as_raw_fd(),
            &nothing,
            size_of_val(&nothing) as libc::socklen_t,
        );
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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::os::fd::AsFd;

    use super::*;

    /// A socket whose own port the kernel has chosen, as connect(2) does.
    fn bound(address: &SocketAddr) -> (OwnedFd, u16) {
        let socket = new(address).unwrap();
        let address = Address::new(address);
        let (pointer, size) = address.as_raw();
        // SAFETY: the pointer is to a live address of this size, which bind(2) only reads.
        checked(unsafe { libc::bind(socket.as_raw_fd(), pointer, size) }).unwrap();
        let port = local_port(socket.as_fd()).unwrap();
        (socket, port)
    }

    #[test]
    fn a_socket_does_not_connect_with_itself_and_leaves_the_port_free() {
        for host in [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()] {
            let (socket, port) = bound(&SocketAddr::new(host, 0));
            let address = SocketAddr::new(host, port);
            let error = connect(socket.as_fd(), &address).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::ECONNABORTED));
            drop(socket);
            // It sets no option that would let it have the port all the same.
            bound(&address);
        }
    }
}
