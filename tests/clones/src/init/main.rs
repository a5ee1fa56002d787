//! `/init` of the virtual machine that `scripts/verify-clones` snapshots.
//!
//! It runs the emulated Runtime API and the function of this package on loopback, brings the
//! function to `restore/next`, and then does what the host says on the serial line:
//!
//! | from the host | to the host |
//! |---|---|
//! | | `@machine KERNEL GENERATOR`: the kernel's release; the CPU's random generator, or `none` |
//! | | `@parked UPTIME QUIET`: seconds since boot, and until the kernel reseeds its pool |
//! | `restored` | `@restored`, once `restore/next` is answered |
//! | `event REQUEST-ID COUNT` | `@value KIND HEX...` lines, as the function wrote them; `@done REQUEST-ID` |
//! | `reseeds` | `@reseeds COUNT`: how often the kernel reseeded since it was parked |
//!
//! `@failed WHY` ends it. Lines without the sign are the function's logs. Request ids come from the
//! host, as the service's come from outside of the machine; the emulator's invocation ids are made
//! in here from the cloned pool, so they help no clone to differ.

mod machine;
mod pool;

use std::error::Error;
use std::fs;
use std::io::{self, BufRead, Write};
use std::net::Ipv4Addr;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use coldspark_emulator::emulator::{Config, Emulator, Init, Invocation, Outcome};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long the function may take for its init phase under emulation.
const INIT_LIMIT: Duration = Duration::from_secs(60);

fn main() {
    if let Err(error) = serve() {
        say(&format!("failed {error}"));
        // The end of the first process is the end of the kernel, which would cut the line off.
        thread::sleep(Duration::from_secs(1));
    }
}

fn serve() -> Result<()> {
    machine::prepare()?;
    pool::trace()?;
    say(&format!(
        "machine {} {}",
        fs::read_to_string("/proc/sys/kernel/osrelease")?.trim_end(),
        machine::generator()?
    ));
    let emulator = Emulator::start(Config {
        address: (Ipv4Addr::LOCALHOST, 9001).into(),
        ..Config::default()
    })?;
    let _function = Command::new("/function")
        .env_clear()
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
        .env("AWS_LAMBDA_RUNTIME_API", emulator.address())
        .env("_HANDLER", "clones")
        .spawn()?;
    if !emulator.wait_restore_point(Instant::now() + INIT_LIMIT) {
        let why = match emulator.wait_init(Instant::now()) {
            Init::Failed(outcome) => told(&outcome),
            other => format!("{other:?}"),
        };
        return Err(format!("the function did not reach restore/next: {why}").into());
    }
    let (uptime, quiet) = pool::settle()?;
    let reseeds = pool::reseeds()?.len();
    say(&format!("parked {uptime:.1} {quiet:.1}"));
    for line in io::stdin().lock().lines() {
        obey(&emulator, reseeds, &line?)?;
    }
    Err("the serial line was closed".into())
}

/// Does what the host says; the kernel had reseeded so often before the snapshot.
fn obey(emulator: &Emulator, reseeds: usize, line: &str) -> Result<()> {
    let mut words = line.split_ascii_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some("restored"), None, None) => {
            emulator.restored();
            say("restored");
        }
        (Some("event"), Some(id), Some(count)) => {
            let mut invocation = Invocation::new(count);
            invocation.request_id = Some(id.to_owned());
            match emulator.invoke(invocation) {
                Outcome::Response { body, .. } => {
                    for value in String::from_utf8(body)?.lines() {
                        say(&format!("value {value}"));
                    }
                }
                other => return Err(format!("event {id}: {}", told(&other)).into()),
            }
            say(&format!("done {id}"));
        }
        (Some("reseeds"), None, None) => {
            say(&format!("reseeds {}", pool::reseeds()?.len() - reseeds));
        }
        _ => return Err(format!("the host said {line:?}").into()),
    }
    Ok(())
}

/// What a function that failed said about it.
fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::InitError { json, .. } | Outcome::FunctionError { json, .. } => {
            String::from_utf8_lossy(json).into_owned()
        }
        other => format!("{other:?}"),
    }
}

/// Writes one line to the host. There is nobody to tell when that fails.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(format!("@{line}\n").as_bytes());
    let _ = out.flush();
}
