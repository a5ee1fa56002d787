//! The warning and the errors of an application that is not ready.

use std::net::TcpListener;

use coldspark_emulator::http::Reply;
use coldspark_emulator::port::free_port;
use coldspark_emulator::script::Step;

use super::readiness::silent;
use crate::common::function::urgent;
use crate::common::web::{Web, get, text};

const LIMIT: &str = "AWS_LWA_READINESS_CHECK_TIMEOUT_SECONDS";

#[test]
fn an_application_that_is_not_ready_in_time_is_an_init_error() {
    let process = "echo 'still busy' >&2; sleep 600";
    let (function, port) = silent(process, &[(LIMIT, "0.3")]);
    let found = format!("GET / on port {port} of 127.0.0.1) finds that nobody listens there");
    let texts = ["within 300 ms", LIMIT, &found, "AWS_LWA_PORT", "still busy"];
    let error = function.assert_init_error("Runtime.InitTimeout", &texts);
    assert!(!error.contains("status"), "{error}");

    let health = free_port().to_string();
    let variables = [
        (LIMIT, "9"),
        ("COLDSPARK_INIT_TIMEOUT_MS", "200"),
        ("AWS_LWA_READINESS_CHECK_PORT", &*health),
    ];
    let (function, _) = silent("sleep 600", &variables);
    let on_port = format!("on port {health} of");
    let texts = [
        "within 200 ms (COLDSPARK_INIT_TIMEOUT_MS)",
        &on_port,
        "AWS_LWA_READINESS_CHECK_PORT",
    ];
    let error = function.assert_init_error("Runtime.InitTimeout", &texts);
    assert!(!error.contains("that PORT names"), "{error}");
}

#[test]
fn the_error_says_what_the_check_has_seen() {
    let statuses = || (0..10_000).map(|_| Step::from(Reply::new(503)));
    let closing = || (0..10_000).map(|_| Step::close_after_request());
    let cases: [(Vec<Step>, &[&str]); 3] = [
        (
            statuses().collect(),
            &[
                "answers with status 503",
                "AWS_LWA_READINESS_CHECK_HEALTHY_STATUS",
            ],
        ),
        (
            vec![Step::park()],
            &["and has not answered", "AWS_LWA_READINESS_CHECK_PATH"],
        ),
        (closing().collect(), &["it closes the connection"]),
    ];
    for (steps, texts) in cases {
        let web = Web::start_with(&[(LIMIT, "0.4")], steps);
        web.function.assert_init_error("Runtime.InitTimeout", texts);
    }
}

#[test]
fn a_warning_comes_after_2_s_and_once() {
    let warned = |log: &str| log.matches("is not ready after 2 s").count();
    let (mut function, port) = silent("sleep 600", &[]);
    function.wait_until("warned", |function| warned(&function.log()) == 1);
    let log = function.log();
    assert!(
        log.contains(&format!("on port {port} of 127.0.0.1) finds that nobody")),
        "{log}"
    );
    assert!(log.contains("AWS_LWA_PORT"), "{log}");
    // There is no second warning, and it is served when it answers.
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port");
    let (check, _) = listener.accept().expect("the check");
    drop(check);
    super::readiness::serve(listener);
    let answer = function.invoke(get("/").to_string()).text();
    assert!(answer.contains("\"body\":\"ok\""), "{answer}");
    assert_eq!(warned(&function.log()), 1, "{}", function.log());

    // One that accepts and is slow to answer is asked once.
    let mut web = Web::start_with(&[], Vec::<Step>::new());
    web.function.wait_until("warned", |function| {
        let log = function.log();
        log.contains("and has not answered")
    });
    web.app.push(text("ready"));
    assert_eq!(web.answer(&get("/"), text("ok"))["body"], "ok");
    assert_eq!(web.app.requests().len(), 2);
    assert_eq!(warned(&web.function.log()), 1);
}

#[test]
fn the_first_event_that_waits_learns_why() {
    let variables = [("COLDSPARK_ASYNC_INIT", "1")];
    let (mut function, port) = silent("sleep 600", &variables);
    function.wait_idle();
    let event = serde_json::json!({"a": 1}).to_string();
    function.send(urgent("waits", &event, 1500));
    let found = format!("on port {port} of 127.0.0.1) finds that nobody listens");
    function
        .receive()
        .assert_error("Runtime.HandlerTimeout", &["not ready", &found]);
}
