//! `coldspark-soak`: very many events through one bootstrap, each answer checked, and what its
//! processes hold at the end against what they held after half of them. scripts/soak runs
//! it.

mod holdings;
mod server;

use std::env;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use holdings::Holdings;
use server::Server;

const USAGE: &str = "usage: coldspark-soak BOOTSTRAP HANDLER TASK_ROOT EVENTS EVENT RESPONSE
EVENT and RESPONSE have a % where the number of the event is";
/// The least number of events.
const LEAST: u64 = 10_000;
/// What the most resident memory of all processes may have grown by since then, in kB: pages of code
/// and stack that had not been touched.
const ALLOWANCE: u64 = 64;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("coldspark-soak: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The bootstrap; ends with the value.
struct Bootstrap(Child);

impl Drop for Bootstrap {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let [bootstrap, handler, task_root, events, event, response] = arguments else {
        return Err(USAGE.to_owned());
    };
    let events: u64 = events
        .parse()
        .ok()
        .filter(|events| *events >= LEAST)
        .ok_or_else(|| format!("{events:?} is not a number of at least {LEAST}"))?;
    // What is made once is made by then: mimalloc looks through its heap at 10,000 slow allocations.
    let half = events / 2;
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let child = Command::new(Path::new(bootstrap))
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("_HANDLER", handler)
        .env("LAMBDA_TASK_ROOT", task_root)
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| format!("{bootstrap}: {error}"))?;
    let child = Bootstrap(child);
    let mut server = Server::new(listener, event, response);
    let tenth = events / 10;
    let mut rates = Vec::new();
    let mut settled = None;
    server.wait_for_poll()?;
    for part in 0..10 {
        let begun = Instant::now();
        for number in part * tenth..(part + 1) * tenth {
            server.invoke(number)?;
            if number + 1 == half {
                settled = Some(Holdings::of(child.0.id())?);
            }
        }
        rates.push(rate(tenth, begun.elapsed()));
        eprintln!("{} events", (part + 1) * tenth);
    }
    let end = Holdings::of(child.0.id())?;
    let settled = settled.ok_or("there were too few events")?;
    println!(
        "{events} events on {} connections: after {half}: {settled}; at the end: {end}",
        server.connections()
    );
    let [first, .., last] = rates[..] else {
        return Err("there was no time".to_owned());
    };
    println!(
        "the first {tenth}: {first:.0} events a second; the last: {last:.0}; {:+.1}%",
        (last / first - 1.0) * 100.0
    );
    match end.growth_since(&settled, ALLOWANCE) {
        None => Ok(()),
        Some(what) => Err(format!("{what}: {settled}, then {end}")),
    }
}

fn rate(events: u64, took: Duration) -> f64 {
    events as f64 / took.as_secs_f64()
}
