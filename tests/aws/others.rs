//! Programs that others wrote, as scripts/setup installs them.

use std::env;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::common;

/// The folder with the tools of scripts/setup.
pub(crate) fn tools() -> Option<PathBuf> {
    let cache = env::var_os("COLDSPARK_CACHE").map(PathBuf::from);
    let cache =
        cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache/coldspark")));
    Some(cache?.join("tools"))
}

/// A server in the place of AWS; ends with the value.
pub(crate) struct Running {
    process: Child,
    port: u16,
}

impl Running {
    /// Starts the program that `make` gives for a port, and waits until it listens there.
    #[track_caller]
    pub(crate) fn start(make: impl FnOnce(&str) -> Command) -> Self {
        let port = common::free_port();
        let mut command = make(&port.to_string());
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("the server starts");
        let running = Self { process, port };
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "{command:?} does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        running
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
