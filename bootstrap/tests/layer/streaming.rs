//! Responses that are passed on while a worker or an executable makes them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use coldspark_emulator::emulator::Outcome;
use coldspark_emulator::script::{self, Request};
use serde_json::Value;

use crate::common::function::{limit, runner, urgent};
use crate::common::{Function, Package, event, process, workers};

const HTTP: &str = "application/vnd.awslambda.http-integration-response";
/// A worker that runs `BODY` for each event but those that say `plain`.
const PLAIN: &str = "if [ \"$event\" = plain ]; then printf plain >&6; else\n";

fn worker(body: &str) -> Function {
    let script = workers::answering(&format!("{PLAIN}{body}\nfi"));
    Function::start(
        "worker:handler",
        Package::new().executable("handler", script),
    )
}

fn exec(script: &str, variables: &[(&str, &str)]) -> Function {
    let package = Package::new().executable("handler", workers::raw(script));
    Function::start_env("stream:handler", package, variables)
}

/// Waits until the response has begun, and has the handler go on, which waits for the file `go`.
#[track_caller]
fn go_when_streaming(function: &Function) {
    let pid = function.pid();
    function.wait_until("streaming", |_| {
        // The persistent connection and the stream's own.
        let open = process::descriptors(pid);
        let sockets = open.iter().filter(|(_, at)| at.starts_with("socket:"));
        sockets.count() >= 2
    });
    fs::write(function.package.task().join("go"), "").unwrap();
}

/// What is posted for an event.
fn post(function: &mut Function) -> Request {
    function.send(event("streams", "go"));
    function.posted()
}

/// A streamed response with these bytes; gives its content type and the error in its trailers.
#[track_caller]
fn streamed(request: &Request, body: &[u8]) -> (String, Option<(String, String)>) {
    assert!(
        request.path.ends_with("/response"),
        "{} {}",
        request.path,
        request.text()
    );
    let mode = request.header("Lambda-Runtime-Function-Response-Mode");
    assert_eq!(mode, Some("streaming"));
    assert_eq!(
        request.header("Lambda-Runtime-Invocation-Id"),
        Some("nonce-streams")
    );
    let start = request.text().chars().take(200).collect::<String>();
    assert!(
        request.body == body,
        "{} bytes: {start:?}",
        request.body.len()
    );
    let outcome = Outcome::Response {
        body: Vec::new(),
        content_type: None,
        streamed: true,
        trailers: request.trailers.clone(),
    };
    let error = outcome.stream_error().map(|(error_type, json)| {
        let json: Value = serde_json::from_slice(&json).expect("JSON");
        (
            error_type.to_owned(),
            json["errorMessage"].as_str().expect("a message").to_owned(),
        )
    });
    (
        request.header("Content-Type").expect("a type").to_owned(),
        error,
    )
}

/// The next event is answered as ever.
#[track_caller]
fn goes_on(function: &mut Function) {
    assert_eq!(function.invoke("plain").text(), "plain");
}

#[test]
fn chunks_are_streamed_and_the_rest_with_the_answer() {
    let mut function = worker(
        "printf one >&6; echo chunk $number 3 >&4; printf two >&6; echo chunk $number 3 >&4; \
         printf 3 >&6",
    );
    for _ in 0..2 {
        let request = post(&mut function);
        let (content_type, error) = streamed(&request, b"onetwo3");
        assert_eq!((&*content_type, error), ("application/octet-stream", None));
        goes_on(&mut function);
    }
}

#[test]
fn a_chunk_is_read_before_the_next_is_made() {
    // The worker waits for a file that the test makes when the Runtime API has had the first chunk;
    // the scripted one tells of a request only when it is whole, so another end of it is read.
    let mut function = worker(
        "printf first >&6; echo chunk $number 5 >&4; until [ -e go ]; do sleep 0.01; done\n\
         printf second >&6",
    );
    function.send(event("streams", "go"));
    go_when_streaming(&function);
    let request = function.posted();
    assert_eq!(request.chunks, [5, 6]);
    streamed(&request, b"firstsecond");
}

#[test]
fn an_empty_chunk_does_not_end_the_response() {
    let mut function = worker(
        "echo chunk $number 0 >&4; printf a >&6; echo chunk $number 1 >&4; \
         echo chunk $number 0 >&4; printf b >&6; echo chunk $number 1 >&4",
    );
    assert_eq!(streamed(&post(&mut function), b"ab").1, None);
    goes_on(&mut function);
    let mut function = worker("echo chunk $number 0 >&4");
    assert_eq!(streamed(&post(&mut function), b"").1, None);
    goes_on(&mut function);
}

