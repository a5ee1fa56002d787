//! Socket calls for which std wants an initialised buffer or two extra system calls.

use std::cell::Cell;
use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

use super::{milliseconds, since_boot};

/// Waits until a socket can be read, or with `true` takes bytes again, or it is this time since
/// boot, and attends to something else meanwhile.
pub type Attend = fn(BorrowedFd<'_>, bool, Option<Duration>);

/// What is called before every wait; null, or one of the two below.
static ATTEND: AtomicPtr<Attend> = AtomicPtr::new(ptr::null_mut());
/// What the process attends to, while waits are limited.
static WORK: AtomicPtr<Attend> = AtomicPtr::new(ptr::null_mut());

thread_local! {
    /// When this thread's waits end, in milliseconds since boot; zero without a limit.
    static UNTIL: Cell<u64> = const { Cell::new(0) };
}

/// Has `work` called before every wait for the Runtime API, by whoever waits. Only the first call
/// counts.
pub fn attend_with(work: &'static Attend) {
    let order = Ordering::AcqRel;
    let work = ptr::from_ref(work).cast_mut();
    let _ = ATTEND.compare_exchange(ptr::null_mut(), work, order, Ordering::Relaxed);
}

/// Ends every wait of this thread so many milliseconds from now; the call that waits then fails
/// with [`WouldBlock`](io::ErrorKind::WouldBlock). For the last calls of a process.
pub(crate) fn limit_waits(left: u64) {
    static LIMITED: Attend = limited;
    UNTIL.set(milliseconds(since_boot()) + left);
    let limited = ptr::from_ref(&LIMITED).cast_mut();
    let before = ATTEND.swap(limited, Ordering::AcqRel);
    if before != limited {
        WORK.store(before, Ordering::Release);
    }
}

/// What is left of this thread's limit in milliseconds, at least one: a socket takes nothing for no
/// limit. None without one.
fn left() -> Option<u64> {
    let until = UNTIL.get();
    (until != 0).then(|| until.saturating_sub(milliseconds(since_boot())).max(1))
}

fn limited(socket: BorrowedFd<'_>, room: bool, until: Option<Duration>) {
    match left() {
        None => call(&WORK, socket, room, until),
        Some(left) if room => set_limit(socket, libc::SO_SNDTIMEO, left),
        Some(left) => set_limit(socket, libc::SO_RCVTIMEO, left),
    }
}

/// Lets a blocking call for this socket wait so many milliseconds at most. Sockets have this option
/// always, so there is no error to report.
fn set_limit(socket: BorrowedFd<'_>, option: libc::c_int, left: u64) {
    let limit = libc::timeval {
        tv_sec: (left / 1000) as i64,
        tv_usec: (left % 1000 * 1000) as i64,
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

/// Attends to what there is until the socket can be read, or takes bytes again, or it is `until`.
#[inline]
pub(crate) fn attend(stream: &TcpStream, room: bool, until: Option<Duration>) {
    call(&ATTEND, stream.as_fd(), room, until);
}

#[inline]
fn call(work: &AtomicPtr<Attend>, socket: BorrowedFd<'_>, room: bool, until: Option<Duration>) {
    // SAFETY: the pointer is null, or was made of a `&'static Attend` by `attend_with` or
    // `limit_waits`, the only functions that store to these statics.
    if let Some(work) = unsafe { work.load(Ordering::Acquire).as_ref() } {
        work(socket, room, until);
    }
}

/// Lets a write to this socket wait no longer than this thread's limit, if it has one.
#[cold]
pub(crate) fn limit_writes(stream: &TcpStream) {
    if let Some(left) = left() {
        set_limit(stream.as_fd(), libc::SO_SNDTIMEO, left);
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
    attend(stream, false, None);
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

/// Waits until a socket that does not block has something to read, which may be its end, or with
/// `room` takes bytes again; says whether there is something to read. There is no time limit but
/// that of the thread and `until`, counted since boot.
///
/// # Errors
/// `TimedOut` when it is `until`, `WouldBlock` when the time of the thread is over.
pub(crate) fn await_peer(
    stream: &TcpStream,
    room: bool,
    until: Option<Duration>,
) -> io::Result<bool> {
    attend(stream, room, until);
    let events = match room {
        true => libc::POLLIN | libc::POLLOUT,
        false => libc::POLLIN,
    };
    let mut polled = libc::pollfd {
        fd: stream.as_raw_fd(),
        events,
        revents: 0,
    };
    loop {
        let own = until.map(|until| until.saturating_sub(since_boot()));
        let limit = [own, left().map(Duration::from_millis)];
        let limit = limit.into_iter().flatten().min();
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
            0 if limit == own => return Err(late()),
            0 => return Err(io::ErrorKind::WouldBlock.into()),
            1.. => return Ok(polled.revents & !libc::POLLOUT != 0),
            _ => {}
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// The peer has let all the time pass.
pub(crate) fn late() -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        "nobody has read the response until the deadline",
    )
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
