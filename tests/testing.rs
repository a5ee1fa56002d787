//! `coldspark::testing` calls a function in the process as Lambda calls the bootstrap.

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use coldspark::stream::Prelude;
use coldspark::{Error, Runtime, testing};
use coldspark_emulator::script;
use common::{bootstrap_file, failure, function};
use serde_json::{Value, json};

/// Part of the ARN that a context of a test has.
const MARK: &[u8] = b":123456789012:function:test";

#[test]
fn the_error_is_that_of_the_bootstrap() {
    let event = r#"{"items": 7}"#;
    let session = function("orders")
        .handler("orders.create")
        .start(script::exchange("e", event));
    let of_bootstrap = failure(&session.requests(3)[1], "e");

    #[derive(serde::Deserialize)]
    #[allow(dead_code, reason = "only read from JSON")]
    struct Order {
        items: Vec<Value>,
    }
    let runtime = Runtime::new().json("orders.create", |_: Order, _| Ok(()));
    let in_process = testing::Function::new(runtime, "orders.create").unwrap();
    let error = in_process.call(event).unwrap_err();
    assert_eq!(error.error_type(), of_bootstrap.error_type);
    assert_eq!(error.message(), of_bootstrap.message);
}

#[test]
fn the_init_step_runs_once_and_its_error_is_the_callers() {
    let runtime = || {
        Runtime::with_init(|init| {
            init.connect();
            match init.handler() {
                "good" => Ok(init.task_root().display().to_string()),
                "panic" => panic!("on purpose"),
                _ => Err(Error::new("Init.Bad", "no table")),
            }
        })
        .any(|_, context| Ok(context.state().clone().into_bytes().into()))
    };
    let good = testing::Function::builder(runtime())
        .task_root("/here")
        .init("good")
        .unwrap();
    assert_eq!(good.call("").unwrap().body(), b"/here");
    assert_eq!(good.state(), "/here");
    assert_eq!(
        testing::Function::new(runtime(), "x")
            .unwrap_err()
            .error_type(),
        "Init.Bad"
    );
    let panicked = testing::Function::new(runtime(), "panic").unwrap_err();
    assert_eq!(panicked.error_type(), "Function.Panic");
    assert_eq!(panicked.message(), "panicked: on purpose");
    let one = || {
        Runtime::new()
            .json("a", |_: Value, _| Ok(1))
            .json("b", |_: Value, _| Ok(2))
    };
    let error = testing::Function::new(one(), "c").unwrap_err();
    assert_eq!(error.error_type(), "Runtime.NoSuchHandler");
    let b = testing::Function::new(one(), "b").unwrap();
    assert_eq!(b.call("{}").unwrap().json::<u8>().unwrap(), 2);
}

#[test]
fn panics_and_responses_that_are_too_large_are_errors() {
    let runtime = Runtime::new().bytes("size", |event, _| {
        let size: usize = std::str::from_utf8(event)?.parse()?;
        assert!(size > 0, "nothing is no size");
        Ok(vec![b'x'; size])
    });
    let function = testing::Function::new(runtime, "size").unwrap();
    assert_eq!(function.call("6291556").unwrap().body().len(), 6_291_556);
    for (event, error_type) in [
        ("6291557", "Function.ResponseSizeTooLarge"),
        ("0", "Function.Panic"),
        ("x", "ParseIntError"),
    ] {
        assert_eq!(function.call(event).unwrap_err().error_type(), error_type);
    }
}

