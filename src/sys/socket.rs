//! Socket calls for which std needs an initialised buffer or two extra system calls.

use std::io;
use std::net::TcpStream;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
use std::time::Duration;

/// Sets the time limit of blocking reads of this socket, or with `of_writes` of writes, in milliseconds. Sockets
/// always have this option, so there is no error to report.
pub(crate) fn set_time_limit(socket: BorrowedFd<'_>, of_writes: bool, milliseconds: u64) {
    let option = if of_writes {
        libc::SO_SNDTIMEO
    } else {
        libc::SO_RCVTIMEO
    };
    let limit = libc::timeval {
        tv_sec: (milliseconds / 1000) as i64,
        tv_usec: (milliseconds % 1000 * 1000) as i64,
    };
    let size = size_of::<libc::timeval>() as libc::socklen_t;
    // SAFETY: the pointer is to a live timeval, the size is that of one, and setsockopt(2) only
    // reads it; the descriptor is open because it is borrowed.
    unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            (&raw const limit).cast(),
            size,
        );
    }
}

/// Receives into the spare capacity of `buffer` and returns how many bytes came; 0 is the end
/// of the stream. An interrupted call is repeated.
///
/// The capacity must not be full, or 0 would be mistaken for the end; it is grown when it is.
pub(crate) fn receive(stream: &TcpStream, buffer: &mut Vec<u8>) -> io::Result<usize> {
    if buffer.len() == buffer.capacity() {
        buffer.reserve(4096);
    }
    loop {
        let spare = buffer.spare_capacity_mut();
        // SAFETY: `spare` is the allocated, unused tail of `buffer`, exclusively borrowed for the
        // call; recv(2) writes at most `spare.len()` bytes to it and reads none. The descriptor is
        // open because `stream` owns it and is borrowed.
        let got = unsafe {
            libc::recv(
                stream.as_raw_fd(),
                spare.as_mut_ptr().cast(),
                spare.len(),
                0,
            )
        };
        match usize::try_from(got) {
            Ok(got) => {
                let filled = buffer.len() + got;
                // SAFETY: recv(2) has initialised the first `got` bytes behind the old length, and
                // `got` is at most the spare capacity, so `filled` is within the capacity.
                unsafe { buffer.set_len(filled) };
                return Ok(got);
            }
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
}

/// Whether a kept connection is still good for a request: the peer has neither closed nor reset
/// it, nor sent unexpected bytes. It takes one non-blocking system call.
pub(crate) fn is_idle(stream: &TcpStream) -> bool {
    let mut byte = 0_u8;
    // SAFETY: the pointer is to one live, exclusively borrowed byte and the length given is 1;
    // MSG_PEEK and MSG_DONTWAIT neither consume nor block. The descriptor is open because
    // `stream` owns it and is borrowed.
    let got = unsafe {
        libc::recv(
            stream.as_raw_fd(),
            (&raw mut byte).cast(),
            1,
            libc::MSG_PEEK | libc::MSG_DONTWAIT,
        )
    };
    got < 0 && io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock
}

/// Waits until a non-blocking socket is readable (which may be its end) or, with `or_writable`, writable;
/// returns whether it is readable. `None` when the time is over.
///
/// # Errors
/// `Interrupted` when a signal came, and others of ppoll(2).
pub(crate) fn poll(
    stream: &TcpStream,
    or_writable: bool,
    limit: Option<Duration>,
) -> io::Result<Option<bool>> {
    let events = match or_writable {
        true => libc::POLLIN | libc::POLLOUT,
        false => libc::POLLIN,
    };
    let mut polled = libc::pollfd {
        fd: stream.as_raw_fd(),
        events,
        revents: 0,
    };
    let time = limit.map(|limit| libc::timespec {
        tv_sec: limit.as_secs() as i64,
        tv_nsec: limit.subsec_nanos().into(),
    });
    let time = time.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the pointer is to one live, exclusively borrowed pollfd and the count is 1; the
    // descriptor is open because `stream` owns it and is borrowed. The limit is null or lives
    // until the call returns, and no mask of signals is given. poll(2) would go on by
    // restart_syscall(2) after a freeze.
    match unsafe { libc::ppoll(&raw mut polled, 1, time, ptr::null()) } {
        0 => Ok(None),
        1.. => Ok(Some(polled.revents & !libc::POLLOUT != 0)),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Makes the socket blocking or non-blocking by fcntl(2): std's ioctl(2) would be one more system call for
/// a filter to allow.
pub(crate) fn set_blocking(stream: &TcpStream, blocking: bool) -> io::Result<()> {
    // No other flag of a socket that can be changed is in use.
    let flags = if blocking { 0 } else { libc::O_NONBLOCK };
    // SAFETY: fcntl with F_SETFL takes integers and touches no memory; the descriptor is open
    // because `stream` owns it and is borrowed.
    match unsafe { libc::fcntl(stream.as_raw_fd(), libc::F_SETFL, flags) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no such option")]
    fn a_time_limit_is_that_of_reads_or_of_writes() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let limits = || [socket.read_timeout(), socket.write_timeout()].map(Result::unwrap);
        set_time_limit(socket.as_fd(), false, 2500);
        assert_eq!(limits(), [Some(Duration::from_millis(2500)), None]);
        set_time_limit(socket.as_fd(), true, 40_000);
        set_time_limit(socket.as_fd(), false, 0);
        assert_eq!(limits(), [None, Some(Duration::from_secs(40))]);
    }
}
