//! The emulated Runtime API, call by call.

mod common;

use std::time::{Duration, SystemTime};

use coldspark_emulator::api::{MAX_RESPONSE, PREFIX};
use coldspark_emulator::emulator::{Config, Emulator, Invocation, Outcome};
use common::*;

#[test]
fn an_event_carries_the_headers_it_was_given() {
    let (emulator, mut client) = start();
    let ticket = emulator.submit(Invocation {
        request_id: Some("r-1".into()),
        client_context: Some("{\n\"a\":1}".into()),
        cognito_identity: Some("{}".into()),
        tenant_id: Some("blue".into()),
        trace_id: Some("Root=1".into()),
        ..Invocation::new("[1]")
    });
    let next = call(&mut client, get(NEXT));
    assert_eq!(next.body, "[1]");
    for (name, value) in [
        ("Lambda-Runtime-Aws-Request-Id", "r-1"),
        ("Lambda-Runtime-Client-Context", "{ \"a\":1}"),
        ("Lambda-Runtime-Cognito-Identity", "{}"),
        ("Lambda-Runtime-Aws-Tenant-Id", "blue"),
        ("Lambda-Runtime-Trace-Id", "Root=1"),
        ("Content-Type", "application/json"),
    ] {
        assert_eq!(next.header(name), Some(value), "{name}");
    }
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let deadline = next.header("Lambda-Runtime-Deadline-Ms").unwrap();
    assert!(deadline.parse::<u128>().unwrap() > now);
    assert!(next.header("Lambda-Runtime-Invoked-Function-Arn").is_some());
    let nonce = next.header("Lambda-Runtime-Invocation-Id").unwrap();
    let echo = format!("Lambda-Runtime-Invocation-Id: {nonce}\r\nContent-Type: text/x\r\n");
    let done = call(&mut client, post(&response_path("r-1"), &echo, "2"));
    assert_eq!(
        (done.status, done.body.as_str()),
        (202, r#"{"status":"OK"}"#)
    );
    let finished = ticket.wait();
    assert!(finished.event_sent.unwrap() <= finished.response_read.unwrap());
    let expected = Outcome::Response {
        body: b"2".to_vec(),
        content_type: Some("text/x".into()),
        streamed: false,
        trailers: Vec::new(),
        http_fault: None,
    };
    assert_eq!(finished.outcome, expected);
}

#[test]
fn absent_fields_are_absent_headers() {
    let (emulator, mut client) = start();
    let _ticket = emulator.submit(Invocation::new("{}"));
    let next = call(&mut client, get(NEXT));
    for name in [
        "Trace-Id",
        "Client-Context",
        "Cognito-Identity",
        "Aws-Tenant-Id",
    ] {
        assert_eq!(next.header(&format!("Lambda-Runtime-{name}")), None);
    }
    let id = next.header("Lambda-Runtime-Aws-Request-Id").unwrap();
    assert_eq!(
        id.split('-').map(str::len).collect::<Vec<_>>(),
        [8, 4, 4, 4, 12]
    );
}

#[test]
fn wrong_answers_get_the_documented_statuses() {
    let (emulator, mut client) = start();
    let first = call(&mut client, post(&response_path("r"), "", "1"));
    assert_eq!(
        (first.status, error_type(&first)),
        (403, "InvalidStateTransition".into())
    );
    let ticket = emulator.submit(named("r"));
    call(&mut client, get(NEXT));
    // A second next hands out the same event.
    let again = call(&mut client, get(NEXT));
    assert_eq!(again.header("Lambda-Runtime-Aws-Request-Id"), Some("r"));
    let wrong = call(&mut client, post(&response_path("other"), "", "1"));
    assert_eq!(
        (wrong.status, error_type(&wrong)),
        (400, "InvalidRequestID".into())
    );
    let stale = "Lambda-Runtime-Invocation-Id: stale\r\n";
    let stale = call(&mut client, post(&response_path("r"), stale, "1"));
    assert_eq!(
        (stale.status, error_type(&stale)),
        (410, "InvokeTimeout".into())
    );
    assert_eq!(
        call(&mut client, post(&response_path("r"), "", "1")).status,
        202
    );
    let twice = call(&mut client, post(&error_path("r"), "", "{}"));
    assert_eq!(
        (twice.status, error_type(&twice)),
        (403, "InvalidStateTransition".into())
    );
    let init = format!("{PREFIX}init/error");
    assert_eq!(call(&mut client, post(&init, "", "{}")).status, 403);
    assert_eq!(call(&mut client, get("/elsewhere")).status, 404);
    assert!(!ticket.wait().outcome.is_error());
}

#[test]
fn errors_keep_their_json_and_type() {
    let (emulator, mut client) = start();
    let ticket = emulator.submit(named("r"));
    call(&mut client, get(NEXT));
    let json = r#"{"errorType":"Mine","errorMessage":"m"}"#;
    let header = "Lambda-Runtime-Function-Error-Type: Function.Mine\r\n";
    assert_eq!(
        call(&mut client, post(&error_path("r"), header, json)).status,
        202
    );
    let expected = Outcome::FunctionError {
        json: json.into(),
        error_type: Some("Function.Mine".into()),
    };
    assert_eq!(ticket.wait().outcome, expected);
}

#[test]
fn an_error_over_the_limit_is_not_answered_and_ends_the_environment() {
    let (emulator, mut client) = start();
    for (size, taken) in [(MAX_RESPONSE, true), (MAX_RESPONSE + 1, false)] {
        let _ticket = emulator.submit(named(&format!("r-{size}")));
        call(&mut client, get(NEXT));
        let error = post(&error_path(&format!("r-{size}")), "", &"x".repeat(size));
        send(&mut client, error);
        if taken {
            assert_eq!(answer(&mut client).status, 202);
        } else {
            assert_eq!(read_all(&mut client), "");
        }
    }
    let mut client = connect(&emulator.address());
    assert_eq!(call(&mut client, get(NEXT)).status, 403);
}

#[test]
fn a_timeout_makes_the_answer_late() {
    let (emulator, mut client) = start();
    let ticket = emulator.submit(Invocation {
        timeout: Duration::from_millis(20),
        ..named("r")
    });
    let next = call(&mut client, get(NEXT));
    assert_eq!(ticket.wait().outcome, Outcome::Timeout);
    let late = call(&mut client, post(&response_path("r"), "", "1"));
    assert_eq!(
        (late.status, error_type(&late)),
        (410, "InvokeTimeout".into())
    );
    // A retry with the same id is another invocation: the old nonce stays late.
    let retry = emulator.submit(named("r"));
    call(&mut client, get(NEXT));
    let nonce = next.header("Lambda-Runtime-Invocation-Id").unwrap();
    let echo = format!("Lambda-Runtime-Invocation-Id: {nonce}\r\n");
    assert_eq!(
        call(&mut client, post(&response_path("r"), &echo, "1")).status,
        410
    );
    assert_eq!(
        call(&mut client, post(&response_path("r"), "", "1")).status,
        202
    );
    assert!(!retry.wait().outcome.is_error());
}

#[test]
fn nobody_fetching_is_a_timeout() {
    let config = Config {
        fetch_limit: Duration::from_millis(20),
        ..Config::default()
    };
    let emulator = Emulator::start(config).unwrap();
    assert_eq!(emulator.invoke(Invocation::new("{}")), Outcome::Timeout);
}

#[test]
fn responses_have_a_size_limit() {
    let (emulator, mut client) = start();
    for (size, status) in [(MAX_RESPONSE, 202), (MAX_RESPONSE + 1, 413)] {
        let ticket = emulator.submit(named("r"));
        call(&mut client, get(NEXT));
        let body = "x".repeat(size);
        assert_eq!(
            call(&mut client, post(&response_path("r"), "", &body)).status,
            status
        );
        let outcome = ticket.wait().outcome;
        let too_large = outcome.error_type() == Some("Function.ResponseSizeTooLarge");
        assert_eq!(too_large, status == 413);
    }
}

#[test]
fn a_truncated_response_is_a_function_error() {
    let (emulator, mut client) = start();
    let ticket = emulator.submit(named("r"));
    call(&mut client, get(NEXT));
    let head = format!(
        "POST {} HTTP/1.1\r\nContent-Length: 9\r\n\r\n",
        response_path("r")
    );
    send(&mut client, head + "abc");
    client.shutdown(std::net::Shutdown::Write).unwrap();
    let truncated = answer(&mut client);
    assert_eq!(
        (truncated.status, error_type(&truncated)),
        (400, "TruncatedHTTPRequest".into())
    );
    let outcome = ticket.wait().outcome;
    assert_eq!(outcome.error_type(), Some("Runtime.TruncatedResponse"));
}

#[test]
fn behind_an_unknown_response_mode_everything_is_refused() {
    let (emulator, mut client) = start();
    let ticket = emulator.submit(Invocation {
        timeout: Duration::from_millis(200),
        ..named("r")
    });
    call(&mut client, get(NEXT));
    let mode = "Lambda-Runtime-Function-Response-Mode: buffered\r\n";
    let refused = call(&mut client, post(&response_path("r"), mode, "1"));
    assert_eq!(
        (refused.status, error_type(&refused)),
        (400, "InvalidFunctionResponseMode".into())
    );
    assert_eq!(call(&mut client, get(NEXT)).status, 403);
    assert_eq!(ticket.wait().outcome, Outcome::Timeout);
}
