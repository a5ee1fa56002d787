//! When the application is ready, and what becomes of one that never is.

use std::net::TcpListener;

use coldspark_emulator::http::Reply;
use coldspark_emulator::port::free_port;
use coldspark_emulator::script::{Step, raw};

use crate::common::web::{PROCESS, Web, get, idle, page, text};
use crate::common::{Function, Package, workers};

/// A process, and a port on which nobody listens yet.
pub(super) fn silent(process: &str, variables: &[(&str, &str)]) -> (Function, u16) {
    let port = free_port();
    let package = Package::new().executable("handler", workers::raw(process));
    let port_text = port.to_string();
    let function = Function::start_with("http:handler", package, |command| {
        command.env("AWS_LWA_PORT", port_text);
        command.envs(variables.iter().copied());
    });
    (function, port)
}

/// Answers each connection to this port with a page.
fn listen(port: u16) {
    serve(TcpListener::bind(("127.0.0.1", port)).expect("the port"));
}

pub(super) fn serve(listener: TcpListener) {
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nok",
            );
        }
    });
}

#[test]
fn the_check_goes_out_once_and_its_connection_is_the_first_events() {
    let mut web = Web::start(&[("AWS_LWA_READINESS_CHECK_PATH", "/healthz?x=1")]);
    idle(&web);
    assert_eq!(web.answer(&get("/"), text("first"))["body"], "first");
    let requests = web.app.requests();
    assert_eq!(
        (&*requests[0].method, &*requests[0].path),
        ("GET", "/healthz?x=1")
    );
    assert_eq!(requests[0].header("host"), Some(&*web.app.address()));
    assert_eq!((requests.len(), web.app.connections()), (2, 1));
}

#[test]
fn a_port_that_is_refused_is_tried_again_until_it_is_open() {
    let (mut function, port) = silent("sleep 600", &[]);
    function.wait_until("started", |function| {
        !crate::common::process::children(function.pid()).is_empty()
    });
    // Meanwhile the bootstrap does not interrupt the application (SCHED_BATCH).
    function.wait_until("patient", |function| policy(function.pid()) == "3");
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port");
    let (check, _) = listener.accept().expect("the check");
    // The answer to the check is passed on at once.
    function.wait_until("prompt", |function| policy(function.pid()) == "0");
    drop(check);
    serve(listener);
    assert!(
        function
            .invoke(get("/").to_string())
            .text()
            .contains("\"body\":\"ok\"")
    );
    assert_eq!(policy(function.pid()), "0");
}

/// The readiness check goes by the CPU time of the application: it does not ask while that computes, and asks
/// whatever it does then.
#[test]
fn an_application_is_found_whether_it_is_idle_or_busy_or_not_the_child_itself() {
    const COMPUTES: &str = "i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done; touch computed; ";
    for then in [
        "exec sleep 600",
        // Its other threads may compute while the one that listens does not.
        "while :; do :; done",
        // The application is not the process that the bootstrap has started.
        "sleep 600 & wait",
        // It works for a moment again and again.
        "while :; do sleep 0.005; done",
    ] {
        let (mut function, port) = silent(&format!("{COMPUTES}{then}"), &[]);
        let computed = function.package.task().join("computed");
        function.wait_until("computed", |_| computed.exists());
        listen(port);
        let answer = function.invoke(get("/").to_string()).text();
        assert!(answer.contains("\"body\":\"ok\""), "{then}: {answer}");
    }
}

/// The scheduling policy of a process's first thread (proc_pid_stat(5)).
fn policy(pid: u32) -> String {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("its state");
    let (_, rest) = stat.rsplit_once(')').expect("a name");
    let policy = rest.split_whitespace().nth(38).expect("a policy");
    policy.to_owned()
}