#[test]
fn the_first_chunk_tells_the_content_type_or_of_a_prelude() {
    let mut function = worker("printf x >&6; echo chunk $number 1 text/html;charset=utf-8 >&4");
    // The semicolon ends a command of the shell.
    let broken = post(&mut function);
    assert!(broken.path.ends_with("/response"));
    let mut function = worker("printf x >&6; echo 'chunk '$number' 1 text/html;charset=utf-8' >&4");
    assert_eq!(
        streamed(&post(&mut function), b"x").0,
        "text/html;charset=utf-8"
    );
    goes_on(&mut function);
    let mut function = worker(
        "printf '{\"statusCode\":404}\\0\\0\\0\\0\\0\\0\\0\\0gone' >&6; \
         echo chunk $number 30 http >&4",
    );
    let body = b"{\"statusCode\":404}\0\0\0\0\0\0\0\0gone";
    assert_eq!(streamed(&post(&mut function), body).0, HTTP);
    goes_on(&mut function);
}

#[test]
fn an_error_behind_a_chunk_is_in_the_trailers() {
    let script = "echo ready >&4\nwhile read -r _ number <&3; do\nif [ $number = 1 ]; then\n\
                  printf data >&6; echo chunk $number 4 >&4; printf 'disk full' >&6\n\
                  echo error $number Disk.Full >&4\nelse\n\
                  printf plain >&6; echo response $number >&4; fi\ndone";
    let package = Package::new().executable("handler", workers::raw(script));
    let mut function = Function::start("worker:handler", package);
    let (_, error) = streamed(&post(&mut function), b"data");
    assert_eq!(
        error,
        Some(("Disk.Full".to_owned(), "disk full".to_owned()))
    );
    let worker = function.worker();
    goes_on(&mut function);
    assert_eq!(function.worker(), worker, "it stays");
}

#[test]
fn what_goes_wrong_behind_a_chunk_is_in_the_trailers() {
    for (body, error_type, says) in [
        ("kill -9 $$", "Runtime.WorkerExited", "SIGKILL"),
        ("exit 3", "Runtime.WorkerExited", "status: 3"),
        (
            "echo hello >&4; sleep 1000",
            "Runtime.WorkerProtocol",
            "said \"hello\"",
        ),
        (
            "echo chunk $number 1 >&4; sleep 1000",
            "Runtime.WorkerProtocol",
            "only 4 bytes",
        ),
        (
            "echo chunk $number 18446744073709551615 >&4; sleep 1000",
            "Runtime.WorkerProtocol",
            "only 4 bytes",
        ),
        (
            "echo chunk $number 0 text/plain >&4; sleep 1000",
            "Runtime.WorkerProtocol",
            "when the response had begun",
        ),
    ] {
        let mut function = worker(&format!(
            "printf data >&6; echo chunk $number 4 >&4; {body}"
        ));
        let (_, error) = streamed(&post(&mut function), b"data");
        let (sent, message) = error.expect(body);
        assert_eq!(sent, error_type, "{message}");
        assert!(message.contains(says), "{message}");
        goes_on(&mut function);
    }
}

#[test]
fn the_deadline_ends_a_stream_with_trailers() {
    let mut function = worker("printf data >&6; echo chunk $number 4 >&4; sleep 1000");
    function.send(urgent("streams", "go", 1500));
    let (_, error) = streamed(&function.posted(), b"data");
    assert_eq!(error.expect("an error").0, "Runtime.HandlerTimeout");
    goes_on(&mut function);
}

/// Streams 200 MB by chunks of 1 MB, waiting until each was sent.
const LARGE: &str = "head -c 1000000 /dev/zero >&6; for n in {1..200}; do\n\
    echo chunk $number 1000000 >&4; read -r -u 3 word _; [ $word = sent ] || exit 4\n\
    [ $n = 200 ] || head -c 1000000 /dev/zero >&6; done";

#[test]
fn a_worker_may_wait_until_its_chunks_were_sent() {
    let script = workers::answering(&format!("{PLAIN}{LARGE}\nfi"));
    let script = script.replace("echo ready", "echo ready sent");
    let package = Package::new().executable("handler", script);
    let mut function = Function::start("worker:handler", package);
    goes_on(&mut function);
    let before = peak(&function);
    function.send(event("streams", "go"));
    // What is in the response's file and not sent is memory, too.
    let mut held = 0;
    while function.api.requests().len() < 4 {
        held = held.max(response_file(&function));
        std::thread::sleep(Duration::from_millis(5));
    }
    let request = function.posted();
    assert_eq!(request.trailers, []);
    assert!(request.body.len() == 200_000_000 && request.body.iter().all(|byte| *byte == 0));
    goes_on(&mut function);
    let after = peak(&function);
    eprintln!("peak resident memory: {before} kB, {after} kB after 200 MB; file: {held} bytes");
    assert!(
        after <= before + allowance(),
        "{before} kB, then {after} kB"
    );
    assert!((1..=3_000_000).contains(&held), "{held} bytes");
}

/// What the peak may grow by, in kB; an emulator's memory grows with the code that it translates.
fn allowance() -> u64 {
    if runner().is_some() { 16 * 1024 } else { 1024 }
}

/// Most memory that the bootstrap has had, in kB; under an emulator the emulator's as well.
fn peak(function: &Function) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", function.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.expect("a peak").parse().expect("a number")
}

