//! Socket calls for which std wants an initialised buffer or two extra system calls.

use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::ptr;

use once_cell::race::OnceRef;

/// Waits until a socket can be read, or with `true` takes bytes again, and attends to something
/// else meanwhile.
pub type Attend = fn(BorrowedFd<'_>, bool);

static ATTEND: OnceRef<'static, Attend> = OnceRef::new();

/// Has `work` called before every wait for the Runtime API, by whoever waits. Only the first call
/// counts.
pub fn attend_with(work: &'static Attend) {
    let _ = ATTEND.set(work);
}

/// Attends to what there is until the socket can be read, or takes bytes again.
pub(crate) fn attend(stream: &TcpStream, room: bool) {
    if let Some(work) = ATTEND.get() {
        work(stream.as_fd(), room);
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
    attend(stream, false);
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
/// it, nor sent bytes that nobody asked for. One non-blocking system call.
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

/// Waits until a socket that does not block takes bytes again, or has something to read, which
/// may be its end; says whether it has. There is no time limit.
pub(crate) fn await_room(stream: &TcpStream) -> io::Result<bool> {
    attend(stream, true);
    let mut polled = libc::pollfd {
        fd: stream.as_raw_fd(),
        events: libc::POLLIN | libc::POLLOUT,
        revents: 0,
    };
    loop {
        // SAFETY: the pointer is to one live, exclusively borrowed pollfd and the count is 1; the
        // descriptor is open because `stream` owns it and is borrowed. Neither a limit nor a mask
        // of signals is given. poll(2) would go on by restart_syscall(2) after a freeze.
        if unsafe { libc::ppoll(&raw mut polled, 1, ptr::null(), ptr::null()) } >= 0 {
            return Ok(polled.revents & !libc::POLLOUT != 0);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Lets calls wait, or not. By fcntl(2): std's ioctl(2) would be one more system call to allow.
pub(crate) fn set_blocking(stream: &TcpStream, blocking: bool) -> io::Result<()> {
    // A socket has no other flag that can be changed, and none is wanted.
    let flags = if blocking { 0 } else { libc::O_NONBLOCK };
    // SAFETY: fcntl with F_SETFL takes integers and touches no memory; the descriptor is open
    // because `stream` owns it and is borrowed.
    match unsafe { libc::fcntl(stream.as_raw_fd(), libc::F_SETFL, flags) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
