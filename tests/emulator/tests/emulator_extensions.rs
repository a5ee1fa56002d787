//! The Extensions API of the emulator, as far as a runtime needs it that registers itself.

mod common;

use std::net::TcpStream;
use std::time::{Duration, Instant};

use coldspark_emulator::api::PREFIX;
use coldspark_emulator::emulator::{Config, Emulator, Init, Invocation};
use common::*;

const REGISTER: &str = "/2020-01-01/extension/register";
const EVENT_NEXT: &str = "/2020-01-01/extension/event/next";

fn registration(name: &str, body: &str) -> String {
    post(
        REGISTER,
        &format!("Lambda-Extension-Name: {name}\r\n"),
        body,
    )
}

/// Registers an extension and gives its id.
fn register(client: &mut TcpStream, name: &str, body: &str) -> String {
    let registered = call(client, registration(name, body));
    assert_eq!(registered.status, 200, "{}", registered.body);
    let id = registered.header("Lambda-Extension-Identifier");
    id.expect("an id").to_owned()
}

fn event_next(id: &str) -> String {
    format!("GET {EVENT_NEXT} HTTP/1.1\r\nHost: test\r\nLambda-Extension-Identifier: {id}\r\n\r\n")
}

#[track_caller]
fn assert_refused(answer: &Answer, error_type: &str) {
    let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let found = (answer.status, json["errorType"].as_str());
    assert_eq!(found, (403, Some(error_type)));
}

fn is_ready(emulator: &Emulator) -> bool {
    matches!(emulator.wait_init(Instant::now()), Init::Ready(_))
}

#[test]
fn a_registration_describes_the_function_and_earns_the_time_of_a_sigterm() {
    let (emulator, mut client) = start();
    assert_eq!(emulator.grace(), None);
    let registered = call(&mut client, registration("own", r#"{"events":[]}"#));
    let json: serde_json::Value = serde_json::from_str(&registered.body).unwrap();
    assert_eq!(json["functionName"], "function");
    assert_eq!(json["functionVersion"], "$LATEST");
    assert_eq!(emulator.grace(), Some(Duration::from_millis(500)));
    emulator.reset();
    assert_eq!(emulator.grace(), None);
}

#[test]
fn an_external_extension_earns_more_and_may_ask_for_the_shutdown() {
    let config = Config {
        external_extensions: vec!["outside".to_owned()],
        ..Config::default()
    };
    let emulator = Emulator::start(config).unwrap();
    let mut client = connect(&emulator.address());
    let events = r#"{"events":["INVOKE","SHUTDOWN"]}"#;
    register(&mut client, "outside", events);
    register(&mut client, "own", "{}");
    assert_eq!(emulator.grace(), Some(Duration::from_secs(2)));
    let refused = call(&mut client, registration("another", events));
    assert_refused(&refused, "Extension.InvalidEventType");
}

#[test]
fn no_registration_after_the_first_call_for_an_event_or_the_restore() {
    for call_for in ["invocation/next", "restore/next"] {
        let (emulator, mut client) = start();
        let mut runtime = connect(&emulator.address());
        send(&mut runtime, get(&format!("{PREFIX}{call_for}")));
        let until = Instant::now() + LONG;
        let arrived = match call_for {
            "restore/next" => emulator.wait_restore_point(until),
            _ => matches!(emulator.wait_init(until), Init::Ready(_)),
        };
        assert!(arrived);
        let refused = call(&mut client, registration("late", "{}"));
        assert_refused(&refused, "Extension.RegistrationClosed");
        assert_eq!(emulator.grace(), None);
    }
}

#[test]
fn an_extension_that_does_not_ask_holds_up_init_and_events() {
    let (emulator, mut client) = start();
    let id = register(&mut client, "own", r#"{"events":[]}"#);
    let ticket = emulator.submit(Invocation::new("1"));
    let mut runtime = connect(&emulator.address());
    send(&mut runtime, get(NEXT));
    runtime
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let nothing = runtime.peek(&mut [0]).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
    assert!(!is_ready(&emulator));
    // Nor is there a way back to a failed init.
    let failed = call(&mut client, post(&format!("{PREFIX}init/error"), "", "{}"));
    assert_refused(&failed, "InvalidStateTransition");
    // Its call waits, and lets the event go.
    let mut extension = connect(&emulator.address());
    send(&mut extension, event_next(&id));
    runtime.set_read_timeout(Some(LONG)).unwrap();
    let next = answer(&mut runtime);
    assert_eq!(next.body, "1");
    assert!(is_ready(&emulator));
    let request_id = next.header("Lambda-Runtime-Aws-Request-Id").unwrap();
    let done = call(&mut runtime, post(&response_path(request_id), "", "2"));
    assert_eq!(done.status, 202);
    assert!(!ticket.wait().outcome.is_error());
    let twice = call(&mut client, event_next(&id));
    assert_refused(&twice, "Extension.InvalidExtensionState");
    // The connection of the pending call may end; the extension has asked all the same.
    drop(extension);
    let ticket = emulator.submit(Invocation::new("3"));
    assert_eq!(call(&mut runtime, get(NEXT)).body, "3");
    drop(ticket);
}

#[test]
fn an_extension_that_asks_for_invocations_gets_them() {
    let (emulator, mut extension) = start();
    let id = register(&mut extension, "own", r#"{"events":["INVOKE"]}"#);
    send(&mut extension, event_next(&id));
    let _ticket = emulator.submit(Invocation {
        request_id: Some("r-1".to_owned()),
        ..Invocation::new("1")
    });
    let mut runtime = connect(&emulator.address());
    assert_eq!(call(&mut runtime, get(NEXT)).body, "1");
    let told: serde_json::Value = serde_json::from_str(&answer(&mut extension).body).unwrap();
    assert_eq!(
        (&told["eventType"], &told["requestId"]),
        (&"INVOKE".into(), &"r-1".into())
    );
}

#[test]
fn what_is_wrong_is_refused_as_aws_does() {
    let (_emulator, mut client) = start();
    let nameless = call(&mut client, post(REGISTER, "", "{}"));
    assert_refused(&nameless, "Extension.InvalidExtensionName");
    for body in ["", "[]", r#"{"events":1}"#] {
        let refused = call(&mut client, registration("own", body));
        assert_refused(&refused, "InvalidRequestFormat");
    }
    let refused = call(&mut client, registration("own", r#"{"events":["OTHER"]}"#));
    assert_refused(&refused, "Extension.InvalidEventType");
    register(&mut client, "own", "{}");
    let again = call(&mut client, registration("own", "{}"));
    assert_refused(&again, "Extension.InvalidExtensionState");
    let anonymous = call(&mut client, get(EVENT_NEXT));
    assert_refused(&anonymous, "Extension.MissingExtensionIdentifier");
    let unknown = call(&mut client, event_next("somebody"));
    assert_refused(&unknown, "Extension.UnknownExtensionIdentifier");
    for number in 1..10 {
        register(&mut client, &number.to_string(), "{}");
    }
    let refused = call(&mut client, registration("eleventh", "{}"));
    assert_refused(&refused, "Extension.TooManyExtensions");
}
