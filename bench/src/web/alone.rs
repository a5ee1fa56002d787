//! An application that is asked without anything before it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::clock::{ExactSleeps, Moment};
use crate::measure::one::TIMEOUT;
use crate::spawn;

/// How often a port is asked that refuses: at first, and later. An attempt takes about 10 us of the other core,
/// which may be a hardware thread of the same one.
const PAUSE: Duration = Duration::from_micros(20);
const LATER: Duration = Duration::from_micros(100);
/// Until then it is the first pause: a server in C listens after 0.3 ms.
const SOON: Duration = Duration::from_millis(2);
/// How late a pause may end, in nanoseconds.
const LATENESS: u64 = 1_000;
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";

/// A connection to the application.
pub(super) struct Client(TcpStream);

impl Client {
    /// Connects as soon as somebody listens. The attempts are made on the other cores: on the application's own
    /// they would take a good part of its time.
    pub(super) fn connect(port: u16, pid: i32) -> Result<Self, String> {
        let _elsewhere = Elsewhere::go();
        Self::await_listener(port, pid)
    }

    fn await_listener(port: u16, pid: i32) -> Result<Self, String> {
        let (began, until) = (Instant::now(), Moment::now().after(TIMEOUT));
        loop {
            if let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
                let prepared = stream
                    .set_nodelay(true)
                    .and_then(|()| stream.set_read_timeout(Some(TIMEOUT)));
                prepared.map_err(|error| error.to_string())?;
                return Ok(Self(stream));
            }
            if let Some(how) = spawn::ended(pid) {
                return Err(format!("the application ended: {how}"));
            }
            if until.left().is_zero() {
                return Err(format!("nobody listens after {} s", TIMEOUT.as_secs()));
            }
            thread::sleep(match began.elapsed() < SOON {
                true => PAUSE,
                false => LATER,
            });
        }
    }

    /// Asks for the page; gives the moments before and after.
    pub(super) fn ask(&mut self) -> Result<(Moment, Moment), String> {
        let failed = |error: std::io::Error| format!("asking the application: {error}");
        let (mut answer, mut filled) = ([0; 4096], 0);
        let sent = Moment::now();
        self.0.write_all(REQUEST).map_err(failed)?;
        // Each of them answers with a body of two bytes.
        while !answer[..filled].ends_with(b"\r\n\r\nok") {
            match self.0.read(&mut answer[filled..]).map_err(failed)? {
                0 => return Err("the application closed its connection".to_owned()),
                count => filled += count,
            }
        }
        Ok((sent, Moment::now()))
    }
}

/// While it lives, this thread runs on every core but the one of the measurement, and its pauses are exact.
struct Elsewhere {
    before: Option<CpuSet>,
    _exact: ExactSleeps,
}

impl Elsewhere {
    fn go() -> Self {
        Self {
            before: Self::leave(),
            _exact: ExactSleeps::within(LATENESS),
        }
    }

    /// The cores before, if this thread has left one of them.
    fn leave() -> Option<CpuSet> {
        let own = Pid::from_raw(0);
        let before = sched_getaffinity(own).ok()?;
        let mut others = CpuSet::new();
        for core in 0..CpuSet::count() {
            if !before.is_set(core).unwrap_or(true) {
                let _ = others.set(core);
            }
        }
        // The kernel leaves out cores that the machine has not; with none left it refuses.
        sched_setaffinity(own, &others).is_ok().then_some(before)
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = sched_setaffinity(Pid::from_raw(0), before);
        }
    }
}
