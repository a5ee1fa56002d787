//! Exactly once: random Runtime APIs and handlers against the reference model of
//! `coldspark_emulator::model`. Every event that was handed out gets one answer, its own, while
//! the process lives; and it lives unless the script says otherwise.
//!
//! Each run has a seed of its own; the first one is printed. `COLDSPARK_MODEL_SEED` and
//! `COLDSPARK_MODEL_RUNS` repeat runs; `COLDSPARK_LONG=1` makes ten times as many.

mod common;

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use coldspark_emulator::model::{Answer, Choices, Model, Plan, Shares, Verb, Verdict, plan, seeds};
use common::{Function, Process, Profile, function, limit, profile, runner};
use serde_json::Value;

/// The seeds of `usual` runs. Emulated processors get fewer.
fn runs(what: &str, usual: u64) -> Range<u64> {
    seeds(what, if runner().is_some() { usual / 5 } else { usual })
}

/// What the handler does where it does not panic. Most events are answered.
const WITHOUT_PANICS: [Verb; 6] = [
    Verb::Respond,
    Verb::Respond,
    Verb::Respond,
    Verb::Fail,
    Verb::Stream,
    Verb::Break,
];

/// What ends the process in the midst of a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Nothing,
    /// A panic, with one poller or with several.
    Panic {
        alone: bool,
    },
    /// A call that the process cannot go on without.
    Fatal,
}

/// Whether it is the answer to an event that was in hand when the process ended: the handler's response as far as it
/// came, or an error. The error has the text of the panic only where this event alone was in hand.
fn is_of_the_end(end: End, plan: &Plan, answer: &Answer) -> bool {
    let response = [plan.id.as_bytes(), b"\n", &plan.event()].concat();
    let (error_type, error_json) = match answer {
        Answer::Error { error_type, body } => (error_type, body),
        Answer::Response {
            body,
            broken: Some(error_type),
            error_json,
        } if response.starts_with(body) => (error_type, error_json),
        Answer::Response { .. } => return false,
    };
    let json: Value = serde_json::from_slice(error_json).unwrap_or_default();
    let message = json["errorMessage"].as_str().unwrap_or_default();
    match error_type.as_str() {
        "Runtime.ProcessEnded" => end != End::Nothing && !message.contains("nonce-"),
        "Function.Panic" => end == End::Panic { alone: true } && message.contains("nonce-"),
        _ => false,
    }
}

/// Whether the answer is what the model's handler gives for the event.
fn judge(end: End, plan: &Plan, answer: &Answer) -> Result<(), String> {
    let id = plan.id.as_str();
    let response = || [id.as_bytes(), b"\n", &plan.event()].concat();
    let is_error = |expected: &str, says: &str| match answer {
        Answer::Error { error_type, body } => {
            let json: Value = serde_json::from_slice(body).unwrap_or_default();
            let message = json["errorMessage"].as_str().unwrap_or_default();
            error_type == expected && json["errorType"] == expected && message.contains(says)
        }
        Answer::Response { .. } => false,
    };
    let is_response = |trailer: Option<&str>| match answer {
        Answer::Response { body, broken, .. } => {
            *body == response() && broken.as_deref() == trailer
        }
        Answer::Error { .. } => false,
    };
    let right = match plan.verb {
        _ if plan.is_cut() => is_error("Runtime.InvalidEvent", "did not come whole"),
        Verb::Respond | Verb::Stream | Verb::Linger | Verb::Thread => is_response(None),
        Verb::Break => is_response(Some("Model.Failed")),
        Verb::Fail => is_error("Model.Failed", &plan.nonce),
        Verb::Panic => is_error("Function.Panic", &plan.nonce),
    };
    if right || is_of_the_end(end, plan, answer) {
        return Ok(());
    }
    let start = String::from_utf8_lossy(&answer.body()[..answer.body().len().min(100)]);
    let length = answer.body().len();
    Err(format!(
        "{plan:?} was answered with {length} bytes: {start}"
    ))
}

fn start(handler: &str, pollers: usize, end: &Arc<Mutex<End>>) -> (Process, Model) {
    let end = Arc::clone(end);
    let model = Model::start(pollers, move |plan, answer| {
        let end = *end.lock().expect("no panic");
        judge(end, plan, answer)
    });
    let function: Function = function("fixture-model").handler(handler);
    let function = function.env("AWS_LAMBDA_MAX_CONCURRENCY", pollers.to_string());
    // A warning for each answer that is not taken would be most of the work.
    let function = function.env("AWS_LAMBDA_LOG_LEVEL", "FATAL");
    (function.start_at(model.address()), model)
}

