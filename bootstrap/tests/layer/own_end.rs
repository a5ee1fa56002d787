//! The bootstrap ends by itself, as when the Runtime API refuses it: no process of it is left.

use coldspark_emulator::script::{Step, status};

use crate::common::web::{Web, idle};
use crate::common::{Function, Package, event, process, workers};

/// A process group with a process that does not care about signals in it.
const STUBBORN: &str = "trap '' TERM; sleep 600 & echo $! >group; ";

/// Waits for the end of the bootstrap, of these processes, and of the process that the file `group` names.
#[track_caller]
fn leaves_nothing(function: &mut Function, mut processes: Vec<u32>) {
    let group = std::fs::read_to_string(function.package.task().join("group"));
    processes.extend(
        group
            .ok()
            .map(|pid| pid.trim().parse::<u32>().expect("an id")),
    );
    assert!(!processes.is_empty());
    assert_eq!(function.status().code(), Some(1), "{}", function.log());
    for pid in processes {
        function.wait_until("without processes", |_| !process::is_running(pid));
    }
}

fn group_is_written(function: &Function) -> bool {
    let group = std::fs::read_to_string(function.package.task().join("group"));
    group.is_ok_and(|text| text.ends_with('\n'))
}

#[test]
fn a_web_application_ends_with_it() {
    for process in [
        "exec sleep 600".to_owned(),
        format!("{STUBBORN} while :; do sleep 1; done"),
    ] {
        let mut web = Web::run(
            &process,
            &[],
            [coldspark_emulator::http::Reply::new(200)],
            |_| {},
        );
        idle(&web);
        if process.contains("group") {
            web.function.wait_until("written", group_is_written);
        }
        let children = process::children(web.function.pid());
        assert!(!children.is_empty());
        web.function.api.push(status(403));
        leaves_nothing(&mut web.function, children);
    }
    // It is told first.
    let process = "trap 'echo told >&2; : >told; exit' TERM; while :; do sleep 0.01; done";
    let mut web = Web::run(
        process,
        &[],
        [coldspark_emulator::http::Reply::new(200)],
        |_| {},
    );
    idle(&web);
    web.function.api.push(status(403));
    assert_eq!(web.function.status().code(), Some(1));
    assert!(web.function.package.task().join("told").exists());
}

#[test]
fn a_worker_ends_by_itself_or_is_killed() {
    let cleans = workers::answering("printf x >&6") + "sleep 0.05; : >cleaned\n";
    let stubborn = workers::answering(&format!("{STUBBORN} printf x >&6"));
    let stubborn = stubborn + "while :; do sleep 1; done\n";
    for (script, is_clean) in [(cleans, true), (stubborn, false)] {
        let package = Package::new().executable("handler", script);
        let mut function = Function::start("worker:handler", package);
        assert_eq!(function.invoke("{}").text(), "x");
        function.wait_idle();
        let children = process::children(function.pid());
        function.api.push(status(403));
        leaves_nothing(&mut function, children);
        assert_eq!(function.package.task().join("cleaned").exists(), is_clean);
    }
}

/// One of two pollers is refused while the other has an event in hand.
#[test]
fn events_in_hand_end_with_it() {
    let exec = workers::raw(&format!("{STUBBORN} while :; do sleep 1; done"));
    let worker = workers::answering(&format!("{STUBBORN} while :; do sleep 1; done"));
    for (handler, script) in [("exec:handler", exec), ("worker:handler", worker)] {
        let package = Package::new().executable("handler", script);
        let variables = [("AWS_LAMBDA_MAX_CONCURRENCY", "2")];
        let mut function = Function::start_env(handler, package, &variables);
        function.api.push(Step::from(event("in-hand", "{}")));
        function.wait_until("in hand", group_is_written);
        function.api.push(status(403));
        let children = process::children(function.pid());
        leaves_nothing(&mut function, children);
    }
}
