//! What the environment says: where the Runtime API is, and which handler answers.

mod common;

use std::ffi::OsStr;
use std::fs;
use std::net::Ipv6Addr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use coldspark_emulator::script::{self, Scripted};
use common::{assert_next, assert_response, exchanges, function, init_failure};

const VARIABLE: &str = "AWS_LAMBDA_RUNTIME_API";

#[test]
fn an_address_that_is_not_host_and_port_ends_the_process() {
    for (address, reason) in [
        ("", "is empty"),
        ("127.0.0.1", "has no port"),
        ("127.0.0.1:", "a port that is not a number from 1 to 65535"),
        (
            "127.0.0.1:port",
            "a port that is not a number from 1 to 65535",
        ),
        ("127.0.0.1:0", "has port 0"),
        (
            "127.0.0.1:65536",
            "a port that is not a number from 1 to 65535",
        ),
        (
            "127.0.0.1:-1",
            "a port that is not a number from 1 to 65535",
        ),
        ("http://127.0.0.1:9001", "has a scheme"),
        (
            "127.0.0.1:9001/2018-06-01",
            "a port that is not a number from 1 to 65535",
        ),
        ("::1:9001", "an IPv6 address without brackets"),
        ("[::1:9001", "brackets without an IPv6 address"),
        ("[localhost]:9001", "brackets without an IPv6 address"),
        (":9001", "no valid host"),
        ("a b:9001", "no valid host"),
        ("a\nb:9001", "no valid host"),
    ] {
        let exit = function("hello").start_at(address).wait();
        let named = format!("{VARIABLE}={address:?}");
        exit.assert_failed_with(&[&named, reason, "it must be host:port"]);
        assert_eq!(exit.stderr.lines().count(), 1, "{}", exit.stderr);
    }
}

#[test]
fn an_address_that_is_not_text_ends_the_process() {
    let exit = function("hello")
        .start_at(OsStr::from_bytes(b"h\xffst:9001"))
        .wait();
    exit.assert_failed_with(&[VARIABLE, "h\u{fffd}st:9001", "it must be host:port"]);
}

#[test]
fn an_absent_address_ends_the_process() {
    let exit = function("hello").without_env(VARIABLE).spawn().wait();
    exit.assert_failed_with(&["AWS_LAMBDA_RUNTIME_API is not set", "it must be host:port"]);
}

#[test]
fn an_ipv6_address_in_brackets_is_polled() {
    let steps = script::exchange("six", "over IPv6");
    let api = match Scripted::bind(Ipv6Addr::LOCALHOST.into(), steps) {
        Ok(api) => api,
        Err(error) => {
            coldspark_emulator::skipped(&format!("this machine has no ::1: {error}"));
            return;
        }
    };
    let address = api.address();
    assert!(address.starts_with("[::1]:"), "{address}");
    let session = function("hello").start_with(api);
    let requests = session.requests(3);
    assert_eq!(requests[0].header("Host"), Some(address.as_str()));
    assert_response(&requests[1], "six", b"over IPv6");
}

#[test]
fn a_host_name_is_polled() {
    let api = Scripted::start(script::exchange("named", "by name"));
    let port = api.address().replace("127.0.0.1:", "");
    let address = format!("localhost:{port}");
    let process = function("hello").start_at(&address);
    let session = common::Session::new(process, api);
    let requests = session.requests(3);
    assert_eq!(requests[0].header("Host"), Some(address.as_str()));
    assert_response(&requests[1], "named", b"by name");
}

#[test]
fn every_address_of_a_host_name_is_tried_in_order() {
    // In a mount namespace of its own it has a file of its own.
    const HOSTS: &str = "mount --bind \"$1\" /etc/hosts && shift && exec \"$@\"";
    let namespace = ["unshare", "--map-root-user", "--mount"];
    let allowed = Command::new(namespace[0])
        .args(&namespace[1..])
        .arg("true")
        .status();
    if !allowed.is_ok_and(|status| status.success()) {
        coldspark_emulator::skipped("this machine allows no mount namespace");
        return;
    }
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hosts-of-several");
    // The first two ports are closed.
    let hosts = "127.0.0.9 other\n::1 api\n127.0.0.3 api\n127.0.0.1 last api\n";
    fs::write(&file, hosts).expect("a file of hosts");
    let api = Scripted::start(script::exchange("named", "by the last"));
    let port = api.address().replace("127.0.0.1:", "");
    let words = ["sh", "-c", HOSTS, "sh", file.to_str().expect("a path")];
    let process = function("hello")
        .run_by(&[&namespace[..], &words].concat())
        .start_at(format!("api:{port}"));
    let session = common::Session::new(process, api);
    assert_response(&session.requests(3)[1], "named", b"by the last");
}

#[test]
fn an_unknown_host_name_ends_the_process() {
    let exit = function("hello")
        .start_at("no-such-host.invalid:9001")
        .wait();
    exit.assert_failed_with(&[
        "GET invocation/next",
        "\"no-such-host.invalid\"",
        "/etc/hosts",
    ]);
}

#[test]
fn a_port_where_nobody_listens_ends_the_process() {
    let refusing = common::Refusing::new();
    let exit = function("hello").start_at(refusing.address()).wait();
    exit.assert_failed_with(&["GET invocation/next", "cannot connect", "refused"]);
}

