//! Shared parts of the integration tests: the binaries under test, a process with its scripted Runtime
//! API, and expectations of requests.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `COLDSPARK_TEST_BINARIES` | a folder with `<name>/bootstrap` for every function under test | built by cargo |
//! | `COLDSPARK_TEST_RUNNER` | a program that runs them, qemu's user emulation for instance | none |
//! | `COLDSPARK_TEST_PROFILE` | `unwind` or `abort`: the effect of a panic in them | `unwind` |
//! | `COLDSPARK_TEST_OUTSIDE` | a folder with `opentelemetry`, `s3` and `sdk`, the examples outside of the workspace | their tests are skipped |
//! | `COLDSPARK_TEST_CLIENT` | `own` or `ureq`: the client they poll with | `own` |
//!
//! Without a folder, cargo builds them with this profile and client.
#![allow(
    dead_code,
    unused_imports,
    reason = "each test binary uses its own part"
)]

mod binaries;
mod concurrent;
mod events;
mod expect;
mod function;
pub(crate) mod log;
mod rie;
mod session;
mod slow_api;
mod snapstart;

pub(crate) use binaries::{
    Client, Profile, bootstrap_file, client, limit, outside, profile, runner, wait_until,
};
pub(crate) use coldspark_emulator::port::free_port;
pub(crate) use concurrent::{Concurrent, serial};
pub(crate) use events::{answers, aws_event, aws_events};
pub(crate) use expect::{
    Failure, assert_next, assert_response, failure, init_failure, init_failure_path,
    restore_failure,
};
pub(crate) use function::{Exit, Function, Process, function};
pub(crate) use rie::{Rie, variable};
pub(crate) use session::Session;
pub(crate) use slow_api::SlowApi;
pub(crate) use snapstart::{restored, snap_start};

use std::fs;

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::{self, Step};

/// The steps of invocations that go well: each event, and 202 for its response.
pub(crate) fn exchanges<B: Into<Vec<u8>>>(
    events: impl IntoIterator<Item = (String, B)>,
) -> Vec<Step> {
    let pairs = events.into_iter();
    pairs
        .flat_map(|(id, body)| script::exchange(&id, body))
        .collect()
}

/// Whether a signal does not reach a first thread that waits for a lock: it waits by a system call that the
/// ThreadSanitizer does not see. The test is then left to another form.
pub(crate) fn signals_are_kept_back() -> bool {
    let why = "the sanitizer keeps signals back while the first thread waits for a lock";
    coldspark_emulator::built_for_sanitizer("thread", why)
}

/// A reply with only the headers that every event must have.
pub(crate) fn bare_event(id: &str, body: impl Into<Vec<u8>>) -> Reply {
    Reply::new(200)
        .header("Lambda-Runtime-Aws-Request-Id", id)
        .body(body)
}

/// The reply with `mark` replaced by bytes that text cannot hold.
pub(crate) fn with_bytes(reply: &Reply, mark: &str, bytes: &[u8]) -> Reply {
    let wire = reply.to_bytes();
    let mut found = wire.windows(mark.len());
    let at = found
        .position(|part| part == mark.as_bytes())
        .expect("the mark is in the reply");
    Reply::raw([&wire[..at], bytes, &wire[at + mark.len()..]].concat())
}

/// Waits until the client's ends of all connections to this IPv4 address have seen a close or a
/// reset, which takes a moment after the server's ends are closed.
#[track_caller]
pub(crate) fn wait_disconnected(address: &str) {
    wait_until(
        "disconnected",
        || !is_connected(address),
        || format!("connections to {address} stay open"),
    );
}

/// Whether a client's end of a connection to this IPv4 address is open.
pub(crate) fn is_connected(address: &str) -> bool {
    const ESTABLISHED: &str = "01";
    let port = address.rsplit(':').next().expect("a port");
    let port = format!(":{:04X}", port.parse::<u16>().expect("a port"));
    let is_open = |line: &str| {
        let mut words = line.split_ascii_whitespace().skip(2);
        words.next().is_some_and(|remote| remote.ends_with(&port))
            && words.next() == Some(ESTABLISHED)
    };
    let connections = fs::read_to_string("/proc/net/tcp").expect("the kernel's connections");
    connections.lines().any(is_open)
}

/// A local address that refuses connections for as long as the value lives.
pub(crate) struct Refusing {
    stream: std::net::TcpStream,
}

impl Refusing {
    /// The port of an outgoing connection is in use, and has no listener.
    pub(crate) fn new() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("its address");
        let stream = std::net::TcpStream::connect(address).expect("a connection");
        Self { stream }
    }

    pub(crate) fn address(&self) -> String {
        self.stream.local_addr().expect("an address").to_string()
    }
}
