//! `coldspark-local --snapstart`.

mod common;
#[path = "common/local.rs"]
mod local;

use std::collections::HashSet;

use local::{Run, bootstrap, local};
use serde_json::Value;

/// A run with a handler of the bash bootstrap and the event `[1]`.
fn run(handler: &str, arguments: &[&str]) -> Option<Run> {
    let mut command = local(&bootstrap()?, &["--snapstart", "--handler", handler]);
    command.args(["--event", "-"]).args(arguments);
    command.env("AWS_ACCESS_KEY_ID", "key");
    command.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token");
    Some(Run::of(&mut command, "[1]"))
}

const HONEST: &str = "Memory is not cloned here";

#[test]
fn each_environment_parks_is_restored_and_answers() {
    for (arguments, count) in [(&[][..], 2), (&["--restores", "3"], 3)] {
        let Some(run) = run("", arguments) else {
            return;
        };
        assert_eq!(run.status, 0, "{}", run.stderr);
        let responses = run.stdout.lines();
        let responses = responses.map(|line| serde_json::from_str::<Value>(line).unwrap());
        let pids: HashSet<_> = responses.map(|r| r["pid"].as_u64().unwrap()).collect();
        assert_eq!((run.stdout.lines().count(), pids.len()), (count, count));
        let park = ["init", "INIT_REPORT", "SNAPSHOT"].repeat(count);
        let restore = ["RESTORE", "RESTORE_START", "restored", "RESTORE_REPORT"];
        let event = ["START", "to", "to", "END", "REPORT"];
        let restore = [&restore[..], &event].concat().repeat(count);
        let expected = [vec!["coldspark-local:"], park, restore].concat();
        assert_eq!(run.log_words(), expected);
        assert!(run.stderr.contains(HONEST) && run.stderr.contains("scripts/verify-clones"));
        for report in run.reports() {
            assert!(report.contains("\tRestore Duration: "), "{report}");
            assert!(report.contains("\tBilled Restore Duration: "), "{report}");
            assert!(!report.contains("Init Duration"), "{report}");
        }
    }
}

#[test]
fn the_function_gets_the_variables_of_snapstart() {
    let Some(run) = run("variables", &["--restores", "1"]) else {
        return;
    };
    assert_eq!(run.status, 0, "{}", run.stderr);
    let variable = |name: &str| {
        let mut lines = run.stdout.lines().filter_map(|line| line.split_once('='));
        lines.find(|(n, _)| *n == name).map(|(_, value)| value)
    };
    assert_eq!(
        variable("AWS_LAMBDA_INITIALIZATION_TYPE"),
        Some("snap-start")
    );
    assert_eq!(variable("AWS_LAMBDA_FUNCTION_VERSION"), Some("1"));
    for absent in [
        "AWS_ACCESS_KEY_ID",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
    ] {
        assert_eq!(variable(absent), None, "{absent}");
    }
}

#[test]
fn what_fails_before_the_snapshot_ends_the_run() {
    for (handler, words, report) in [
        (
            "init-error",
            "before the snapshot the bootstrap posted init/error: Runtime.Bad: no luck",
            "\tStatus: error",
        ),
        (
            "init-exit",
            "the process ended before it called restore/next: Runtime exited with error: exit \
             status 3",
            "\tError Type: Runtime.ExitError",
        ),
        (
            "no-restore",
            "it has no restore protocol. On Lambda such an image needs the label \
             com.amazonaws.lambda.feature.snapstart=\"Allow\"",
            "",
        ),
    ] {
        let Some(run) = run(handler, &[]) else { return };
        assert_eq!((run.status, run.stdout.as_str()), (1, ""), "{handler}");
        assert!(run.stderr.contains("environment 1 of 2: "), "{handler}");
        assert!(run.stderr.contains(words), "{}", run.stderr);
        let mut lines = run.stderr.lines();
        let line = lines.find(|line| line.starts_with("INIT_REPORT Init Duration: "));
        assert!(line.unwrap().contains(report), "{}", run.stderr);
        assert!(!run.stderr.contains("SNAPSHOT"), "{}", run.stderr);
    }
}

#[test]
fn what_fails_after_the_restore_fails_its_own_environment() {
    for (handler, words, error_type) in [
        (
            "restore-error",
            "after the restore the bootstrap posted restore/error: Runtime.AfterRestoreError: no \
             key",
            "Runtime.Unknown",
        ),
        (
            "restore-exit",
            "the process ended after the restore, before it called invocation/next: Runtime \
             exited with error: exit status 5",
            "Runtime.ExitError",
        ),
    ] {
        let Some(run) = run(handler, &[]) else { return };
        assert_eq!((run.status, run.stdout.as_str()), (1, ""), "{handler}");
        assert_eq!(run.stderr.matches(words).count(), 2, "{}", run.stderr);
        let status = format!(" ms\tStatus: error\tError Type: {error_type}\n");
        let (_, report) = run.stderr.split_once("\nRESTORE_REPORT ").unwrap();
        assert!(report.contains(&status), "{report}");
        assert!(!run.stderr.contains("\nSTART "), "{}", run.stderr);
    }
}

#[test]
fn an_exit_while_parked_is_reported_and_others_go_on() {
    let shared = std::env::temp_dir().join(format!("coldspark-parked-{}", std::process::id()));
    std::fs::create_dir(&shared).unwrap();
    let run = run(
        "parked-exit",
        &["--env", &format!("SHARED={}", shared.display())],
    );
    std::fs::remove_dir_all(&shared).unwrap();
    let Some(run) = run else { return };
    assert_eq!(run.status, 1);
    let words = "environment 1 of 2: the process ended while it was parked in restore/next: \
        Runtime exited with error: signal: terminated";
    assert!(run.stderr.contains(words), "{}", run.stderr);
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stderr);
}

#[test]
fn a_function_error_is_a_response_and_status_1() {
    let Some(run) = run("error", &[]) else { return };
    assert_eq!(run.status, 1);
    let errors = run.stdout.lines().filter(|line| line.contains("\"Mine\""));
    assert_eq!(errors.count(), 2);
}

#[test]
fn mistakes_are_status_2() {
    for (arguments, words) in [
        (
            &["--serve"][..],
            "--serve makes no sense with --snapstart, which",
        ),
        (&["--restores", "0"], "--restores wants"),
        (&["--restores", "many"], "--restores wants"),
        (&["--repeat", "2"], "see --restores"),
    ] {
        let Some(run) = run("", arguments) else {
            return;
        };
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
    let Some(help) = run("", &["--help"]) else {
        return;
    };
    assert_eq!(help.status, 0);
    assert!(help.stdout.contains(HONEST));
}
