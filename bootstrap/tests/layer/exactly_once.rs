//! Exactly once through the layer: the random Runtime API and the ledger of
//! `coldspark_emulator::model`, while workers are killed at random moments. An event whose worker
//! was killed has one answer too, an error that says so; and no other has one.
//!
//! `COLDSPARK_MODEL_SEED` and `COLDSPARK_MODEL_RUNS` repeat runs, the kills excepted, which come
//! by the clock; `COLDSPARK_LONG=1` makes ten times as many.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use coldspark_emulator::model::{Answer, Choices, Model, Plan, Verb, Verdict, plan, seeds};

use crate::common::dice::Dice;
use crate::common::function::{command, limit};
use crate::common::{Package, process, workers};
use crate::random_kills::EVENTS_A_KILL;

/// So few runs, as somebody may ask for, may be over before a worker is killed.
const FEW: u64 = 10;

/// How the events of whole bodies ended.
#[derive(Default)]
struct Counts {
    answered: AtomicUsize,
    /// Their process was gone.
    failed: AtomicUsize,
}

impl Counts {
    /// The handler echoes its event; one that was killed has an error.
    fn judge(&self, plan: &Plan, answer: &Answer) -> Result<(), String> {
        let (right, count) = match answer {
            Answer::Response { body, broken, .. } => {
                let echoed = *body == plan.event() && broken.is_none();
                (!plan.is_cut() && echoed, &self.answered)
            }
            Answer::Error { error_type, .. } if plan.is_cut() => {
                return match &**error_type {
                    "Runtime.InvalidEvent" => Ok(()),
                    other => Err(format!("{plan:?} was answered with {other}")),
                };
            }
            Answer::Error { error_type, .. } => {
                let ended =
                    error_type == "Runtime.WorkerExited" || error_type == "Function.ExitStatus";
                (ended, &self.failed)
            }
        };
        count.fetch_add(1, Ordering::Relaxed);
        let start = String::from_utf8_lossy(&answer.body()[..answer.body().len().min(300)]);
        right
            .then_some(())
            .ok_or_else(|| format!("{plan:?} was answered with {start}"))
    }

    fn now(&self) -> [usize; 2] {
        [&self.answered, &self.failed].map(|count| count.load(Ordering::Relaxed))
    }
}

/// Plays runs, and kills one of the processes that handle events every few milliseconds.
fn play(handler: &str, package: Package, pollers: usize, usual: u64) {
    let mut runs = seeds(&format!("{handler}, {pollers} pollers"), usual);
    let (seed, count) = (runs.start, runs.end - runs.start);
    let counts = Arc::new(Counts::default());
    let judging = Arc::clone(&counts);
    let model = Model::start(pollers, move |plan, answer| judging.judge(plan, answer));
    let mut command = command(handler, &package, &model.address());
    command.env("AWS_LAMBDA_MAX_CONCURRENCY", pollers.to_string());
    command.env("AWS_LAMBDA_LOG_LEVEL", "FATAL");
    let mut child = command.spawn().expect("the bootstrap starts");
    let bootstrap = child.id();
    let choices = Choices {
        events: 2 * pollers,
        verbs: vec![Verb::Respond],
        fatal: false,
    };
    let (kills, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    // An empty run, for which the process asks for its first event: a worker that is killed in the
    // init phase fails that.
    let ready = model.play(Vec::new(), || !matches!(child.try_wait(), Ok(None)));
    assert_eq!(ready, Verdict::Complete);
    let (verdict, last) = thread::scope(|scope| {
        scope.spawn(|| {
            let mut dice = Dice(seed | 1);
            while !over.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_micros(dice.below(10_000)));
                let workers = process::children(bootstrap);
                let due = counts.now().iter().sum::<usize>() / EVENTS_A_KILL;
                if !workers.is_empty() && kills.load(Ordering::Relaxed) < due {
                    let worker = workers[dice.below(workers.len() as u64) as usize];
                    process::signal(worker as i32, libc::SIGKILL);
                    kills.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let mut verdict = Verdict::Complete;
        let mut last = seed;
        let patience = Instant::now() + limit();
        // On a busy machine all runs may be over before the thread that kills has had its turn.
        let mut next = |last| {
            let unhurt = count >= FEW && kills.load(Ordering::Relaxed) == 0;
            let again = unhurt && Instant::now() < patience;
            runs.next().or(again.then_some(last + 1))
        };
        while let (Verdict::Complete, Some(run)) = (&verdict, next(last)) {
            last = run;
            let plans = plan(run, &choices);
            let until = Instant::now() + limit();
            verdict = model.play(plans, || {
                Instant::now() > until || !matches!(child.try_wait(), Ok(None))
            });
        }
        over.store(true, Ordering::Relaxed);
        (verdict, last)
    });
    let workers = process::children(bootstrap);
    let _ = child.kill();
    let status = child.wait();
    for worker in workers {
        process::signal(-(worker as i32), libc::SIGKILL);
    }
    let log = || String::from_utf8_lossy(&std::fs::read(package.log()).unwrap()).into_owned();
    assert_eq!(
        verdict,
        Verdict::Complete,
        "run {}, {status:?}: {}",
        last,
        log()
    );
    let kills = kills.into_inner();
    let [answered, failed] = counts.now();
    println!("{count} runs, {answered} answers, {failed} errors, {kills} kills");
    assert!(
        failed <= kills && answered >= kills,
        "more failed than was killed"
    );
    assert!(kills > 0 || count < FEW, "no worker was killed");
}

fn worker() -> Package {
    let script = "echo ready >&4\nwhile read -r _ number <&3; do\n\
        event=$(</dev/fd/5); printf '%s' \"$event\" >&6; echo \"response $number\" >&4; done";
    Package::new().executable("handler", workers::raw(script))
}

#[test]
fn one_worker_answers_every_event_once() {
    play("worker:handler", worker(), 1, 60);
}

#[test]
fn eight_workers_answer_every_event_once() {
    play("worker:handler", worker(), 8, 40);
}

#[test]
fn shells_answer_every_event_once() {
    let package = Package::new().file("f.sh", 0o644, "handler() { printf %s \"$1\"; }");
    play("f.handler", package, 4, 30);
}

#[test]
fn executables_answer_every_event_once() {
    let package = Package::new().executable("handler", workers::raw("exec cat"));
    play("exec:handler", package, 4, 30);
}
