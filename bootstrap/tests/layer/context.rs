//! What a handler learns of an invocation, in each mode under the same names.

use std::collections::HashSet;

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::{FUNCTION_ARN, TRACE_ID};

use crate::common::{Function, Package, event, process, workers};

const PRINT: &str = "for name in COLDSPARK_REQUEST_ID COLDSPARK_INVOCATION_ID COLDSPARK_FUNCTION_ARN \
    _X_AMZN_TRACE_ID COLDSPARK_TENANT_ID COLDSPARK_CLIENT_CONTEXT COLDSPARK_COGNITO_IDENTITY \
    COLDSPARK_DEADLINE_MS COLDSPARK_RESTORE_COUNT; do printf '%s\\n' \"$name=${!name-unset}\"; done";

fn full() -> Reply {
    event("id-1", "{}")
        .without_header("Lambda-Runtime-Deadline-Ms")
        .header("Lambda-Runtime-Deadline-Ms", "4102444800123")
        .header("Lambda-Runtime-Aws-Tenant-Id", "blue & green")
        .header(
            "Lambda-Runtime-Client-Context",
            r#"{"custom":{"a":"b='$(x)`y`"}}"#,
        )
        .header(
            "Lambda-Runtime-Cognito-Identity",
            r#"{"cognitoIdentityId":"x"}"#,
        )
}

fn bare() -> Reply {
    let mut event = event("id-2", "{}");
    for name in ["Invocation-Id", "Invoked-Function-Arn", "Trace-Id"] {
        event = event.without_header(&format!("Lambda-Runtime-{name}"));
    }
    event.without_header("Lambda-Runtime-Deadline-Ms")
}

fn expect(mut function: Function) {
    let expected = format!(
        "COLDSPARK_REQUEST_ID=id-1\nCOLDSPARK_INVOCATION_ID=nonce-id-1\n\
         COLDSPARK_FUNCTION_ARN={FUNCTION_ARN}\n_X_AMZN_TRACE_ID={TRACE_ID}\n\
         COLDSPARK_TENANT_ID=blue & green\n\
         COLDSPARK_CLIENT_CONTEXT={{\"custom\":{{\"a\":\"b='$(x)`y`\"}}}}\n\
         COLDSPARK_COGNITO_IDENTITY={{\"cognitoIdentityId\":\"x\"}}\n\
         COLDSPARK_DEADLINE_MS=4102444800123\nCOLDSPARK_RESTORE_COUNT=0\n"
    );
    assert_eq!(function.invoke_event(full()).text(), expected);
    // Values that this event does not have are empty, and nothing of the last event is left.
    let expected = "COLDSPARK_REQUEST_ID=id-2\nCOLDSPARK_INVOCATION_ID=\nCOLDSPARK_FUNCTION_ARN=\n\
        _X_AMZN_TRACE_ID=\nCOLDSPARK_TENANT_ID=\nCOLDSPARK_CLIENT_CONTEXT=\n\
        COLDSPARK_COGNITO_IDENTITY=\nCOLDSPARK_DEADLINE_MS=\nCOLDSPARK_RESTORE_COUNT=0\n";
    assert_eq!(function.invoke_event(bare()).text(), expected);
    assert_eq!(function.invoke_event(full()).text().lines().count(), 9);
}

/// A trace id in the environment of the bootstrap is not one of the event.
const STALE: [(&str, &str); 3] = [
    ("COLDSPARK_RESTORE_COUNT", "stale"),
    ("_X_AMZN_TRACE_ID", "stale"),
    ("COLDSPARK_TENANT_ID", "stale"),
];

#[test]
fn a_worker_reads_it_from_its_file() {
    let script = workers::answering("grep -v SEED <&7 >&6");
    let package = Package::new().executable("handler", script);
    expect(Function::start_env("worker:handler", package, &STALE));
}

#[test]
fn a_worker_in_bash_can_export_it() {
    let body = format!("mapfile -t -u 7 context; export \"${{context[@]}}\"; {{ {PRINT}; }} >&6");
    let package = Package::new().executable("handler", workers::answering(&body));
    expect(Function::start_env("worker:handler", package, &STALE));
}

