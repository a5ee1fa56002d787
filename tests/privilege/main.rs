//! The system calls that hello makes are those of a list, and no others: seccomp(2) ends it at
//! the first one outside.
//!
//! Under qemu a filter would be that of qemu; there qemu's trace of the calls is compared with the
//! list instead. The layer's test is beside its others; tests/PRIVILEGE.md has the results.

#[path = "../common/mod.rs"]
mod common;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use coldspark_emulator::confine::{List, Others, can_filter};
use coldspark_emulator::script::{self, Step};
use common::{
    Client, Concurrent, Function, assert_response, client, exchanges, function, limit, runner,
};
use serde_json::json;

fn arch() -> String {
    let machine = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    };
    env::var("COLDSPARK_TEST_ARCH").unwrap_or_else(|_| machine.to_owned())
}

fn list() -> List {
    let name = match client() {
        Client::Own => "hello",
        Client::Ureq => "hello-ureq",
    };
    named(name)
}

/// That of functions which opt in to more. The ureq client sends by a call of its own.
fn opted_in() -> List {
    let mut list = named("opted-in");
    if matches!(client(), Client::Ureq) {
        list.0.extend(named("hello-ureq").0);
    }
    list
}

fn named(name: &str) -> List {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/privilege");
    List::read(&folder.join(arch()).join(name))
}

/// Runs hello under the list, or under a trace that is compared with it when that is dropped.
struct Trace(Option<PathBuf>);

impl Trace {
    fn on(function: Function, list: &List) -> (Function, Self) {
        if runner().is_none() {
            return (function.confined(list, Others::Killed), Self(None));
        }
        let name = format!(
            "trace-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        );
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let function = function
            .env("QEMU_STRACE", "1")
            .env("QEMU_LOG_FILENAME", &file);
        (function, Self(Some(file)))
    }

    /// Every call was one of the list.
    #[track_caller]
    fn assert_within(self, list: &List) {
        let Some(file) = self.0 else {
            return;
        };
        let trace = fs::read_to_string(&file).expect("qemu's trace");
        let _ = fs::remove_file(&file);
        list.assert_has_all_of(&trace);
    }
}

/// Everything that an environment may meet.
fn life() -> Vec<Step> {
    let large = vec![b'x'; 6 * 1024 * 1024];
    let small = |id: &str| (id.to_owned(), b"{\"a\":1}".to_vec());
    let [event, taken] = script::exchange("closed", "behind the answer");
    let mut steps = exchanges([small("first"), ("large".to_owned(), large), small("second")]);
    steps.extend([event, taken.then_close()]);
    steps.extend([
        script::event("refused", "{}").into(),
        script::status(413).into(),
    ]);
    steps.extend([
        script::event("late", "{}").into(),
        script::status(410).into(),
    ]);
    steps.push(Step::close_after_request());
    steps.extend([
        Step::from(script::event("dribbled", "{}")).dribble(),
        script::status(202).into(),
    ]);
    steps.extend(exchanges([small("last")]));
    steps.push(script::status(500).into());
    steps
}

#[test]
#[ignore = "needs a static bootstrap: run scripts/test"]
fn hello_lives_and_ends_within_its_list() {
    let list = list();
    let (function, trace) = Trace::on(function("hello"), &list);
    let session = function.start(life());
    let exit = session.process.wait();
    exit.assert_failed_with(&["status 413", "status 410", "status 500", "the process ends"]);
    let requests = session.api.requests();
    let count = requests.iter().filter(|r| r.path.ends_with("/response"));
    assert_eq!(count.count(), 8);
    trace.assert_within(&list);
}

#[test]
#[ignore = "needs a static bootstrap: run scripts/test"]
fn a_name_a_snapshot_and_a_server_that_is_gone_are_within_the_list() {
    let list = list();
    let (function, trace) = Trace::on(function("hello"), &list);
    let [event, taken] = script::exchange("restored", "{}");
    // What then asks for the next event finds nobody any more, tries again, and gives up.
    let gone = taken.closing_listener().then_close();
    let api = script::Scripted::start([script::status(200).into(), event, gone]);
    let port = api.port();
    let process = function
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
        .start_at(format!("localhost:{port}"));
    let requests = api.wait_for(3, limit());
    assert_response(&requests[2], "restored", b"{}");
    process.wait().assert_failed_with(&["cannot connect"]);
    trace.assert_within(&list);
}

#[test]
#[ignore = "needs a static bootstrap: run scripts/test"]
fn pollers_and_shutdown_hooks_are_within_their_list() {
    let list = opted_in();
    for setting in ["1", "4"] {
        let fixture = function("fixture-concurrent").handler("work");
        let (fixture, trace) = Trace::on(fixture.env("FIXTURE_HOOK", ""), &list);
        let running =
            Concurrent::start_function(fixture, setting, setting.parse().expect("a number"));
        let count: usize = setting.parse().expect("a number");
        let events = vec![json!({ "do": "meet", "count": count }); count];
        assert_eq!(running.invoke(&events).len(), count);
        running.process.terminate();
        let exit = running.process.wait();
        assert_eq!(exit.status.code(), Some(0), "{exit:?}");
        for hook in ["registered first", "registered last"] {
            assert!(exit.stderr.contains(hook), "{exit:?}");
        }
        trace.assert_within(&list);
    }
}

#[test]
#[ignore = "needs a static bootstrap: run scripts/test"]
fn the_abort_behind_an_allocation_that_failed_is_within_the_list() {
    let list = opted_in();
    let (fixture, trace) = Trace::on(function("fixture-memory").handler("allocate"), &list);
    let event = json!({ "bytes": 1_u64 << 62, "tries": false }).to_string();
    let session = fixture.start(script::exchange("whose", event));
    let (_, exit) = session.exit_after(1);
    // SIGABRT; the filter's is another.
    let signal = std::os::unix::process::ExitStatusExt::signal(&exit.status);
    assert_eq!(signal, Some(6), "{exit:?}");
    assert!(exit.stderr.contains("request_id=whose"), "{exit:?}");
    trace.assert_within(&list);
}

#[test]
#[ignore = "needs a static bootstrap: run scripts/test"]
fn without_a_call_that_every_run_makes_there_is_no_answer() {
    if !can_filter() {
        return;
    }
    let list = list();
    for call in list.0.iter().filter(|call| call.always) {
        let function = function("hello").confined(&list.without(&call.name), Others::Killed);
        let session = function.start(script::exchange("one", "{}"));
        let exit = session.process.wait();
        // SIGSYS, by the filter.
        let signal = std::os::unix::process::ExitStatusExt::signal(&exit.status);
        assert_eq!(signal, Some(31), "{}: {exit:?}", call.name);
    }
}

#[test]
fn lists_are_short_and_of_an_old_kernel() {
    // process_madvise, the last call of Linux 5.10.
    const NEWEST: u32 = 440;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/privilege");
    for arch in ["x86_64", "arm64"] {
        for name in ["hello", "hello-ureq", "opted-in", "layer", "layer-web"] {
            let list = List::read(&folder.join(arch).join(name));
            let said = format!("| {}<!-- = calls/{arch}/{name} -->", list.0.len());
            let says = include_str!("../PRIVILEGE.md").contains(&said);
            assert!(says, "{arch} {name}: PRIVILEGE.md does not say {said:?}");
            assert!(list.0.iter().all(|call| call.number <= NEWEST));
        }
    }
}
