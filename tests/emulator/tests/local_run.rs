//! `coldspark-local` with events from the command line.

mod common;
#[path = "common/local.rs"]
mod local;

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use common::LONG;
use local::{Run, bootstrap, local};
use serde_json::Value;

fn run(arguments: &[&str], event: &str) -> Option<Run> {
    let mut command = local(&bootstrap()?, arguments);
    Some(Run::of(command.args(["--event", "-"]), event))
}

fn handler(name: &str) -> Option<Run> {
    run(&["--handler", name, "--timeout", "20"], "{}")
}

#[test]
fn the_response_goes_to_stdout_and_the_log_to_stderr() {
    let Some(run) = run(&["--repeat", "3", "--memory", "256"], "[1]") else {
        return;
    };
    assert_eq!(run.status, 0, "{}", run.stderr);
    let responses = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let responses: Vec<Value> = responses.collect();
    assert_eq!(responses.len(), 3);
    assert_eq!(responses[0]["event"][0], 1);
    assert!(responses.iter().all(|r| r["pid"] == responses[0]["pid"]));
    let one = ["START", "to", "to", "END", "REPORT"];
    let expected = ["init"].into_iter().chain(one).chain(one).chain(one);
    assert_eq!(run.log_words(), expected.collect::<Vec<_>>());
    let reports = run.reports();
    assert!(reports[0].contains("\tMemory Size: 256 MB\tMax Memory Used: "));
    assert!(!reports[0].contains("Used: 0 MB"));
    assert!(reports[0].contains("\tInit Duration: "));
    assert!(!reports[1].contains("Init Duration"));
}

#[test]
fn the_function_sees_lambdas_variables_and_no_others() {
    let Some(bootstrap) = bootstrap() else { return };
    let mut command = local(
        &bootstrap,
        &["--handler", "variables", "--env", "STAGE=a=b"],
    );
    command
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", "key")
        .env("STRAY", "1");
    command.env("AWS_REGION", "eu-west-3").current_dir("/tmp");
    let run = Run::of(&mut command, "");
    assert_eq!(run.status, 0, "{}", run.stderr);
    let mut names: Vec<&str> = run
        .stdout
        .lines()
        .filter_map(|line| line.split('=').next())
        .collect();
    names.sort_unstable();
    let expected = [
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "LANG",
        "PATH",
        "PWD",
        "SHLVL",
        "STAGE",
        "TZ",
        "_",
        "_HANDLER",
    ];
    assert_eq!(names, expected, "PWD, SHLVL and _ are bash's own");
    for line in [
        "PWD=/tmp",
        "LAMBDA_TASK_ROOT=/tmp",
        "STAGE=a=b",
        "AWS_REGION=eu-west-3",
    ] {
        assert!(run.stdout.lines().any(|l| l == line), "{line}");
    }
}

#[test]
fn the_built_in_event_is_a_sample_of_an_http_api() {
    let Some(bootstrap) = bootstrap() else { return };
    let run = Run::of(&mut local(&bootstrap, &[]), "");
    assert_eq!(run.status, 0, "{}", run.stderr);
    let response: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(response["event"]["version"], "2.0");
    let body = response["event"]["body"].as_str().unwrap();
    assert!(serde_json::from_str::<Value>(body).unwrap().is_object());
    // A user who gave no event may not know which event the function could not read.
    let hint = "the event was the built-in sample";
    assert!(!run.stderr.contains(hint), "{}", run.stderr);
    let failed = Run::of(&mut local(&bootstrap, &["--handler", "error"]), "");
    assert!(failed.stderr.contains(hint), "{}", failed.stderr);
}

#[test]
fn a_payload_ends_its_line_once() {
    if let Some(run) = handler("text") {
        assert_eq!((run.status, run.stdout.as_str()), (0, "not JSON\n"));
    }
}

#[test]
fn a_function_error_is_status_1() {
    if let Some(run) = handler("error") {
        assert_eq!(
            run.stdout,
            "{\"errorType\":\"Mine\",\"errorMessage\":\"m\"}\n"
        );
        assert_eq!(run.status, 1);
        assert!(!run.reports()[0].contains("Status"));
    }
}

