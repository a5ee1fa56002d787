//! Several invocations at a time, as on Lambda Managed Instances.

mod common;

use std::collections::HashSet;
use std::time::Duration;

use coldspark_emulator::emulator::Outcome;
use coldspark_emulator::script;
use common::{Concurrent, Profile, function, profile, serial};
use serde_json::{Value, json};

fn meet(count: usize) -> Vec<Value> {
    vec![json!({ "do": "meet", "count": count }); count]
}

#[test]
fn as_many_are_in_hand_as_lambda_says_and_each_has_its_own_ids() {
    let function = Concurrent::start("8", 8);
    // None of them is answered before all have come.
    for round in 1..=2 {
        let mut fresh = HashSet::new();
        let events = vec![json!({ "do": "meet", "count": 8 * round }); 8];
        for (number, answer) in function.invoke(&events).iter().enumerate() {
            assert_eq!(
                answer["request_id"],
                format!("request-{number}"),
                "{answer}"
            );
            assert_eq!(answer["concurrency"], 8);
            assert!(fresh.insert(answer["fresh"].to_string()), "{answer}");
        }
    }
    assert_eq!(function.connections(), 8, "one for each poller");
}

#[test]
fn what_is_no_number_of_pollers_is_one_and_logged() {
    for setting in ["0", "-1", "+8", "many"] {
        let function = Concurrent::start(setting, 4);
        for event in meet(1) {
            let answers = function.invoke(&[event]);
            assert_eq!(answers[0]["concurrency"], 1, "{setting}");
        }
        let stderr = function.process.stderr();
        let told = format!("AWS_LAMBDA_MAX_CONCURRENCY=\"{setting}\" is n");
        assert!(stderr.contains(&told), "{stderr}");
        assert_eq!(function.connections(), 1, "{setting}");
    }
}

#[test]
fn one_and_nothing_are_one_poller_without_a_word() {
    for setting in ["", "1"] {
        let function = Concurrent::start(setting, 4);
        assert_eq!(function.invoke(&meet(1))[0]["concurrency"], 1);
        let stderr = function.process.stderr();
        assert!(!stderr.contains("AWS_LAMBDA_MAX_CONCURRENCY"), "{stderr}");
        assert_eq!(function.connections(), 1);
    }
}

#[test]
fn too_many_pollers_are_a_thousand() {
    let function = Concurrent::start("10000", 4);
    for answer in function.invoke(&meet(4)) {
        assert_eq!(answer["concurrency"], 1000);
    }
    let stderr = function.process.stderr();
    assert!(
        stderr.contains("\"10000\" is over 1000 pollers"),
        "{stderr}"
    );
}

#[test]
fn a_function_that_did_not_opt_in_polls_once() {
    let echo = function("fixture-functions").handler("echo");
    let function = Concurrent::start_function(echo, "8", 8);
    let events: Vec<_> = (0..20).map(|number| json!({ "number": number })).collect();
    assert_eq!(function.invoke(&events), events);
    assert_eq!(function.connections(), 1);
}

#[test]
fn a_panic_is_reported_under_its_own_id() {
    let function = Concurrent::start("4", 4);
    let hold = json!({ "do": "hold" });
    let panic = json!({ "do": "panic", "count": 3, "text": "on the third floor" });
    let mut tickets = function.submit(&[hold.clone(), hold, panic]);
    let panicked = tickets.pop().expect("the third").wait();
    let Outcome::FunctionError { json: error, .. } = panicked.outcome else {
        panic!("{panicked:?}");
    };
    let error: Value = serde_json::from_slice(&error).expect("JSON");
    assert_eq!(error["errorType"], "Function.Panic");
    let message = error["errorMessage"].as_str().unwrap_or_default();
    assert!(message.ends_with("on the third floor"), "{message}");
    if profile() == Profile::Unwind {
        let release = serial(9, &json!({ "do": "release" }));
        assert!(!function.emulator.invoke(release).is_error());
    }
    for ticket in tickets {
        let held = ticket.wait();
        match (profile(), held.outcome) {
            (Profile::Unwind, Outcome::Response { .. }) => {}
            (Profile::Abort, Outcome::FunctionError { error_type, json }) => {
                assert_eq!(error_type.as_deref(), Some("Runtime.ProcessEnded"));
                let text = String::from_utf8(json).expect("UTF-8");
                assert!(!text.contains("third floor"), "{text}");
            }
            other => panic!("{other:?}"),
        }
    }
    if profile() == Profile::Abort {
        function
            .process
            .wait()
            .assert_failed_with(&["on the third floor"]);
    } else {
        function.invoke(&[json!({ "do": "wait", "milliseconds": 0 })]);
    }
}

