//! Exact counts from qemu's user emulation: instructions, system calls and pages.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::one::{answered, expect};
use crate::api::{Api, Call, Request};
use crate::arch::Arch;
use crate::events;
use crate::programs::{Countable, Exchange, Program};

/// The counts of plugin/counts.c when the program sent `GET /next`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) instructions: u64,
    pub(crate) system_calls: u64,
    /// Pages of 4 KiB from which instructions were fetched, or which instructions read or wrote.
    pub(crate) pages: u64,
    /// From the second `GET /next` to the third.
    pub(crate) event_instructions: u64,
}

/// Where the emulators and the plugin are.
#[derive(Clone, Debug)]
pub(crate) struct Emulation {
    /// Has qemu-x86_64 and qemu-aarch64.
    pub(crate) tools: PathBuf,
    pub(crate) plugin: PathBuf,
    /// The handlers of this machine's architecture: what a program that is counted starts runs
    /// without an emulator.
    pub(crate) handlers: PathBuf,
    /// Where a program is counted, by names that are as long on every machine.
    pub(crate) folder: PathBuf,
    pub(crate) log: PathBuf,
}

/// The program's name in that folder.
const PROGRAM: &str = "./bootstrap";

impl Emulation {
    /// Runs the program under emulation until it has polled three times.
    pub(crate) fn count(
        &self,
        api: &mut Api,
        program: &Program,
        arch: Arch,
    ) -> Result<Counts, String> {
        let emulator = self.tools.join(arch.emulator());
        if !emulator.exists() || !self.plugin.exists() {
            return Err(
                "qemu-user with its plugin is not installed; run scripts/setup bench".to_owned(),
            );
        }
        let _ = fs::remove_file(&self.log);
        let handler = program.files.get(1).and_then(|file| file.file_name());
        let handler = handler.map(|name| (name, self.handlers.join(name)));
        self.place(&program.command[0], handler)
            .map_err(|error| format!("{}: {error}", self.folder.display()))?;
        // A fixed environment: it lies on the stack and is looked through.
        let task_root = match program.countable {
            Countable::Pages => "/proc/self/cwd",
            Countable::All | Countable::Nothing | Countable::Unknown => "/var/task",
        };
        // The program's name and its file's lie there, too.
        let mut command = Command::new(emulator);
        command
            .current_dir(&self.folder)
            .args(["-seed", "1", "-0", "/var/task/bootstrap", "-plugin"])
            .arg(format!(
                "{},out={}",
                self.plugin.display(),
                self.log.display()
            ))
            // As a variable of the emulator's it would not arrive: its `-U _`, by which the shell that
            // starts it hides a variable of its own, also removes what only begins with that name.
            .args(["-E", &format!("_HANDLER={}", program.handler)])
            .arg(PROGRAM)
            .args(&program.command[1..])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        for line in program.environment(&api.address()?, task_root.as_ref()) {
            if let Some((name, value)) = line.split_once('=') {
                command.env(name, value);
            }
        }
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let pid = child.id().cast_signed();
        let small = (events::SMALL, events::SMALL);
        let counts = self.drive(api, pid, arch, program.exchange.unwrap_or(small));
        let _ = child.kill();
        let output = child.wait_with_output();
        api.reset();
        counts.map_err(|error| {
            let text = output.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
            format!("{error}; {}", text.unwrap_or_default().trim())
        })
    }

    /// Makes the folder anew, with links to the program and to its handler.
    fn place(&self, program: &str, handler: Option<(&OsStr, PathBuf)>) -> io::Result<()> {
        let _ = fs::remove_dir_all(&self.folder);
        fs::create_dir_all(&self.folder)?;
        symlink(fs::canonicalize(program)?, self.folder.join(PROGRAM))?;
        handler.map_or(Ok(()), |(name, file)| {
            symlink(fs::canonicalize(file)?, self.folder.join(name))
        })
    }

    fn drive(
        &self,
        api: &mut Api,
        pid: i32,
        arch: Arch,
        exchange: Exchange,
    ) -> Result<Counts, String> {
        let next = expect(api, &Call::Next, pid)?;
        let first = self.read(arch)?;
        // The first event includes work that is done only once.
        let next = Self::event(api, &next, pid, exchange)?;
        let before = self.read(arch)?;
        Self::event(api, &next, pid, exchange)?;
        let after = self.read(arch)?;
        Ok(Counts {
            event_instructions: after.instructions - before.instructions,
            ..first
        })
    }

    /// One event; gives the call for the next.
    fn event(
        api: &mut Api,
        next: &Request,
        pid: i32,
        (event, answer): Exchange,
    ) -> Result<Request, String> {
        answered(api, next, event, answer, pid)?;
        expect(api, &Call::Next, pid)
    }

    /// The counts at the call that sent the request: the last that sends anything, once a later
    /// call has been entered.
    fn read(&self, arch: Arch) -> Result<Counts, String> {
        for _ in 0..200 {
            let log =
                fs::read(&self.log).map_err(|error| format!("the plugin's counts: {error}"))?;
            if let Some(counts) = at_last_send(&log, arch) {
                return Ok(counts);
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err("the plugin's counts do not show how the request was sent".to_owned())
    }
}

/// The log is a row of entries: number of the call, instructions, pages. Unused ones are zero.
fn at_last_send(log: &[u8], arch: Arch) -> Option<Counts> {
    let (sending, clocks) = (arch.sending(), arch.clocks());
    let (numbers, _) = log.as_chunks::<8>();
    let numbers: Vec<u64> = numbers.iter().copied().map(u64::from_ne_bytes).collect();
    let (entries, _) = numbers.as_chunks::<3>();
    let used = entries.iter().take_while(|entry| entry[1] > 0).count();
    let is_sending = |entry: &[u64; 3]| sending.contains(&entry[0]);
    let last = entries[..used].iter().rposition(is_sending)?;
    let calls = entries[..=last]
        .iter()
        .filter(|entry| !clocks.contains(&entry[0]));
    let [_, instructions, pages] = entries[last];
    (last + 1 < used).then_some(Counts {
        instructions,
        system_calls: calls.count() as u64,
        pages,
        event_instructions: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(entries: &[[u64; 3]]) -> Vec<u8> {
        let numbers = entries.iter().flatten();
        numbers.flat_map(|number| number.to_ne_bytes()).collect()
    }

    #[test]
    fn counts_are_those_of_the_last_send() {
        // clock_gettime, connect, write, sendto, read
        let entries = [
            [228, 50, 2],
            [42, 100, 3],
            [1, 150, 4],
            [44, 300, 5],
            [0, 310, 6],
            [0, 0, 0],
        ];
        let counts = Counts {
            instructions: 300,
            system_calls: 3,
            pages: 5,
            event_instructions: 0,
        };
        assert_eq!(at_last_send(&log(&entries), Arch::X8664), Some(counts));
        // Nothing was entered behind it yet: more may come.
        assert_eq!(at_last_send(&log(&entries[..4]), Arch::X8664), None);
        assert_eq!(at_last_send(&[], Arch::X8664), None);
    }
}