#[test]
fn the_handler_setting_chooses_the_handler() {
    for (handler, event, response) in [
        ("orders.price", r#""rope""#, "350"),
        (
            "orders.create",
            r#"{"items":[{"article":"rope","quantity":2}]}"#,
            r#"{"order":"o-1","pieces":2,"total":700}"#,
        ),
    ] {
        let steps = script::exchange("o-1", event);
        let session = function("orders").handler(handler).start(steps);
        assert_response(&session.requests(3)[1], "o-1", response.as_bytes());
    }
}

#[test]
fn an_unknown_handler_is_an_init_error_that_lists_the_handlers() {
    for (name, handler, listed) in [
        (
            "orders",
            "bootstrap",
            r#"["orders.create", "orders.price"]"#,
        ),
        ("orders", "orders", r#"["orders.create", "orders.price"]"#),
        ("orders", "", r#"["orders.create", "orders.price"]"#),
        (
            "orders",
            "orders.Price",
            r#"["orders.create", "orders.price"]"#,
        ),
        (
            "orders",
            "orders.price ",
            r#"["orders.create", "orders.price"]"#,
        ),
        (
            "orders",
            "caf\u{e9}\n",
            r#"["orders.create", "orders.price"]"#,
        ),
    ] {
        let session = function(name).handler(handler).start([script::status(202)]);
        let (requests, exit) = session.exit_after(1);
        init_failure(&requests[0])
            .assert_type("Runtime.NoSuchHandler")
            .assert_says(&[&format!("_HANDLER is {handler:?}"), listed]);
        exit.assert_failed_with(&["the init phase failed: Runtime.NoSuchHandler", listed]);
    }
}

#[test]
fn an_empty_or_absent_handler_setting_chooses_the_only_handler() {
    for absent in [false, true] {
        let mut function = function("hello").handler("");
        if absent {
            function = function.without_env("_HANDLER");
        }
        let session = function.start(script::exchange("only", "one"));
        assert_response(&session.requests(3)[1], "only", b"one");
    }
}

#[test]
fn an_only_handler_answers_to_every_name() {
    for (name, handler) in [
        ("hello", "bootstrap"),
        ("hello", "Hello"),
        ("hello", "function.handler"),
        ("hello", "caf\u{e9}\n"),
        ("fixture-plain", "not.used"),
    ] {
        let session = function(name)
            .handler(handler)
            .start(script::exchange("only", "ONE"));
        assert_response(&session.requests(3)[1], "only", b"ONE");
        let shown = session.stderr();
        assert!(!shown.contains("_HANDLER is"), "{handler:?}: {shown}");
    }
}

#[test]
fn another_name_than_the_only_handlers_is_logged_at_level_debug() {
    for (handler, expected) in [("bootstrap", 1), ("hello", 0), ("", 0)] {
        let session = function("hello")
            .handler(handler)
            .env("AWS_LAMBDA_LOG_LEVEL", "DEBUG")
            .start(script::exchange("only", "one"));
        session.requests(3);
        let line = "DEBUG coldspark: _HANDLER is \"bootstrap\"; the only handler, \
                    \"hello\", answers\n";
        let shown = session.stderr();
        assert_eq!(
            shown.matches(line).count(),
            expected,
            "{handler:?}: {shown}"
        );
        assert_eq!(shown.lines().count(), expected, "{handler:?}: {shown}");
    }
}

#[test]
fn the_log_level_says_what_is_logged() {
    for (level, logged) in [
        ("TRACE", &["trace", "debug", "info", "warn", "error"][..]),
        ("debug", &["debug", "info", "warn", "error"]),
        ("INFO", &["info", "warn", "error"]),
        ("nonsense", &["info", "warn", "error"]),
        ("WARN", &["warn", "error"]),
        ("FATAL", &["error"]),
    ] {
        let session = function("fixture-functions")
            .handler("log")
            .env("AWS_LAMBDA_LOG_LEVEL", level)
            .start(script::exchange("level", "\"x\""));
        session.requests(3);
        let stderr = session.stderr();
        let lines: Vec<_> = stderr.lines().filter(|line| line.contains("x")).collect();
        assert_eq!(lines.len(), logged.len(), "{level}: {stderr}");
        for (line, name) in lines.iter().zip(logged) {
            let start = format!("{} ", name.to_uppercase());
            assert!(line.starts_with(&start), "{level}: {line:?}");
            assert!(line.contains(&format!("{name} x")), "{level}: {line:?}");
        }
    }
}

#[test]
fn a_function_with_its_own_start_and_subscriber_keeps_them() {
    let events = ["shout", "fail", "quiet"].map(|text| (format!("p-{text}"), text));
    let session = function("fixture-plain")
        .handler("plain")
        .start(exchanges(events));
    let requests = session.requests(7);
    assert_response(&requests[1], "p-shout", b"SHOUT");
    common::failure(&requests[3], "p-fail").assert_type("Plain.Failed");
    assert_response(&requests[5], "p-quiet", b"QUIET");
    assert_next(&requests[6]);
    session.assert_logged(&["own:", "request_id=\"p-fail\"", "Plain.Failed: as told"]);
}
