//! Unique values: formats, the init phase, values of each restore, and clones.

mod common;

use std::collections::HashSet;

use coldspark_emulator::script::{self, Call, Step};
use common::{Function, Session, function, init_failure, limit};
use serde_json::{Value, json};

const SOURCE: &str = "fixture-fresh.rs:";
const CLONES: usize = 8;

fn fresh(handler: &str) -> Function {
    function("fixture-fresh").handler(handler)
}

fn snap_start(handler: &str) -> Function {
    fresh(handler).env("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
}

/// What the answers among so many requests say.
#[track_caller]
fn answers(session: &Session, requests: usize) -> Vec<Value> {
    let requests = session.requests(requests);
    let answers = requests.iter().filter(|r| r.path.ends_with("/response"));
    answers.map(|request| request.json()).collect()
}

#[track_caller]
fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().expect("a list").iter();
    list.map(|text| text.as_str().expect("text").to_owned())
        .collect()
}

/// Nothing in the list is there twice.
#[track_caller]
fn assert_distinct(values: impl IntoIterator<Item = String>) {
    let mut seen = HashSet::new();
    for value in values {
        assert!(!seen.contains(&value), "twice: {value}");
        seen.insert(value);
    }
}

#[test]
fn values_have_their_form_and_differ() {
    let steps = [script::exchange("a", "500"), script::exchange("b", "500")].concat();
    let session = fresh("values").start(steps);
    let answers = answers(&session, 5);
    let values = answers.iter().flat_map(|answer| texts(&answer["values"]));
    let values: Vec<_> = values.collect();
    assert_eq!(values.len(), 2 * 500 * 7);
    for draw in values.chunks(7) {
        assert_eq!((draw[0].len(), &draw[0][14..15]), (36, "4"), "{draw:?}");
        assert_eq!((draw[1].len(), &draw[1][14..15]), (36, "7"), "{draw:?}");
        assert_eq!(draw[2].len(), 22, "{draw:?}");
    }
    assert_distinct(values);
}

#[test]
fn a_draw_in_the_init_phase_of_snapstart_names_call_and_place_and_fix() {
    for call in [
        "uuid_v4",
        "uuid_v7",
        "short_id",
        "bytes",
        "fill",
        "Secret::generate",
        "PerRestore::get",
    ] {
        let session = snap_start(&format!("init {call}")).start([script::status(202)]);
        let (requests, exit) = session.exit_after(1);
        let failure = init_failure(&requests[0]);
        assert_eq!(failure.error_type, "FreshError", "{failure:?}");
        failure.assert_says(&[
            &format!("fresh::{call} was called in the init phase, at "),
            SOURCE,
            "call it in the handler",
        ]);
        exit.assert_failed_with(&[SOURCE]);
    }
}

#[test]
fn the_place_is_the_line_of_the_call() {
    let source = include_str!("fixtures/src/bin/fixture-fresh.rs");
    let called = source
        .lines()
        .position(|line| line.contains("\"init fill\""));
    let line = called.expect("the call") + 1;
    let session = snap_start("init fill").start([script::status(202)]);
    let (requests, _) = session.exit_after(1);
    init_failure(&requests[0]).assert_says(&[&format!("{SOURCE}{line}:")]);
}

#[test]
fn a_panic_over_a_draw_in_init_says_the_same() {
    let session = snap_start("init unwrap").start([script::status(202)]);
    let (requests, _) = session.exit_after(1);
    init_failure(&requests[0])
        .assert_type("Function.Panic")
        .assert_says(&["fresh::uuid_v4 was called in the init phase, at ", SOURCE]);
}

#[test]
fn a_draw_before_the_snapshot_is_the_hooks_error() {
    let session = snap_start("before uuid_v4").start([script::status(202)]);
    let (requests, _) = session.exit_after(1);
    init_failure(&requests[0])
        .assert_type("Runtime.BeforeSnapshotError")
        .assert_says(&["FreshError: fresh::uuid_v4", SOURCE]);
}

#[test]
fn a_draw_before_the_runtime_runs_is_refused_too() {
    let session = snap_start("main").start([script::status(200)]);
    session.requests(2);
    session.assert_logged(&["main: fresh::uuid_v4 was called in the init phase", SOURCE]);
}

#[test]
fn without_snapstart_every_phase_may_draw() {
    for handler in [
        "main",
        "init uuid_v4",
        "init PerRestore::get",
        "init unwrap",
    ] {
        let on_demand = fresh(handler).env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
        for function in [fresh(handler), on_demand] {
            let session = function.start(script::exchange("a", "1"));
            assert_eq!(answers(&session, 3)[0]["restores"], 0);
        }
    }
}

#[test]
fn an_after_restore_hook_may_draw() {
    let [event, taken] = script::exchange("a", "1");
    let session = snap_start("after uuid_v4").start([script::status(200).into(), event, taken]);
    assert_eq!(answers(&session, 4)[0]["restores"], 1);
    assert_eq!(session.process.stdout().trim().len(), 36);
}

#[test]
fn a_value_of_the_environment_is_made_once() {
    let events = [script::exchange("a", "0"), script::exchange("b", "0")].concat();
    let session = fresh("values").start(events);
    let answers = answers(&session, 5);
    let all = answers
        .iter()
        .flat_map(|answer| texts(&answer["environment"]));
    let all: HashSet<_> = all.collect();
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(answers[1]["made"], 1);
}

#[test]
fn clones_of_a_parked_process_share_no_value() {
    const DRAWS: usize = 200;
    let parked = (0..CLONES).map(|_| Step::from(script::status(200)).only(Call::RestoreNext));
    let session = snap_start("clones").start(parked);
    // No event before all of them wait for one, so that each gets one.
    session.api.wait_for(2 * CLONES, limit());
    for clone in 0..CLONES {
        let event = script::event(&format!("event-{clone}"), DRAWS.to_string());
        session.api.push(Step::from(event).only(Call::Next));
    }
    session.api.wait_for(3 * CLONES, limit());
    for _ in 0..CLONES {
        let taken = Step::from(script::status(202));
        session.api.push(taken.only(Call::Response));
    }
    let answers = answers(&session, 4 * CLONES);

    let values = answers.iter().flat_map(|answer| texts(&answer["values"]));
    let environments = answers.iter().map(|answer| {
        let twice = texts(&answer["environment"]);
        assert_eq!(twice[0], twice[1]);
        twice[0].clone()
    });
    let all: Vec<_> = values.chain(environments).collect();
    assert_eq!(all.len(), CLONES * (DRAWS * 7 + 1));
    assert_distinct(all);

    for answer in &answers {
        assert_eq!(
            (&answer["made"], &answer["restores"]),
            (&json!(1), &json!(1))
        );
        // They are clones: what init made past `fresh` is the same in all of them.
        assert_eq!(answer["made_in_init"], answers[0]["made_in_init"]);
        assert_eq!(answer["key"], answers[0]["key"]);
    }
}
