//! SIGTERM while events are in hand.

use std::time::Duration;

use coldspark_emulator::emulator::Outcome;
use coldspark_emulator::script::{self, Step};
use serde_json::json;

use crate::common::{Concurrent, SlowApi, function, signals_are_kept_back, wait_until};
use crate::{LARGE, requests, wait_logged};

#[test]
fn sigterm_answers_what_is_in_hand() {
    if signals_are_kept_back() {
        return;
    }
    for setting in ["1", "2"] {
        let function = Concurrent::start(setting, 2);
        let mut held = function.submit(&[json!({ "do": "hold" })]);
        wait_logged(&function.process, "holds");
        function.process.terminate();
        let exit = function.process.wait();
        assert_eq!(exit.status.code(), Some(0), "{}", exit.stderr);
        let finished = held.pop().expect("one").wait();
        let Outcome::FunctionError { error_type, .. } = &finished.outcome else {
            panic!("{finished:?}");
        };
        assert_eq!(error_type.as_deref(), Some("Runtime.ProcessEnded"));
    }
}

/// Whether all of four large answers arrive when SIGTERM comes while they are on their way.
fn answers_arrive() -> bool {
    let count = 4;
    let order = json!({ "do": "bytes", "count": LARGE }).to_string();
    let slow = SlowApi::start(std::iter::repeat_n(order, count));
    let process = function("fixture-concurrent")
        .handler("work")
        .env("AWS_LAMBDA_MAX_CONCURRENCY", count.to_string())
        .start_at(slow.address());
    slow.wait_for(count);
    process.terminate();
    wait_logged(&process, "the hook that was registered first");
    // Nearly half of what Lambda allows.
    std::thread::sleep(Duration::from_millis(130));
    slow.go_on();
    let whole = (0..count).all(|_| slow.answer().is_ok_and(|body| body.len() == LARGE + 2));
    let exit = process.wait();
    assert_eq!(exit.status.code(), Some(0), "{}", exit.stderr);
    assert_eq!(whole, !exit.stderr.contains("were cut"), "{}", exit.stderr);
    whole
}

#[test]
fn sigterm_lets_answers_on_their_way_arrive() {
    // A machine that is busy may use up all that Lambda allows.
    assert!(
        (0..10).any(|_| answers_arrive()),
        "answers are cut each time"
    );
}

#[test]
fn sigterm_waits_for_the_receipt_of_a_stream_and_of_a_broken_event() {
    let whole = script::event("one", json!([{"Write": "x"}]).to_string());
    let broken =
        Step::from(script::event("one", "[]")).cut_at(script::event("one", "").to_bytes().len());
    for event in [Step::from(whole), broken] {
        let session = function("fixture-stream")
            .handler("script")
            .env("FIXTURE_HOOK", "")
            .start([event]);
        wait_until(
            "answered",
            || requests(&session).len() == 2,
            || session.stderr(),
        );
        session.process.terminate();
        // No receipt comes, so it is cut in the end.
        let (_, exit) = session.exit_after(2);
        assert_eq!(exit.status.code(), Some(0), "{}", exit.stderr);
        let told = "1 answers on their way were cut";
        assert!(exit.stderr.contains(told), "{}", exit.stderr);
    }
}

/// After how many milliseconds unread answers are cut.
#[track_caller]
fn cut_after() -> u64 {
    let order = json!({ "do": "bytes", "count": LARGE }).to_string();
    let slow = SlowApi::start([order.clone(), order]);
    let process = function("fixture-concurrent")
        .handler("work")
        .env("AWS_LAMBDA_MAX_CONCURRENCY", "2")
        .start_at(slow.address());
    slow.wait_for(2);
    process.terminate();
    let exit = process.wait();
    assert_eq!(exit.status.code(), Some(0), "{}", exit.stderr);
    let told = exit.stderr.split("2 answers on their way were cut after ");
    let told = told.last().and_then(|told| {
        told.split_once(" ms, because Lambda allows about 300 ms")?
            .0
            .parse()
            .ok()
    });
    told.unwrap_or_else(|| panic!("{}", exit.stderr))
}

#[test]
fn sigterm_cuts_answers_that_nobody_reads_within_what_lambda_allows() {
    // Some of the 300 ms are for the end itself. A machine that is busy may use them up.
    let times: Vec<_> = (0..10)
        .map(|_| cut_after())
        .take_while(|took| *took > 290)
        .collect();
    assert!(times.len() < 10, "{times:?}");
    assert!(times.iter().all(|took| *took < 2000), "{times:?}");
}
