//! The emulated Runtime API over a process's life: init, restore, exit, several pollers.

mod common;

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use coldspark_emulator::api::PREFIX;
use coldspark_emulator::emulator::{Config, Emulator, Init, Invocation, Moment, Outcome};
use common::*;

#[test]
fn init_errors_end_what_is_queued() {
    let (emulator, mut client) = start();
    let ticket = emulator.submit(named("r"));
    let header = "Lambda-Runtime-Function-Error-Type: Runtime.NoSuchHandler\r\n";
    let posted = post(
        &format!("{PREFIX}init/error"),
        header,
        r#"{"errorType":"x"}"#,
    );
    assert_eq!(call(&mut client, &posted).status, 202);
    let expected = Outcome::InitError {
        json: r#"{"errorType":"x"}"#.into(),
        error_type: Some("Runtime.NoSuchHandler".into()),
    };
    assert_eq!(ticket.wait().outcome, expected);
    assert_eq!(call(&mut client, &posted).status, 403);
    assert_eq!(call(&mut client, get(NEXT)).status, 403);
    emulator.process_exited(ExitStatus::from_raw(1 << 8));
    assert_eq!(emulator.invoke(named("s")), expected);
    // A new process starts afresh.
    emulator.reset();
    let ticket = emulator.submit(named("t"));
    let mut client = connect(&emulator.address());
    assert_eq!(call(&mut client, get(NEXT)).status, 200);
    assert!(matches!(emulator.wait_init(Instant::now()), Init::Ready(_)));
    assert_eq!(
        call(&mut client, post(&response_path("t"), "", "1")).status,
        202
    );
    assert!(!ticket.wait().outcome.is_error());
}

#[test]
fn an_exit_ends_what_is_in_hand_and_a_reset_closes_connections() {
    let (emulator, mut client) = start();
    let ticket = emulator.submit(named("r"));
    call(&mut client, get(NEXT));
    let status = ExitStatus::from_raw(9);
    emulator.process_exited(status);
    assert_eq!(ticket.wait().outcome, Outcome::Exited { status });
    emulator.reset();
    assert_eq!(read_all(&mut client), "");
}

#[test]
fn restore_next_blocks_until_the_restore() {
    let (emulator, mut client) = start();
    send(&mut client, get(&format!("{PREFIX}restore/next")));
    assert!(emulator.wait_restore_point(Instant::now() + LONG));
    emulator.restored();
    assert_eq!(answer(&mut client).status, 200);
    let posted = post(&format!("{PREFIX}restore/error"), "", "{}");
    assert_eq!(call(&mut client, posted).status, 202);
    let failed = emulator.wait_init(Instant::now() + LONG);
    assert!(matches!(failed, Init::Failed(Outcome::InitError { .. })));
}

#[test]
fn several_pollers_share_the_queue() {
    let config = Config {
        concurrency: 4,
        ..Config::default()
    };
    let emulator = Arc::new(Emulator::start(config).unwrap());
    for _ in 0..4 {
        let mut client = connect(&emulator.address());
        thread::spawn(move || {
            // Ends with the emulator, when the connection does.
            loop {
                let next = call(&mut client, get(NEXT));
                let id = next.header("Lambda-Runtime-Aws-Request-Id").unwrap();
                let done = call(&mut client, post(&response_path(id), "", &next.body));
                assert_eq!(done.status, 202);
            }
        });
    }
    let tickets: Vec<_> = (0..100)
        .map(|n| emulator.submit(Invocation::new(n.to_string())))
        .collect();
    for (n, ticket) in tickets.into_iter().enumerate() {
        let Outcome::Response { body, .. } = ticket.wait().outcome else {
            panic!("no response to {n}");
        };
        assert_eq!(body, n.to_string().into_bytes());
    }
}

#[test]
fn a_poller_that_left_loses_no_event() {
    let (emulator, mut gone) = start();
    send(&mut gone, get(NEXT));
    assert!(matches!(
        emulator.wait_init(Instant::now() + LONG),
        Init::Ready(_)
    ));
    drop(gone);
    let ticket = emulator.submit(named("r"));
    let mut client = connect(&emulator.address());
    assert_eq!(call(&mut client, get(NEXT)).status, 200);
    assert_eq!(
        call(&mut client, post(&response_path("r"), "", "1")).status,
        202
    );
    assert!(!ticket.wait().outcome.is_error());
}

#[test]
fn an_observer_sees_the_moments_in_order() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let observer = move |moment: Moment, at: Instant| sink.lock().unwrap().push((moment, at));
    let config = Config {
        observer: Some(Arc::new(observer)),
        ..Config::default()
    };
    let emulator = Emulator::start(config).unwrap();
    let ticket = emulator.submit(named("r"));
    let mut client = connect(&emulator.address());
    call(&mut client, get(NEXT));
    call(&mut client, post(&response_path("r"), "", "1"));
    assert!(!ticket.wait().outcome.is_error());
    let seen = seen.lock().unwrap();
    let moments: Vec<_> = seen.iter().map(|(moment, _)| *moment).collect();
    let expected = [
        Moment::Accepted(1),
        Moment::NextRead(1),
        Moment::EventSent(1),
        Moment::ResponseRead(1),
    ];
    assert_eq!(moments, expected);
    assert!(seen.is_sorted_by_key(|(_, at)| *at));
}
