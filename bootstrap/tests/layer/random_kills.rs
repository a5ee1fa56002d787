//! Workers killed at random moments lose no event: each has exactly one answer or one error, and there
//! are no more errors than kills.
//!
//! `COLDSPARK_KILLS` sets how many kills there are, otherwise 100, or 1,000 with
//! `COLDSPARK_LONG=1`; `COLDSPARK_SEED` repeats a run whose seed was printed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use coldspark_emulator::under_test::is_long;

use crate::common::dice::{dice, number};
use crate::common::{Answer, Function, Package, process, workers};

/// So many events come for each kill at least: more than fail by it.
pub(crate) const EVENTS_A_KILL: usize = 3;

/// Kills the children of the bootstrap at random moments, while events come one after another.
fn kill(mut function: Function, what: &str) {
    let usual = if is_long() { 1000 } else { 100 };
    let wanted = number("COLDSPARK_KILLS").unwrap_or(usual) as usize;
    let mut dice = dice(what);
    let bootstrap = function.pid();
    let (kills, events) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let over = AtomicBool::new(false);
    let (mut answered, mut failed) = (0, 0);
    function.wait_idle();
    thread::scope(|scope| {
        scope.spawn(|| {
            while kills.load(Ordering::Relaxed) < wanted && !over.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_micros(dice.below(12_000)));
                let due = events.load(Ordering::Relaxed) / EVENTS_A_KILL;
                if kills.load(Ordering::Relaxed) >= due {
                    continue;
                }
                for worker in process::children(bootstrap) {
                    process::signal(worker as i32, libc::SIGKILL);
                    kills.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let mut event = 0_u64;
        while kills.load(Ordering::Relaxed) < wanted {
            event += 1;
            let body = format!("{event}{}", "x".repeat(event as usize * 997 % 30_000));
            match function.invoke(body.clone()) {
                Answer::Response(bytes) => {
                    assert!(
                        bytes == body.as_bytes(),
                        "event {event} has another's response"
                    );
                    answered += 1;
                }
                error => {
                    let exited = matches!(&error, Answer::Error { error_type, .. }
                        if error_type == "Runtime.WorkerExited" || error_type == "Function.ExitStatus");
                    assert!(exited, "event {event}: {error:?}");
                    failed += 1;
                }
            }
            events.fetch_add(1, Ordering::Relaxed);
        }
        over.store(true, Ordering::Relaxed);
    });
    let kills = kills.into_inner();
    println!("{what}: {kills} kills, {answered} answers, {failed} errors");
    assert!(
        failed <= kills && answered >= kills,
        "more failed than was killed"
    );
    // The last kill may have hit the worker at this very moment, but no other one.
    let mut last = function.invoke("last");
    if matches!(last, Answer::Error { .. }) {
        last = function.invoke("last");
    }
    assert_eq!(last.text(), "last");
    function.wait_idle();
    assert!(process::zombies(bootstrap).is_empty());
    assert!(process::children(bootstrap).len() <= 1);
}

#[test]
fn killed_workers_lose_no_event() {
    let script = "echo ready >&4\nwhile read -r _ number <&3; do\n\
        event=$(</dev/fd/5); printf '%s' \"$event\" >&6; echo \"response $number\" >&4; done";
    let package = Package::new().executable("handler", workers::raw(script));
    kill(Function::start("worker:handler", package), "workers");
}

#[test]
fn killed_shells_lose_no_event() {
    let package = Package::new().file("f.sh", 0o644, "handler() { printf %s \"$1\"; }");
    kill(Function::start("f.handler", package), "shells");
}

#[test]
fn killed_executables_lose_no_event() {
    let package = Package::new().executable("handler", workers::raw("cat"));
    kill(Function::start("exec:handler", package), "executables");
}
