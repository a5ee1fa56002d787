//! `coldspark-load`: how many events a second a bootstrap answers with one poller and with
//! several. scripts/load runs it.

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use coldspark_emulator::emulator::{Config, Emulator, Init, Invocation, Outcome};

const USAGE: &str = "usage: coldspark-load BOOTSTRAP HANDLER TASK_ROOT EVENT POLLERS ROUNDS";
/// How long each measurement takes, after a start that is not counted.
const MEASURED: Duration = Duration::from_secs(2);
const START: Duration = Duration::from_millis(300);

struct Load<'a> {
    bootstrap: &'a Path,
    handler: &'a str,
    task_root: &'a str,
    event: &'a str,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("coldspark-load: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let [bootstrap, handler, task_root, event, pollers, rounds] = arguments else {
        return Err(USAGE.to_owned());
    };
    let load = Load {
        bootstrap: Path::new(bootstrap),
        handler,
        task_root,
        event,
    };
    let number = |text: &str| text.parse().map_err(|_| format!("{text:?}; {USAGE}"));
    let (pollers, rounds): (usize, usize) = (number(pollers)?, number(rounds)?);
    let (mut one, mut several) = (0.0_f64, 0.0_f64);
    // By turns, so that what else the machine does meets both.
    for _ in 0..rounds {
        one = one.max(load.events_a_second(1)?);
        several = several.max(load.events_a_second(pollers)?);
    }
    println!(
        "{event}: 1 poller {one:.1}, {pollers} pollers {several:.1} events a second, {:.2} times",
        several / one
    );
    Ok(())
}

impl Load<'_> {
    /// Keeps this many pollers busy and counts the answers.
    fn events_a_second(&self, pollers: usize) -> Result<f64, String> {
        let emulator = Emulator::start(Config {
            concurrency: pollers,
            ..Config::default()
        });
        let emulator = emulator.map_err(|error| format!("no Runtime API: {error}"))?;
        let mut child = Command::new(self.bootstrap)
            .env("AWS_LAMBDA_RUNTIME_API", emulator.address())
            .env("AWS_LAMBDA_MAX_CONCURRENCY", pollers.to_string())
            .env("AWS_LAMBDA_LOG_LEVEL", "ERROR")
            .env("_HANDLER", self.handler)
            .env("LAMBDA_TASK_ROOT", self.task_root)
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}", self.bootstrap.display()))?;
        let result = match emulator.wait_init(Instant::now() + Duration::from_secs(10)) {
            Init::Ready(_) => self.count(&emulator, pollers),
            other => Err(format!("the init phase: {other:?}")),
        };
        let _ = child.kill();
        let _ = child.wait();
        result
    }

    fn count(&self, emulator: &Emulator, callers: usize) -> Result<f64, String> {
        let (answers, failed) = (AtomicU64::new(0), AtomicBool::new(false));
        let done = AtomicBool::new(false);
        let rate = thread::scope(|scope| {
            // One more event than can be in hand, so that no poller waits for a caller.
            for _ in 0..=callers {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        match emulator.invoke(Invocation::new(self.event)) {
                            Outcome::Response { .. } => answers.fetch_add(1, Ordering::Relaxed),
                            _ => return failed.store(true, Ordering::Relaxed),
                        };
                    }
                });
            }
            thread::sleep(START);
            let (before, begun) = (answers.load(Ordering::Relaxed), Instant::now());
            thread::sleep(MEASURED);
            let answered = answers.load(Ordering::Relaxed) - before;
            let rate = answered as f64 / begun.elapsed().as_secs_f64();
            done.store(true, Ordering::Relaxed);
            rate
        });
        match failed.into_inner() {
            true => Err("an event failed; the function's log has the reason".to_owned()),
            false => Ok(rate),
        }
    }
}
