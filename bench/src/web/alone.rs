//! An application that is asked without anything before it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::Duration;

use crate::clock::Moment;
use crate::measure::one::TIMEOUT;
use crate::spawn;

/// How often a port is asked that refuses.
const PAUSE: Duration = Duration::from_micros(100);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";

/// A connection to the application.
pub(super) struct Client(TcpStream);

impl Client {
    /// Connects as soon as somebody listens.
    pub(super) fn connect(port: u16, pid: i32) -> Result<Self, String> {
        let until = Moment::now().after(TIMEOUT);
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
            thread::sleep(PAUSE);
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
