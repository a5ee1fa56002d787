//! What Lambda and its emulators do now and then: all processes stand still between events, a
//! deadline is over before the event comes, an event comes twice.

use std::time::{Duration, SystemTime};

use coldspark_emulator::emulator::{Config, Invocation};

use crate::common::concurrent::{error, response};
use crate::common::function::limit;
use crate::common::{Concurrent, Package, workers};

/// Each mode, with a handler that returns its event.
fn modes(config: &Config, act: impl Fn(&Concurrent)) {
    let worker = workers::answering("printf '%s' \"$event\" >&6");
    let shell = "handler() { cat; }";
    for (handler, package) in [
        (
            "worker:handler",
            Package::new().executable("handler", worker),
        ),
        (
            "exec:handler",
            Package::new().executable("handler", workers::raw("cat")),
        ),
        (
            "function.handler",
            Package::new().file("function.sh", 0o644, shell),
        ),
    ] {
        act(&Concurrent::start_config(handler, package, config.clone()));
    }
}

#[test]
fn functions_that_stand_still_between_events_work_on() {
    let config = Config {
        freeze: true,
        ..Config::default()
    };
    modes(&config, |function| {
        for event in ["1", "\"two\"", "3"] {
            assert_eq!(response(function.submit(event)), event);
            assert!(function.emulator.is_frozen());
            std::thread::sleep(Duration::from_millis(50));
        }
    });
}

#[test]
fn an_event_whose_deadline_is_over_has_an_error_and_the_next_is_served() {
    modes(&Config::default(), |function| {
        for seconds in [0, 60] {
            let deadline = SystemTime::now() - Duration::from_secs(seconds);
            let late = function.emulator.submit(Invocation {
                false_deadline: Some(deadline),
                timeout: limit(),
                ..Invocation::new("1")
            });
            let (error_type, message) = error(late);
            assert_eq!(error_type, "Runtime.HandlerTimeout", "{message}");
            assert_eq!(response(function.submit("2")), "2");
        }
    });
}

#[test]
fn an_event_whose_deadline_is_long_past_is_served() {
    let long_past = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
    modes(&Config::default(), |function| {
        for deadline in [SystemTime::UNIX_EPOCH, long_past] {
            let event = function.emulator.submit(Invocation {
                false_deadline: Some(deadline),
                timeout: limit(),
                ..Invocation::new("1")
            });
            assert_eq!(response(event), "1");
        }
    });
}

#[test]
fn an_event_that_comes_twice_costs_nothing_but_a_line() {
    modes(&Config::default(), |function| {
        let twice = function.emulator.submit(Invocation {
            hand_outs: 2,
            timeout: limit(),
            ..Invocation::new("1")
        });
        assert_eq!(response(twice), "1");
        assert_eq!(response(function.submit("2")), "2");
        assert!(function.log().contains("403"), "{}", function.log());
    });
}
