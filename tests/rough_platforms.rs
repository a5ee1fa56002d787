//! What Lambda and its emulators do now and then, and no function expects: the process stands still
//! between events or is killed with its last call, a deadline is over before the event comes, an
//! event comes twice or after SIGTERM.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use coldspark_emulator::emulator::{Config, Emulator, Init, Invocation, Moment, Outcome};
use coldspark_emulator::tree::Tree;
use common::{Function, Process, function, limit, wait_until};
use serde_json::{Value, json};

/// A function against the faithful Runtime API, which has power over its process.
struct Environment {
    process: Process,
    emulator: Emulator,
    /// How many events were sent, and how many answers came.
    events: Arc<AtomicUsize>,
    answers: Arc<AtomicUsize>,
}

impl Environment {
    #[track_caller]
    fn start(function: Function, config: Config) -> Self {
        let environment = Self::begin(function, config);
        let init = environment.emulator.wait_init(Instant::now() + limit());
        assert!(matches!(init, Init::Ready(_)), "{init:?}");
        environment
    }

    fn begin(function: Function, config: Config) -> Self {
        let (events, answers) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let (sent, read) = (Arc::clone(&events), Arc::clone(&answers));
        let observer = move |moment: Moment, _: Instant| match moment {
            Moment::EventSent(_) => drop(sent.fetch_add(1, Ordering::SeqCst)),
            Moment::ResponseRead(_) => drop(read.fetch_add(1, Ordering::SeqCst)),
            _ => {}
        };
        let emulator = Emulator::start(Config {
            observer: Some(Arc::new(observer)),
            ..config
        });
        let emulator = emulator.expect("a Runtime API");
        let process = function.start_at(emulator.address());
        emulator.attach(Tree::of(process.id()));
        Self {
            process,
            emulator,
            events,
            answers,
        }
    }

    #[track_caller]
    fn wait_until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        wait_until(what, || holds(self), || self.process.stderr());
    }

    /// The function is asked to return this event, and does.
    #[track_caller]
    fn echo(&self, event: &str) {
        self.assert_echoed(event, invocation(event));
    }

    #[track_caller]
    fn assert_echoed(&self, event: &str, invocation: Invocation) {
        let outcome = self.emulator.invoke(invocation);
        let Outcome::Response { body, .. } = &outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(String::from_utf8_lossy(body), event);
    }
}

fn invocation(event: &str) -> Invocation {
    Invocation {
        timeout: limit(),
        ..Invocation::new(event)
    }
}

fn frozen() -> Config {
    Config {
        freeze: true,
        ..Config::default()
    }
}

fn echo() -> Function {
    function("fixture-functions").handler("echo")
}

/// A function with shutdown hooks.
fn hooked() -> Function {
    function("fixture-concurrent").handler("work")
}

