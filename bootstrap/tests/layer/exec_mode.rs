//! A fresh process for each event.

use std::fs;

use crate::common::{Function, Package, process, workers};

fn exec(script: &str) -> Function {
    Function::start(
        "exec:handler",
        Package::new().executable("handler", workers::raw(script)),
    )
}

#[test]
fn the_event_is_standard_input_and_standard_output_the_response() {
    let mut function = exec("printf '<%s>' \"$(cat)\"");
    assert_eq!(function.invoke("{\"n\":1}").text(), "<{\"n\":1}>");
    assert_eq!(function.invoke("2").text(), "<2>");
}

#[test]
fn each_event_has_a_process_of_its_own() {
    let mut function = exec("printf $$");
    let first = function.invoke("{}").text();
    assert_ne!(function.invoke("{}").text(), first);
    assert!(process::children(function.pid()).is_empty());
}

#[test]
fn every_byte_comes_through_and_so_does_an_empty_event() {
    let mut function = exec("cat");
    let bytes: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    assert_eq!(function.invoke(bytes.clone()).response(), bytes);
    assert_eq!(function.invoke("").response(), b"");
}

#[test]
fn the_largest_event_and_response_come_through() {
    let mut function = exec("cat");
    let bytes: Vec<u8> = (0..6 * 1024 * 1024_u32)
        .map(|n| (n ^ (n >> 8)) as u8)
        .collect();
    assert!(function.invoke(bytes.clone()).response() == bytes);
    let mut function = exec("head -c 7000000 /dev/zero");
    let error = function.invoke("{}");
    error.assert_error("Function.ResponseSizeTooLarge", &["7000000 bytes"]);
}

#[test]
fn an_event_that_nobody_reads_is_no_trouble() {
    let mut function = exec("exec 0<&-; printf done");
    assert_eq!(function.invoke("x".repeat(1_000_000)).text(), "done");
}

#[test]
fn a_status_that_is_not_0_is_an_error_with_standard_error() {
    let mut function = exec("printf half; for n in {1..30}; do echo line $n; done >&2; exit 7");
    let texts = [
        "/task/handler ended with",
        "status: 7",
        "its stderr:\nline 1\n",
        "line 30",
    ];
    function
        .invoke("{}")
        .assert_error("Function.ExitStatus", &texts);
}

#[test]
fn a_signal_is_an_error_with_its_name() {
    let mut function = exec("kill -SEGV $$");
    function
        .invoke("{}")
        .assert_error("Function.ExitStatus", &["SIGSEGV"]);
    let mut function = exec("kill -KILL $$");
    let texts = ["SIGKILL", "memory runs out"];
    function
        .invoke("{}")
        .assert_error("Function.ExitStatus", &texts);
}

#[test]
fn the_end_of_standard_error_is_that_of_this_event() {
    let mut function = exec("[ \"$(cat)\" = quiet ] || echo noise >&2; exit 1");
    function
        .invoke("loud")
        .assert_error("Function.ExitStatus", &["noise"]);
    let message = function
        .invoke("quiet")
        .assert_error("Function.ExitStatus", &[]);
    assert!(!message.contains("noise"), "{message}");
}

#[test]
fn what_it_leaves_running_is_killed_and_does_not_delay_the_response() {
    let mut function = exec("sleep 1000 & printf $!");
    let sleeper = function.invoke("{}").text().parse().unwrap();
    function.wait_until("killed", |_| !process::is_running(sleeper));
    // One that has left the process group lives on, and is not waited for either.
    let mut function = exec("setsid sleep 1000 & printf $!");
    for _ in 0..2 {
        let sleeper = function.invoke("{}").text().parse().unwrap();
        process::signal(sleeper, libc::SIGKILL);
    }
}

#[test]
fn a_file_that_is_gone_later_is_an_error_of_that_event() {
    let mut function = exec("printf here");
    assert_eq!(function.invoke("{}").text(), "here");
    let file = function.package.task().join("handler");
    let script = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let error = function.invoke("{}");
    error.assert_error(
        "Runtime.InvalidHandler",
        &["/task/handler", "cannot be looked at"],
    );
    fs::write(&file, script).unwrap();
    let error = function.invoke("{}");
    error.assert_error("Runtime.InvalidHandler", &["not executable"]);
}

#[test]
fn it_has_its_three_descriptors_and_no_others() {
    let mut function = exec("exec sleep 1000");
    function.send(crate::common::event("id", "{}"));
    function.wait_until("started", |function| {
        let children = process::children(function.pid());
        children.first().is_some_and(|pid| {
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "sleep\n")
        })
    });
    let worker = function.worker();
    // Its loader has files open for a moment; one that the bootstrap left to it would stay.
    function.wait_until("it has 0, 1 and 2 open and no others", |_| {
        process::own_descriptors(worker) == [0, 1, 2]
    });
    process::signal(worker as i32, libc::SIGTERM);
    function
        .receive()
        .assert_error("Function.ExitStatus", &["SIGTERM"]);
}