#[test]
fn an_answer_that_is_not_healthy_is_asked_for_again() {
    let steps = [Reply::new(500), Reply::new(503), Reply::new(404)];
    let web = Web::start_with(&[], steps);
    idle(&web);
    assert_eq!(web.app.requests().len(), 3);
    let variables = [("AWS_LWA_READINESS_CHECK_HEALTHY_STATUS", "200-299, 500")];
    let steps = [Reply::new(404), Reply::new(301), Reply::new(500)];
    let web = Web::start_with(&variables, steps);
    idle(&web);
    assert_eq!(web.app.requests().len(), 3);
    // Closed without an answer: it is not up yet.
    let steps = [
        Step::close_after_request(),
        Step::reset(),
        Step::from(text("ready")),
    ];
    let web = Web::start_with(&[], steps);
    idle(&web);
}

#[test]
fn a_connection_is_enough_where_the_protocol_is_tcp() {
    let mut web = Web::start_with(
        &[("AWS_LWA_READINESS_CHECK_PROTOCOL", "TCP")],
        Vec::<Step>::new(),
    );
    idle(&web);
    assert_eq!(web.app.requests().len(), 0);
    assert_eq!(web.answer(&get("/"), text("ok"))["body"], "ok");
    assert_eq!(web.app.connections(), 1);
}

#[test]
fn the_check_may_have_a_port_of_its_own() {
    let health = coldspark_emulator::script::Scripted::start([text("healthy")]);
    let port = health.port().to_string();
    let variables = [("READINESS_CHECK_PORT", &*port)];
    let mut web = Web::start_with(&variables, Vec::<Step>::new());
    idle(&web);
    assert_eq!(health.requests().len(), 1);
    assert_eq!(web.answer(&get("/"), text("ok"))["body"], "ok");
}

#[test]
fn a_long_page_or_one_without_an_end_keeps_nobody() {
    let endless = raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
    let long = page("text/html", "x".repeat(3_000_000));
    for check in [Step::from(endless).then_park(), Step::from(long)] {
        let mut web = Web::start_with(&[], [check]);
        idle(&web);
        assert_eq!(web.answer(&get("/"), text("ok"))["body"], "ok");
    }
}

#[test]
fn an_application_that_ends_first_is_an_init_error() {
    let (function, _) = silent("echo 'no module' >&2; exit 4", &[]);
    let texts = ["exit status: 4", "before it was ready", "no module"];
    function.assert_init_error("Runtime.ApplicationExited", &texts);
    // It forks away: what stays behind is not the application.
    let (function, _) = silent("sleep 600 & exit 0", &[]);
    function.assert_init_error(
        "Runtime.ApplicationExited",
        &["exit status: 0", "foreground"],
    );
}

#[test]
fn with_async_init_the_first_event_waits_for_the_application() {
    let (mut function, port) = silent("sleep 600", &[("AWS_LWA_ASYNC_INIT", "true")]);
    function.wait_idle();
    let log = function.log();
    assert!(
        log.contains("not ready shortly before Lambda's limit"),
        "{log}"
    );
    function.send(crate::common::event("slow", get("/").to_string()));
    listen(port);
    assert!(function.receive().text().contains("\"body\":\"ok\""));
}

#[test]
fn what_answers_no_http_is_an_init_error() {
    let steps = [Step::from(raw("SSH-2.0-OpenSSH\r\n\r\n")).then_close()];
    let web = Web::start_with(&[], steps);
    web.function
        .assert_init_error("Runtime.ApplicationProtocol", &["HTTP/1.1"]);
}

#[test]
fn an_application_that_listens_on_ipv6_alone_is_found() {
    let Ok(app) = coldspark_emulator::script::Scripted::bind(
        "::1".parse().expect("an address"),
        [text("ready")],
    ) else {
        coldspark_emulator::skipped("there is no IPv6");
        return;
    };
    let port = app.port().to_string();
    let package = Package::new().executable("handler", workers::raw(PROCESS));
    let mut function = Function::start_env("http:handler", package, &[("PORT", &port)]);
    app.push(text("ok"));
    assert!(function.invoke(get("/").to_string()).text().contains("ok"));
}