#[test]
fn a_function_that_stands_still_between_events_works_on() {
    let environment = Environment::start(echo(), frozen());
    let large = format!("\"{}\"", "x".repeat(6 << 20));
    for event in ["1", "{\"two\":2}", &large, "4"] {
        environment.echo(event);
        assert!(environment.emulator.is_frozen());
        // Longer than any wait that might give up on the confirmation of the answer.
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(environment.process.stderr(), "");
}

#[test]
fn errors_and_streams_stand_still_as_well() {
    let fails = function("fixture-functions").handler("fail");
    let environment = Environment::start(fails, frozen());
    for _ in 0..3 {
        let outcome = environment.emulator.invoke(invocation("\"\""));
        assert!(
            matches!(outcome, Outcome::FunctionError { .. }),
            "{outcome:?}"
        );
        assert!(environment.emulator.is_frozen());
    }
    let streams = function("fixture-stream").handler("script");
    let environment = Environment::start(streams, frozen());
    let script = json!([{"Write": "first "}, "Flush", {"Write": "second"}]).to_string();
    for _ in 0..3 {
        environment.assert_echoed("first second", invocation(&script));
        assert!(environment.emulator.is_frozen());
    }
}

#[test]
fn hooks_run_when_the_end_comes_behind_a_freeze() {
    let environment = Environment::start(hooked(), frozen());
    let wait = json!({"do": "wait", "milliseconds": 0}).to_string();
    let outcome = environment.emulator.invoke(invocation(&wait));
    assert!(!outcome.is_error(), "{outcome:?}");
    assert!(environment.emulator.is_frozen());
    environment.process.terminate();
    environment.emulator.thaw();
    let exit = environment.process.wait();
    assert_eq!(exit.status.code(), Some(0), "{}", exit.stderr);
    let hook = "the hook that was registered first";
    assert!(exit.stderr.contains(hook), "{}", exit.stderr);
}

#[test]
fn an_event_whose_deadline_is_over_is_answered() {
    let long_past = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
    let late = |event: &str, deadline| Invocation {
        false_deadline: Some(deadline),
        ..invocation(event)
    };
    let environment = Environment::start(echo(), Config::default());
    for deadline in [SystemTime::UNIX_EPOCH, long_past] {
        environment.assert_echoed("1", late("1", deadline));
    }
    assert_eq!(environment.process.stderr(), "");
    let streams = function("fixture-stream").handler("script");
    let environment = Environment::start(streams, Config::default());
    for deadline in [SystemTime::UNIX_EPOCH, long_past] {
        let script = json!([{"Write": "first "}, "Flush", {"Write": "second"}]);
        environment.assert_echoed("first second", late(&script.to_string(), deadline));
    }
    let environment = Environment::start(hooked(), Config::default());
    for deadline in [SystemTime::UNIX_EPOCH, long_past] {
        let wait = json!({"do": "wait", "milliseconds": 0}).to_string();
        let outcome = environment.emulator.invoke(late(&wait, deadline));
        let Outcome::Response { body, .. } = &outcome else {
            panic!("{outcome:?}");
        };
        let told: Value = serde_json::from_slice(body).expect("JSON");
        assert_eq!(told["time_left_ms"], 0, "{told}");
    }
}

#[test]
fn an_event_that_comes_twice_is_answered_twice() {
    let environment = Environment::start(echo(), Config::default());
    let twice = Invocation {
        hand_outs: 2,
        request_id: Some("r-1".to_owned()),
        ..invocation("1")
    };
    environment.assert_echoed("1", twice);
    environment.wait_until("answered twice", |environment| {
        environment.answers.load(Ordering::SeqCst) == 2
    });
    // The refusal of the second is not the end.
    environment.echo("2");
    let stderr = environment.process.stderr();
    let mut lines = stderr.lines();
    let refused = lines.find(|line| line.contains("r-1") && line.contains("403"));
    assert!(refused.is_some(), "{stderr}");
}

#[test]
fn an_event_that_comes_to_two_pollers_at_once_is_answered_twice() {
    let config = Config {
        concurrency: 2,
        ..Config::default()
    };
    let function = hooked().env("AWS_LAMBDA_MAX_CONCURRENCY", "2");
    let environment = Environment::start(function, config);
    // Each waits for the other.
    let meet = json!({"do": "meet", "count": 2}).to_string();
    let outcome = environment.emulator.invoke(Invocation {
        hand_outs: 2,
        ..invocation(&meet)
    });
    assert!(!outcome.is_error(), "{outcome:?}");
    environment.wait_until("answered twice", |environment| {
        environment.answers.load(Ordering::SeqCst) == 2
    });
    let outcome = environment.emulator.invoke(invocation(&meet));
    assert!(!outcome.is_error(), "{outcome:?}");
}

#[test]
fn an_event_after_sigterm_is_answered_or_not_fetched() {
    for setting in ["1", "2"] {
        let config = Config {
            concurrency: setting.parse().expect("a number"),
            ..Config::default()
        };
        let function = hooked().env("AWS_LAMBDA_MAX_CONCURRENCY", setting);
        let environment = Environment::start(function.env("FIXTURE_HOOK", "slow"), config);
        environment.process.terminate();
        environment.wait_until("in its hook", |environment| {
            environment.process.stderr().contains("registered last")
        });
        let wait = json!({"do": "wait", "milliseconds": 0}).to_string();
        let ticket = environment.emulator.submit(invocation(&wait));
        let exit = environment.process.wait();
        assert_eq!(exit.status.code(), Some(0), "{}", exit.stderr);
        if environment.events.load(Ordering::SeqCst) == 1 {
            environment.emulator.process_exited(exit.status);
            let outcome = ticket.wait().outcome;
            assert!(!outcome.is_error(), "{outcome:?}");
        }
    }
}

#[test]
fn the_line_of_an_init_error_is_there_though_the_call_is_the_last_that_is_done() {
    let failing = function("fixture-init").handler("error");
    let environment = Environment::begin(failing, Config::default());
    let init = environment.emulator.wait_init(Instant::now() + limit());
    let Init::Failed(outcome) = &init else {
        panic!("{init:?}");
    };
    assert_eq!(outcome.error_type(), Some("Init.Impossible"));
    let exit = environment.process.wait();
    let line = "the init phase failed: Init.Impossible";
    assert!(exit.stderr.contains(line), "{exit:?}");
}