/// How much memory the file of the response has.
fn response_file(function: &Function) -> u64 {
    let open = process::descriptors(function.pid());
    let mut open = open.iter();
    let file = open.find(|(_, target)| target.contains("coldspark-response"));
    let (number, _) = file.expect("the file of the response");
    let file = fs::metadata(format!("/proc/{}/fd/{number}", function.pid()));
    file.expect("its size").blocks() * 512
}

#[test]
fn a_worker_that_does_not_read_that_its_chunks_were_sent_is_ended() {
    let script = workers::answering("for n in {1..20000}; do echo chunk $number 0; done >&4");
    let script = script.replace("echo ready", "echo ready sent");
    let package = Package::new().executable("handler", script);
    let mut function = Function::start("worker:handler", package);
    let error = function.invoke("{}");
    error.assert_error("Runtime.WorkerProtocol", &["did not read the lines"]);
}

#[test]
fn a_reader_that_goes_away_costs_the_worker_nothing() {
    let mut function = worker("head -c 30000000 /dev/zero >&6; echo chunk $number 30000000 >&4");
    let worker = {
        goes_on(&mut function);
        function.worker()
    };
    function.api.push(event("streams", "go"));
    function.api.push(script::Step::close_after_head());
    function.api.push(event("after", "plain"));
    function.api.push(script::status(202));
    let requests = function.api.wait_for(6, limit());
    assert_eq!(requests[5].text(), "plain", "{}", function.log());
    assert_eq!(function.worker(), worker);
    assert!(
        function.log().contains("the answer was not taken"),
        "{}",
        function.log()
    );
}

#[test]
fn what_an_executable_prints_is_passed_on_as_it_comes() {
    let mut function = exec(
        "printf first; until [ -e go ]; do sleep 0.01; done; printf second",
        &[],
    );
    function.send(event("streams", "go"));
    go_when_streaming(&function);
    let request = function.posted();
    assert_eq!(
        streamed(&request, b"firstsecond"),
        ("application/octet-stream".to_owned(), None)
    );
    assert_eq!(request.chunks, [5, 6]);
}

#[test]
fn an_executable_has_its_content_type_from_a_setting() {
    let mut function = exec(
        "cat",
        &[("COLDSPARK_CONTENT_TYPE", "text/plain; charset=utf-8")],
    );
    let (content_type, _) = streamed(&post(&mut function), b"go");
    assert_eq!(content_type, "text/plain; charset=utf-8");
    let function = exec("cat", &[("COLDSPARK_CONTENT_TYPE", "text/plain\r\nX: y")]);
    function.assert_init_error("Runtime.ConfigInvalid", &["COLDSPARK_CONTENT_TYPE"]);
}

#[test]
fn an_executable_that_prints_nothing_is_an_empty_response_or_an_ordinary_error() {
    let mut function = exec("[ $(cat) = go ]", &[]);
    assert_eq!(streamed(&post(&mut function), b"").1, None);
    let error = function.invoke("stop");
    error.assert_error("Function.ExitStatus", &["status: 1"]);
}

#[test]
fn an_executable_that_fails_behind_its_output_is_told_in_the_trailers() {
    let mut function = exec("printf half; sleep 0.1; echo why >&2; exit 7", &[]);
    let (_, error) = streamed(&post(&mut function), b"half");
    let (error_type, message) = error.expect("an error");
    assert_eq!(error_type, "Function.ExitStatus");
    assert!(
        message.contains("status: 7") && message.contains("why"),
        "{message}"
    );
}

#[test]
fn an_executable_may_print_more_than_a_buffered_response_has() {
    let mut function = exec("head -c 20000000 /dev/zero", &[]);
    let request = post(&mut function);
    assert_eq!(
        (request.body.len(), request.trailers.len()),
        (20_000_000, 0)
    );
}

#[test]
fn an_executable_streams_two_hundred_megabytes_in_constant_memory() {
    let script = "if [ \"$(cat)\" = go ]; then head -c 200000000 /dev/zero; else printf plain; fi";
    let mut function = exec(script, &[]);
    goes_on(&mut function);
    let before = peak(&function);
    let request = post(&mut function);
    assert_eq!(request.trailers, []);
    assert!(request.body.len() == 200_000_000 && request.body.iter().all(|byte| *byte == 0));
    let after = peak(&function);
    eprintln!("peak resident memory: {before} kB, {after} kB after 200 MB");
    assert!(
        after <= before + allowance(),
        "{before} kB, then {after} kB"
    );
    goes_on(&mut function);
}

#[test]
fn an_executable_whose_reader_goes_away_is_ended() {
    let function = exec(
        "[ $(cat) = plain ] && printf plain || exec cat /dev/zero",
        &[],
    );
    function.api.push(event("streams", "go"));
    function.api.push(script::Step::close_after_head());
    function.api.push(event("after", "plain"));
    function.api.push(script::status(202));
    let requests = function.api.wait_for(4, limit());
    assert_eq!(requests[3].text(), "plain", "{}", function.log());
    assert!(process::children(function.pid()).is_empty());
    assert!(
        function.log().contains("the answer was not taken"),
        "{}",
        function.log()
    );
}
