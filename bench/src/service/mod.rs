//! The server that functions call which answer with an item of a table: tests/aws-server, with TLS.

pub(crate) mod away;
mod name_server;
mod relay;
mod sys;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running server; ends with the value.
pub(crate) struct Service {
    process: Child,
    url: String,
    roots: PathBuf,
}

impl Service {
    /// Starts what scripts/bench has left in its cache, the server and certificates, on this machine.
    pub(crate) fn start(cache: &Path) -> Result<Self, String> {
        Self::on("127.0.0.1", cache)
    }

    /// The same at this address.
    fn on(address: &str, cache: &Path) -> Result<Self, String> {
        let (program, folder) = (cache.join("aws-server"), cache.join("certificates"));
        let failed =
            |error: String| format!("{}: {error}; scripts/bench builds it", program.display());
        let mut process = Command::new(&program)
            .arg(format!("{address}:0"))
            .arg(&folder)
            .arg("rsa")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let mut url = String::new();
        let read = process
            .stdout
            .take()
            .map(|stdout| BufReader::new(stdout).read_line(&mut url));
        let service = Self {
            process,
            url: url.trim_end().to_owned(),
            roots: folder.join("roots.pem"),
        };
        match read {
            Some(Ok(1..)) => Ok(service),
            _ => Err(failed("it did not say where it is".to_owned())),
        }
    }

    /// The same server, by another name.
    fn named(mut self, name: &str) -> Self {
        self.url = self.url.replace("localhost", name);
        self
    }

    /// What a function must be told: where the server is, whom to trust, and credentials.
    pub(crate) fn variables(&self) -> [String; 6] {
        [
            format!("AWS_ENDPOINT_URL={}", self.url),
            // For programs of ours, and for those with the SDK's defaults, which read the system's roots.
            format!("AWS_CA_BUNDLE={}", self.roots.display()),
            format!("SSL_CERT_FILE={}", self.roots.display()),
            "AWS_ACCESS_KEY_ID=AKIDEXAMPLE".to_owned(),
            "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            // As long as those of a role.
            format!("AWS_SESSION_TOKEN={}", "TokenEXAMPLE".repeat(60)),
        ]
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
