//! SnapStart: the paths of the hooks, readiness behind the restore, and no connection in a snapshot.

use std::thread;
use std::time::Duration;

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::{self, Call, Step};

use crate::common::event;
use crate::common::function::limit;
use crate::common::web::{Web, get, text};

const VARIABLES: [(&str, &str); 3] = [
    ("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start"),
    ("AWS_LWA_SNAPSTART_BEFORE_CHECKPOINT_PATH", "/snap/before"),
    ("AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH", "/snap/after"),
];

/// A function at its snapshot, with an application that answers each hook and readiness check.
fn start() -> Web {
    let steps = [
        text("ready"),
        Reply::new(204),
        text("done"),
        text("ready again"),
    ];
    let web = Web::start_with(&VARIABLES, steps);
    web.function.api.wait_for(1, limit());
    web
}

fn restore(web: &Web) {
    web.function.api.wait_for(1, limit());
    web.function
        .api
        .push(Step::from(script::status(200)).only(Call::RestoreNext));
}

#[test]
fn the_hooks_are_posted_and_no_connection_is_in_the_snapshot() {
    let web = start();
    restore(&web);
    web.app.push(text("answer"));
    web.function.api.push(event("first", get("/").to_string()));
    web.function.api.push(script::status(202));
    let answer = web.function.api.wait_for(3, limit())[2].text();
    assert!(answer.contains("answer"), "{answer}");
    let requests = web.app.requests();
    let calls: Vec<_> = requests
        .iter()
        .map(|request| format!("{} {}", request.method, request.path))
        .collect();
    let expected = [
        "GET /",
        "POST /snap/before",
        "POST /snap/after",
        "GET /",
        "GET /",
    ];
    assert_eq!(calls, expected);
    let before = requests[1].connection;
    assert!(
        requests[2..]
            .iter()
            .all(|request| request.connection > before)
    );
}

#[test]
fn a_restore_long_after_the_start_is_no_late_readiness() {
    let web = start();
    // A warning of a start that takes long comes after 2 s.
    thread::sleep(Duration::from_millis(2100));
    restore(&web);
    web.function.api.wait_for(2, limit());
    assert!(
        !web.function.log().contains("not ready"),
        "{}",
        web.function.log()
    );
}

#[test]
fn a_hook_that_is_not_answered_with_success_is_an_error() {
    let web = Web::start_with(&VARIABLES, [text("ready"), Reply::new(302)]);
    let texts = ["/snap/before", "302", "2xx"];
    web.function
        .assert_init_error("Runtime.BeforeSnapshotError", &texts);
    let web = Web::start_with(
        &VARIABLES,
        [text("ready"), Reply::new(200), Reply::new(500)],
    );
    restore(&web);
    web.function.api.push(script::status(202));
    let request = web.function.api.wait_for(2, limit())[1].clone();
    assert!(request.path.ends_with("/restore/error"), "{}", request.path);
    assert!(request.text().contains("/snap/after"), "{}", request.text());
}

#[test]
fn nobody_else_may_call_the_hooks() {
    let variables = [VARIABLES[1], VARIABLES[2]];
    let mut web = Web::start(&variables);
    for path in ["/snap/before", "/snap/%61fter", "//SNAP/x/../after;a=b"] {
        let answer = web.function.invoke(get(path).to_string()).text();
        assert!(answer.contains("\"statusCode\":403"), "{answer}");
    }
    assert_eq!(web.app.requests().len(), 1);
    assert_eq!(
        web.answer(&get("/snap/afterwards"), text("ok"))["body"],
        "ok"
    );
}