#[test]
fn a_stream_without_the_prelude_that_it_announces_is_reported() {
    let end = r"\0\0\0\0\0\0\0\0";
    for (body, why) in [
        (format!(r#"{{"statusCode":200}}{end}body"#), None),
        ("body".to_owned(), Some("no 8 zero bytes")),
        (r#"{"statusCode":200}body"#.to_owned(), Some("no 8 zero")),
        (format!("body{end}"), Some("it is not JSON")),
        (format!("{{}}{end}body"), Some("statusCode is no number")),
    ] {
        let Some(run) = handler(&format!("http{body}")) else {
            return;
        };
        assert_eq!(run.status, i32::from(why.is_some()), "{}", run.stderr);
        assert!(run.stdout.contains("body"), "{}", run.stdout);
        let told = run
            .stderr
            .lines()
            .filter(|line| line.contains("no valid prelude"));
        let told: Vec<_> = told.collect();
        assert_eq!(told.len(), usize::from(why.is_some()), "{}", run.stderr);
        assert!(why.is_none_or(|why| told[0].contains(why)), "{told:?}");
    }
}

#[test]
fn exits_are_runtime_exit_errors() {
    for (name, message) in [
        ("exit-7", "Runtime exited with error: exit status 7"),
        ("exit-0", "Runtime exited without providing a reason"),
        ("killed", "Runtime exited with error: signal: killed"),
        ("init-exit", "Runtime exited with error: exit status 3"),
    ] {
        let Some(run) = handler(name) else { return };
        assert_eq!(run.status, 1);
        let error: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(error["errorType"], "Runtime.ExitError");
        let told = error["errorMessage"].as_str().unwrap();
        assert!(
            told.starts_with("RequestId: ") && told.ends_with(message),
            "{told}"
        );
        assert!(run.stderr.contains(message));
        assert!(run.reports()[0].ends_with("\tStatus: error\tError Type: Runtime.ExitError"));
    }
}

#[test]
fn a_crash_starts_a_new_process_for_the_next_event() {
    if let Some(run) = run(&["--handler", "exit-7", "--repeat", "2"], "{}") {
        let one = ["to", "to", "RequestId:", "END", "REPORT"];
        let first = ["init", "START"].into_iter().chain(one);
        let expected = first.chain(["START", "init"]).chain(one);
        assert_eq!(run.log_words(), expected.collect::<Vec<_>>());
        assert!(!run.reports()[1].contains("Init Duration"));
    }
}

#[test]
fn a_failed_init_is_tried_twice_and_shown() {
    if let Some(run) = handler("init-error") {
        assert_eq!(run.status, 1);
        let error: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(error["errorMessage"], "no luck");
        let expected = ["init", "INIT_REPORT", "START", "init", "END", "REPORT"];
        assert_eq!(run.log_words(), expected);
    }
}

#[test]
fn a_timeout_kills_the_whole_process_group() {
    let Some(run) = run(&["--handler", "hang", "--timeout", "0.5"], "{}") else {
        return;
    };
    assert_eq!(run.status, 1);
    let error: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    assert!(run.stderr.contains(" Task timed out after 0.50 seconds"));
    assert!(run.reports()[0].ends_with("\tStatus: timeout"));
    let child = run
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("child "));
    let child = Path::new("/proc").join(child.unwrap()).join("cmdline");
    // Killed, though whoever inherited it may not have reaped it yet.
    let limit = std::time::Instant::now() + LONG;
    while std::fs::read(&child).is_ok_and(|line| !line.is_empty()) {
        assert!(std::time::Instant::now() < limit, "the child survived");
        std::thread::yield_now();
    }
}

#[test]
fn mistakes_are_status_2_with_their_own_words() {
    let Some(bootstrap) = bootstrap() else { return };
    let own = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let mut cases = vec![
        (local(&own("nothing"), &[]), "there is no such file"),
        (local(&own("src"), &[]), "is a directory"),
        (local(&own("Cargo.toml"), &[]), "is not executable"),
        (
            local(&bootstrap, &["--event", "/nothing"]),
            "cannot read event /nothing",
        ),
        (
            local(&bootstrap, &["--task-root", "/nothing"]),
            "task root /nothing",
        ),
        (local(&bootstrap, &["--frob"]), "--frob"),
    ];
    let not_json = own("Cargo.toml").display().to_string();
    cases.push((local(&bootstrap, &["--event", &not_json]), "is not JSON"));
    for (mut command, words) in cases {
        let run = Run::of(&mut command, "");
        assert_eq!(run.status, 2, "{words}");
        assert!(run.stderr.contains(words), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    }
    let help = Run::of(&mut local(&bootstrap, &["--help"]), "");
    assert_eq!(help.status, 0);
    assert!(help.stdout.contains("--bootstrap PATH"));
}

#[test]
fn only_with_an_extension_does_the_function_get_sigterm() {
    const TOLD: &str = "told of the end";
    let Some(plain) = handler("echo") else { return };
    assert_eq!(plain.status, 0, "{}", plain.stderr);
    assert!(!plain.stderr.contains(TOLD), "{}", plain.stderr);
    let registered = handler("terminated").expect("a bootstrap");
    assert_eq!(registered.status, 0, "{}", registered.stderr);
    let last = registered.stderr.lines().last();
    assert_eq!(last, Some(TOLD), "{}", registered.stderr);
    // One that takes longer than half a second is killed.
    let slow = handler("terminated-slowly").expect("a bootstrap");
    assert_eq!(slow.status, 0, "{}", slow.stderr);
    assert!(!slow.stderr.contains(TOLD), "{}", slow.stderr);
}

#[test]
fn a_taken_port_of_a_web_application_is_named() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = taken.local_addr().expect("its address").port();
    let named = [format!("AWS_LWA_PORT={port}"), format!("PORT={port}")];
    for (handler, named) in [("http:run.sh", &named[1]), ("run.sh", &named[0])] {
        let arguments = ["--handler", handler, "--env", named];
        let Some(run) = run(&arguments, "") else {
            return;
        };
        assert_eq!(run.status, 2, "{}", run.stderr);
        let told = format!("another program listens on port {port}");
        assert!(
            run.stderr.contains(&told) && run.stderr.contains("--env AWS_LWA_PORT"),
            "{}",
            run.stderr
        );
    }
    // It is no other handler's port.
    let other = ["--handler", "echo", "--env", &*named[1]];
    let other = run(&other, "{}").expect("it runs, as above");
    assert!(
        !other.stderr.contains("another program"),
        "{}",
        other.stderr
    );
}
