//! Several events at a time, as on Lambda Managed Instances: one application, many connections.

use std::collections::HashSet;
use std::time::Duration;

use coldspark_emulator::emulator::Config;
use coldspark_emulator::script::{Scripted, Step};

use crate::common::concurrent::{error, response};
use crate::common::web::{PROCESS, get, text, wait_for};
use crate::common::{Concurrent, Package, workers};

fn start(steps: Vec<Step>, concurrency: usize) -> (Concurrent, Scripted) {
    let app = Scripted::start(steps);
    let port = app.port().to_string();
    let package = Package::new().executable("handler", workers::raw(PROCESS));
    let config = Config {
        concurrency,
        ..Config::default()
    };
    let function = Concurrent::start_with("http:handler", package, config, |command| {
        command.env("AWS_LWA_PORT", port);
    });
    (function, app)
}

#[test]
fn each_event_has_a_connection_to_the_one_application() {
    let (function, app) = start(vec![text("ready").into()], 8);
    assert_eq!(function.children().len(), 1);
    let tickets: Vec<_> = (0..8)
        .map(|_| function.submit(&get("/").to_string()))
        .collect();
    // All of them are asked before one is answered.
    let requests = wait_for(&app, 9);
    let connections: HashSet<_> = requests[1..]
        .iter()
        .map(|request| request.connection)
        .collect();
    assert_eq!(connections.len(), 8);
    for _ in 0..8 {
        app.push(text("ok"));
    }
    for ticket in tickets {
        assert!(response(ticket).contains("\"body\":\"ok\""));
    }
    assert_eq!(function.children().len(), 1);
}

#[test]
fn the_end_of_the_application_costs_the_events_in_hand_and_it_is_started_once() {
    let parked = (0..4).map(|_| Step::park());
    let steps = [text("ready").into()].into_iter().chain(parked).collect();
    let (function, app) = start(steps, 4);
    let tickets: Vec<_> = (0..4)
        .map(|_| function.submit(&get("/").to_string()))
        .collect();
    wait_for(&app, 5);
    let task = function.package.task();
    std::fs::write(task.join("die"), "").expect("a file");
    for ticket in tickets {
        let (error_type, message) = error(ticket);
        assert_eq!(error_type, "Runtime.ApplicationExited", "{message}");
        assert!(message.contains("exit status: 3"), "{message}");
    }
    app.push(text("ready"));
    app.push(text("again"));
    assert!(response(function.submit(&get("/").to_string())).contains("again"));
    // The scripted server answers before the new process has noted its start.
    let starts = || std::fs::read_to_string(task.join("starts")).unwrap_or_default();
    function.wait_until("started again", |_| starts().lines().count() >= 2);
    assert_eq!(starts().lines().count(), 2);
}

/// Events that are given up side by side do not show that the application hangs.
#[test]
fn events_that_time_out_together_do_not_cost_the_application() {
    let steps = vec![text("ready").into(), Step::park(), Step::park()];
    let (function, app) = start(steps, 2);
    let before = function.children();
    let event = get("/").to_string();
    let tickets = [(); 2].map(|()| function.submit_urgent(&event, Duration::from_secs(2)));
    for ticket in tickets {
        let answer = response(ticket);
        assert!(answer.contains("504"), "{answer}");
    }
    app.push(text("ok"));
    let answer = response(function.submit(&event));
    assert!(answer.contains("\"body\":\"ok\""), "{answer}");
    assert_eq!(function.children(), before);
}