#[test]
fn a_stream_is_collected_with_its_head_pieces_and_error() {
    let runtime = Runtime::new().stream("stream", |event, context, response| {
        match event {
            b"whole" => return Ok(response.respond_whole(b"all".to_vec())?),
            b"early" => return Err(Error::new("Stream.Early", "nothing was sent")),
            b"plain" => response.content_type("text/plain")?,
            _ => {
                let prelude = Prelude::new(201)?.header("X-Id", context.request_id())?;
                response.prelude(&prelude.cookie("a=b")?)?;
            }
        }
        response.write_all(b"one")?;
        response.flush()?;
        assert!(response.has_begun());
        response.write_all(b"two")?;
        response.write_all(&[b'x'; 40_000])?;
        match event {
            b"late" => Err(Error::new("Stream.Late", "something was sent")),
            b"panic" => panic!("in the middle"),
            _ => Ok(()),
        }
    });
    let function = testing::Function::new(runtime, "stream").unwrap();
    assert_eq!(function.call("whole").unwrap().body(), b"all");
    assert_eq!(
        function.call("early").unwrap_err().error_type(),
        "Stream.Early"
    );
    let plain = function.call("plain").unwrap();
    assert_eq!(
        (plain.content_type(), plain.prelude()),
        (Some("text/plain"), None)
    );
    let context = testing::context().request_id("r-7").build();
    let http = function.call_as("http", &context).unwrap();
    let prelude = http.prelude().unwrap();
    assert_eq!((prelude.status(), prelude.get("x-id")), (201, Some("r-7")));
    assert_eq!(prelude.cookies(), ["a=b"]);
    assert_eq!(
        (http.chunks()[0].as_slice(), http.error()),
        (&b"one"[..], None)
    );
    assert_eq!(http.body().len(), 6 + 40_000);
    for (event, error_type) in [("late", "Stream.Late"), ("panic", "Function.Panic")] {
        let response = function.call(event).unwrap();
        assert_eq!(response.error().unwrap().error_type(), error_type);
        assert_eq!(response.chunks()[0], b"one");
    }
}

#[test]
fn tests_that_run_side_by_side_collect_their_own() {
    let runtime = || {
        Runtime::new().stream("echo", |event, _, response| {
            for byte in event {
                response.write_all(&[*byte])?;
                response.flush()?;
            }
            Ok(())
        })
    };
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                let function = testing::Function::new(runtime(), "echo").unwrap();
                for round in 0..50 {
                    let event = format!("{thread}-{round}");
                    let response = function.call(&event).unwrap();
                    assert_eq!(response.text().unwrap(), event);
                    assert_eq!(response.chunks().len(), event.len());
                }
            });
        }
    });
}

#[test]
fn a_context_has_what_it_was_given() {
    let state = json!({"prices": 3});
    let context = testing::context()
        .request_id("r")
        .invocation_id("i")
        .function_arn("arn")
        .trace_id("trace")
        .client_context("{}")
        .cognito_identity("[]")
        .tenant_id("blue")
        .deadline(UNIX_EPOCH + Duration::from_secs(7))
        .state(&state)
        .build();
    assert_eq!(context.request_id(), "r");
    let texts = [
        context.invocation_id(),
        context.function_arn(),
        context.trace_id(),
        context.client_context(),
        context.cognito_identity(),
        context.tenant_id(),
    ];
    assert_eq!(
        texts.map(Option::unwrap),
        ["i", "arn", "trace", "{}", "[]", "blue"]
    );
    assert_eq!(context.state(), &state);
    assert!(context.time_left().unwrap().is_zero());
    assert_eq!(testing::context().no_deadline().build().deadline(), None);
    let left = testing::context().build().time_left().unwrap();
    assert!(left <= Duration::from_secs(3), "{left:?}");
}

/// The text of a test's context is in this program, and in no bootstrap.
#[test]
fn nothing_of_it_is_linked_with_a_bootstrap() {
    let has = |program: &Path| {
        let bytes = fs::read(program).expect("a program");
        bytes.windows(MARK.len()).any(|window| window == MARK)
    };
    let here = std::env::current_exe().expect("this program");
    let _used = testing::context().build();
    assert!(has(&here), "the mark is not in a program that uses it");
    for name in ["hello", "orders", "stream"] {
        let program = bootstrap_file(name);
        assert!(!has(&program), "{}", program.display());
    }
}