#[test]
fn an_executable_finds_it_in_its_environment() {
    let package = Package::new().executable("handler", workers::raw(PRINT));
    expect(Function::start_env("exec:handler", package, &STALE));
}

#[test]
fn a_shell_function_and_what_it_runs_find_it_in_the_environment() {
    let script = format!(
        "handler() {{ bash -c '{}'; }}\n",
        PRINT.replace('\'', "'\\''")
    );
    let package = Package::new().file("function.sh", 0o644, script);
    expect(Function::start_env("function.handler", package, &STALE));
}

const SEED: &str = "printf '%s' \"$COLDSPARK_RANDOM_SEED\"";

#[test]
fn each_event_has_a_seed_of_its_own_in_every_mode() {
    let body = format!("mapfile -t -u 7 context; export \"${{context[@]}}\"; {SEED} >&6");
    let worker = Package::new().executable("handler", workers::answering(&body));
    let exec = Package::new().executable("handler", workers::raw(SEED));
    let shell = Package::new().file("f.sh", 0o644, format!("handler() {{ {SEED}; }}"));
    let mut seeds = HashSet::new();
    for (handler, package) in [
        ("worker:handler", worker),
        ("exec:handler", exec),
        ("f.handler", shell),
    ] {
        let mut function = Function::start(handler, package);
        for _ in 0..3 {
            let seed = function.invoke("{}").text();
            let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            assert!(seed.len() == 64 && seed.bytes().all(digit), "{seed:?}");
            assert!(seeds.insert(seed));
        }
    }
}

/// layer/PROTOCOL.md: `no-seed`. The line stays, and numbers are no easier to guess.
#[test]
fn a_worker_that_wants_no_seed_gets_an_empty_one() {
    let body = "printf '%s %s' \"$(grep SEED <&7)\" $number >&6";
    let script = workers::answering(body).replace("echo ready", "echo ready no-seed");
    let package = Package::new().executable("handler", script);
    let mut function = Function::start("worker:handler", package);
    let mut numbers = HashSet::new();
    for _ in 0..5 {
        let text = function.invoke("{}").text();
        let number = text.strip_prefix("COLDSPARK_RANDOM_SEED= ").expect(&text);
        let number: u64 = number.parse().expect("a number");
        assert!(number > 1 << 24, "{number}");
        assert!(numbers.insert(number));
    }
}

#[test]
fn without_a_seed_there_is_no_invocation() {
    let worker = Package::new().executable("handler", workers::answering("echo ran >&2"));
    let exec = Package::new().executable("handler", workers::raw("echo ran >&2"));
    for (handler, package) in [("worker:handler", worker), ("exec:handler", exec)] {
        let refuse = |command: &mut _| process::refuse(command, &[libc::SYS_getrandom]);
        let mut function = Function::start_with(handler, package, refuse);
        for _ in 0..2 {
            let texts = ["random seed"];
            let answer = function.invoke("{}");
            answer.assert_error("Runtime.SystemError", &texts);
        }
        assert!(!function.log().contains("ran\n"), "{}", function.log());
    }
}

/// layer/PROTOCOL.md: numbers have no order, and the next one cannot be known from those before it.
#[test]
fn each_event_of_a_worker_has_a_number_that_nobody_guesses() {
    let script = workers::answering("printf %s $number >&6");
    let package = Package::new().executable("handler", script);
    let mut function = Function::start("worker:handler", package);
    let numbers: Vec<u64> = (0..20)
        .map(|_| function.invoke("{}").text().parse().expect("a number"))
        .collect();
    let different: HashSet<_> = numbers.iter().collect();
    assert_eq!(different.len(), 20, "{numbers:?}");
    let most = 1 << 53;
    assert!(numbers.iter().all(|number| (1..most).contains(number)));
    // Each half of them has each half of the bits, but for one run in a million.
    for bit in [0, 20, 40, 52] {
        let set = numbers.iter().filter(|number| **number >> bit & 1 == 1);
        assert!((1..20).contains(&set.count()), "bit {bit} of {numbers:?}");
    }
}
