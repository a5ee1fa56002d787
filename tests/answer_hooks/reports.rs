//! The hooks of `fixture-hooks` report on a connection to the test, and wait there for an order.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{Function, function, limit};

/// The listener to which the hooks report.
pub(crate) struct Reports(TcpListener);

impl Reports {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        Self(listener)
    }

    pub(crate) fn function(&self, handler: &str) -> Function {
        let address = self.0.local_addr().expect("an address");
        function("fixture-hooks")
            .handler(handler)
            .env("HOOKS", address.to_string())
    }

    /// The next hook that reports; it waits for its answer.
    #[track_caller]
    pub(crate) fn next(&self) -> Report {
        let until = Instant::now() + limit();
        loop {
            match self.0.accept() {
                Ok((stream, _)) => return Report::read(stream),
                Err(_) => assert!(Instant::now() < until, "no hook has reported"),
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// The next hook that reports, which then goes on.
    #[track_caller]
    pub(crate) fn pass(&self, hook: &str, id: &str, result: &str) {
        self.next().expect(hook, id, result).answer("go");
    }
}

/// A hook that waits for its order.
pub(crate) struct Report {
    line: String,
    stream: TcpStream,
}

impl Report {
    #[track_caller]
    fn read(stream: TcpStream) -> Self {
        stream.set_nonblocking(false).expect("a socket");
        stream.set_read_timeout(Some(limit())).expect("a socket");
        let mut line = String::new();
        let read = BufReader::new(&stream).read_line(&mut line);
        assert!(read.is_ok() && line.ends_with('\n'), "{read:?} {line:?}");
        Self { line, stream }
    }

    #[track_caller]
    pub(crate) fn expect(self, hook: &str, id: &str, result: &str) -> Self {
        let begin = format!("{hook}, {id}, {result}, ");
        assert!(self.line.starts_with(&begin), "{begin:?}: {:?}", self.line);
        self
    }

    pub(crate) fn part(&self, number: usize) -> &str {
        self.line.trim().split(", ").nth(number).expect("a part")
    }

    pub(crate) fn answer(mut self, order: &str) {
        writeln!(self.stream, "{order}").expect("the hook waits");
    }
}
