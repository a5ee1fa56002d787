//! Several invocations at a time under AWS's Runtime Interface Emulator, in its mode for Lambda
//! Managed Instances. In that mode it only starts what is at /opt/bootstrap or /var/runtime, and
//! as another user, so it runs in a mount namespace of its own, which has all it needs.
//!
//! Needs root, `COLDSPARK_RIE` and `COLDSPARK_TEST_BINARIES`; scripts/test sees to it. Deadlines
//! are not looked at: in this mode the emulator tells them wrongly.

mod common;

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use common::{Rie, variable};
use serde_json::{Value, json};

/// Arguments: the bootstrap, a program that runs it or nothing, the function's timeout in
/// seconds, and the emulator with its flags.
const SCRIPT: &str = r#"
set -eu
mount --make-rprivate /
mount -t tmpfs opt /opt
cp "$1" /opt/bootstrap
mount -t tmpfs var /var
mkdir -p /var/task /var/runtime
if [ -n "$2" ]; then
    mv /opt/bootstrap /opt/bootstrap.foreign
    cp "$2" /opt/runner
    printf '#!/bin/sh\nexec /opt/runner /opt/bootstrap.foreign\n' > /opt/bootstrap
fi
chmod 755 /opt/bootstrap
export AWS_LAMBDA_FUNCTION_TIMEOUT="$3"
shift 3
exec "$@"
"#;

fn start(concurrency: &str, timeout: &str) -> Rie {
    let binaries = PathBuf::from(variable("COLDSPARK_TEST_BINARIES"));
    let rie = Rie::launch(|flags| {
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", SCRIPT, "sh"]);
        command.arg(binaries.join("fixture-concurrent/bootstrap"));
        command.arg(std::env::var_os("COLDSPARK_TEST_RUNNER").unwrap_or_default());
        command.arg(timeout);
        command.arg(variable("COLDSPARK_RIE")).args(flags);
        command
            .env("_HANDLER", "work")
            .env("AWS_LAMBDA_MAX_CONCURRENCY", concurrency);
        command
    });
    invoke(&rie, &json!({ "do": "wait", "milliseconds": 0 }));
    rie
}

/// The answer to an event. A poller may still be on its way to its next one.
fn invoke(rie: &Rie, event: &Value) -> Value {
    for _ in 0..1000 {
        let (_, answer) = rie.invoke_json(event);
        if answer["errorType"] != "Runtime.Unavailable" {
            return answer;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("no poller is free\n{}", rie.log());
}

#[test]
#[ignore = "needs root and the Runtime Interface Emulator: run scripts/test"]
fn four_are_in_hand_at_a_time_on_managed_instances() {
    if !coldspark_emulator::root_for("a mount namespace") {
        return;
    }
    let rie = start("4", "60");
    for _ in 0..3 {
        let (rie, event) = (&rie, &json!({ "do": "wait", "milliseconds": 50 }));
        let ids: HashSet<String> = thread::scope(|scope| {
            let callers = [(); 4].map(|()| scope.spawn(move || invoke(rie, event)));
            let answers = callers.map(|caller| caller.join().expect("an answer"));
            answers
                .map(|answer| answer["request_id"].to_string())
                .into()
        });
        assert_eq!(ids.len(), 4, "{ids:?}\n{}", rie.log());
    }
    let meet = &json!({ "do": "meet", "count": 4 });
    let answers = thread::scope(|scope| {
        let rie = &rie;
        let callers = [(); 4].map(|()| scope.spawn(move || invoke(rie, meet)));
        callers.map(|caller| caller.join().expect("an answer"))
    });
    for answer in answers {
        assert_eq!(answer["concurrency"], 4, "{answer}\n{}", rie.log());
    }
}

#[test]
#[ignore = "needs root and the Runtime Interface Emulator: run scripts/test"]
fn a_late_answer_on_managed_instances_is_dropped() {
    if !coldspark_emulator::root_for("a mount namespace") {
        return;
    }
    let rie = start("2", "2");
    let late = invoke(&rie, &json!({ "do": "wait", "milliseconds": 4000 }));
    assert_eq!(late["errorType"], "Sandbox.Timedout", "{}", rie.log());
    let after = invoke(&rie, &json!({ "do": "wait", "milliseconds": 0 }));
    assert_eq!(after["concurrency"], 2, "{}", rie.log());
    for _ in 0..600 {
        if rie.log().contains("status 410") {
            let after = invoke(&rie, &json!({ "do": "wait", "milliseconds": 0 }));
            assert_eq!(after["concurrency"], 2, "{}", rie.log());
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("nothing told of the late answer\n{}", rie.log());
}