#[test]
fn a_panic_of_a_thread_is_nobodys_and_ends_all_where_panics_abort() {
    let function = Concurrent::start("2", 2);
    let panic = json!({ "do": "panic_thread", "count": 2, "text": "nobody's" });
    let meet = json!({ "do": "hold" });
    let tickets = function.submit(&[panic, meet]);
    if profile() == Profile::Unwind {
        let mut tickets = tickets.into_iter();
        let panicked = tickets.next().expect("the first").wait();
        assert!(!panicked.outcome.is_error(), "{panicked:?}");
        let release = serial(9, &json!({ "do": "release" }));
        assert!(!function.emulator.invoke(release).is_error());
        let held = tickets.next().expect("the second").wait();
        assert!(!held.outcome.is_error(), "{held:?}");
        return;
    }
    for ticket in tickets {
        let finished = ticket.wait();
        let error_type = finished.outcome.error_type();
        assert_eq!(error_type, Some("Runtime.ProcessEnded"), "{finished:?}");
    }
    function.process.wait().assert_failed_with(&["nobody's"]);
}

#[test]
fn a_late_answer_is_logged_and_dropped_and_each_has_its_own_deadline() {
    let function = Concurrent::start("2", 2);
    let mut late = serial(1, &json!({ "do": "hold" }));
    late.timeout = Duration::from_millis(300);
    let late = function.emulator.submit(late);
    let mut urgent = serial(2, &json!({ "do": "wait", "milliseconds": 0 }));
    urgent.timeout = Duration::from_secs(1000);
    let Outcome::Response { body, .. } = function.emulator.invoke(urgent) else {
        panic!("no response");
    };
    let answer: Value = serde_json::from_slice(&body).expect("JSON");
    let left = answer["time_left_ms"].as_u64().expect("a deadline");
    assert!((300_000..=1_000_000).contains(&left), "{left}");

    assert_eq!(late.wait().outcome, Outcome::Timeout);
    let after = function
        .emulator
        .invoke(serial(3, &json!({ "do": "release" })));
    assert!(!after.is_error(), "{after:?}");
    function.wait_until("told of the late answer", |function| {
        let stderr = function.process.stderr();
        let mut lines = stderr.lines();
        lines.any(|line| line.contains("status 410") && line.contains("request-1"))
    });
    // Both pollers go on.
    let round = json!({ "do": "meet", "count": 3 });
    assert_eq!(function.invoke(&[round.clone(), round]).len(), 2);
}

#[test]
fn a_runtime_api_that_gives_up_ends_the_process_once() {
    let steps = (0..8).map(|_| script::status(500));
    let session = function("fixture-concurrent")
        .handler("work")
        .env("AWS_LAMBDA_MAX_CONCURRENCY", "8")
        .start(steps);
    let exit = session.process.wait();
    exit.assert_failed_with(&["GET invocation/next: status 500", "the process ends"]);
    let ends = exit.stderr.matches("the process ends").count();
    assert_eq!(ends, 1, "{}", exit.stderr);
}

#[test]
fn the_tracing_header_is_in_the_environment_of_one_poller() {
    let event = json!({ "do": "wait", "milliseconds": 0 });
    for (setting, expected) in [("1", json!("Root=1-2")), ("2", Value::Null)] {
        let function = Concurrent::start(setting, 2);
        for (trace_id, expected) in [(Some("Root=1-2"), expected), (None, Value::Null)] {
            let mut invocation = serial(1, &event);
            invocation.trace_id = trace_id.map(str::to_owned);
            let Outcome::Response { body, .. } = function.emulator.invoke(invocation) else {
                panic!("no response");
            };
            let answer: Value = serde_json::from_slice(&body).expect("JSON");
            assert_eq!(answer["trace_id"], json!(trace_id));
            assert_eq!(answer["variable"], expected, "{setting}");
        }
    }
}
