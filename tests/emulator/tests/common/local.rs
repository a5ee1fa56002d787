//! Runs `coldspark-local` with the bash bootstrap beside it.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The bootstrap, or `None` (and a note) where there is no bash to run it.
pub(crate) fn bootstrap() -> Option<PathBuf> {
    if Path::new("/bin/bash").exists() {
        return Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bootstrap"));
    }
    coldspark_emulator::skipped("no /bin/bash on this machine");
    None
}

pub(crate) fn local(bootstrap: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coldspark-local"));
    command.arg("--bootstrap").arg(bootstrap).args(arguments);
    command
}

/// What a finished run left.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(command: &mut Command, stdin: &str) -> Run {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.stderr(Stdio::piped()).spawn().expect("spawn");
        let mut input = child.stdin.take().expect("piped");
        // It may be refused before stdin is read.
        let _ = input.write_all(stdin.as_bytes());
        drop(input);
        let Output {
            status,
            stdout,
            stderr,
        } = child.wait_with_output().expect("run");
        Run {
            status: status.code().expect("an exit status"),
            stdout: String::from_utf8(stdout).expect("text"),
            stderr: String::from_utf8(stderr).expect("text"),
        }
    }

    /// The words that the lines of the log begin with.
    pub(crate) fn log_words(&self) -> Vec<&str> {
        let lines = self.stderr.lines();
        lines.filter_map(|line| line.split(' ').next()).collect()
    }

    pub(crate) fn reports(&self) -> Vec<&str> {
        let lines = self.stderr.lines();
        lines.filter(|line| line.starts_with("REPORT ")).collect()
    }
}