/// Plays these runs, in one process for as long as it may live.
fn play(pollers: usize, choices: &Choices, runs: Range<u64>) {
    let begun = Instant::now();
    let count = runs.end - runs.start;
    let (mut events, mut processes) = (0, 1);
    let mut shares = Shares::default();
    let end = Arc::new(Mutex::new(End::Nothing));
    let (mut process, mut model) = start("right", pollers, &end);
    let mut since = runs.start;
    for run in runs {
        let plans = plan(run, choices);
        let panics = plans
            .iter()
            .any(|plan| matches!(plan.verb, Verb::Panic | Verb::Thread) && !plan.is_cut());
        *end.lock().expect("no panic") = match profile() {
            Profile::Abort if panics => End::Panic {
                alone: pollers == 1,
            },
            _ if plans.iter().any(Plan::is_fatal) => End::Fatal,
            _ => End::Nothing,
        };
        events += plans.len();
        shares.add(&plans);
        let until = Instant::now() + limit();
        let mut late = false;
        let verdict = model.play(plans, || {
            late = Instant::now() > until;
            late || process.ended().is_some()
        });
        let ends = match verdict {
            // A thread may panic behind the last answer.
            Verdict::Complete => panics && profile() == Profile::Abort,
            Verdict::Fatal => true,
            // A process that aborts has told of its panic, and ends.
            Verdict::Gone if panics && !late && profile() == Profile::Abort => true,
            other => panic!(
                "run {run}: {other:?}, late: {late}; repeat it with COLDSPARK_MODEL_SEED={run} \
                 COLDSPARK_MODEL_RUNS=1, or all of this process with COLDSPARK_MODEL_SEED={since} \
                 COLDSPARK_MODEL_RUNS={}",
                run - since + 1
            ),
        };
        if ends {
            println!("run {run} ends the process");
            let exit = process.wait();
            assert_eq!(exit.status.code(), Some(1), "run {run}: {}", exit.stderr);
            let violation = std::mem::replace(&mut model, Model::start(1, |_, _| Ok(()))).end();
            assert_eq!(violation, None, "run {run}");
            (process, model) = start("right", pollers, &end);
            (since, processes) = (run + 1, processes + 1);
        }
    }
    let took = begun.elapsed().as_secs_f64();
    println!("{count} runs, {events} events, {processes} processes, {took:.1} s");
    if let Err(why) = shares.check(choices) {
        panic!("what was drawn is not what should be: {why}");
    }
}

#[test]
fn one_poller_answers_every_event_once_with_its_own_bytes() {
    let choices = Choices {
        events: 5,
        verbs: WITHOUT_PANICS.to_vec(),
        fatal: true,
    };
    play(1, &choices, runs("one poller", 2500));
}

#[test]
fn a_panic_is_one_answer_too() {
    let choices = Choices {
        events: 2,
        verbs: vec![Verb::Respond, Verb::Stream, Verb::Panic],
        fatal: false,
    };
    // Where panics abort, each costs a process.
    play(1, &choices, runs("panics", 100));
}

#[test]
fn threads_that_panic_cost_no_answer_and_give_no_second_one() {
    let choices = Choices {
        events: 3,
        verbs: vec![Verb::Respond, Verb::Linger, Verb::Thread, Verb::Panic],
        fatal: false,
    };
    play(1, &choices, runs("threads", 100));
}

#[test]
fn panics_beside_open_streams_are_one_answer_each() {
    let choices = Choices {
        events: 12,
        verbs: vec![
            Verb::Respond,
            Verb::Fail,
            Verb::Stream,
            Verb::Linger,
            Verb::Linger,
            Verb::Linger,
            Verb::Break,
            Verb::Thread,
            Verb::Panic,
        ],
        fatal: true,
    };
    play(8, &choices, runs("panics beside streams", 200));
}

#[test]
fn eight_pollers_answer_every_event_once_with_its_own_bytes() {
    let choices = Choices {
        events: 16,
        verbs: WITHOUT_PANICS.to_vec(),
        fatal: false,
    };
    play(8, &choices, runs("eight pollers", 800));
}

/// Handlers that are wrong on purpose are found out, and for the right reason.
#[test]
fn the_model_finds_out_what_is_wrong() {
    for (handler, pollers, reason) in [
        ("answers twice", 1, "answers what has an answer"),
        ("answers twice", 8, "answers what has an answer"),
        ("answers with the last event", 1, "was answered with"),
        ("answers with the last event", 8, "was answered with"),
        ("answers with the last id", 1, "was answered with"),
        ("answers with the last id", 8, "was answered with"),
        (
            "loses an event",
            1,
            "asked for another event before it answered",
        ),
    ] {
        let end = Arc::new(Mutex::new(End::Nothing));
        let (process, model) = start(handler, pollers, &end);
        let seed = runs(handler, 0).start;
        let choices = Choices {
            verbs: vec![Verb::Respond],
            ..Choices::default()
        };
        let mut runs = seed..;
        let verdict = loop {
            let run = runs.next().expect("as many as it takes");
            match model.play(plan(run, &choices), || process.ended().is_some()) {
                Verdict::Complete if run < seed + 100 => {}
                other => break other,
            }
        };
        match verdict {
            Verdict::Violation(why) => assert!(why.contains(reason), "{handler}: {why}"),
            other => panic!("{handler}, {pollers} pollers, seed {seed}: {other:?}"),
        }
    }
}
