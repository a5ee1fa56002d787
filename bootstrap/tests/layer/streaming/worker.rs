//! Chunks that a worker says it has written.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use super::{allowance, go_when_streaming, goes_on, peak, post, streamed, without_a_reader};
use crate::common::function::urgent;
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
fn the_first_chunk_names_the_content_type_or_announces_a_prelude() {
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
    let script = "echo ready >&4\nwhile read -r _ number <&3; do\nif [ $((++count)) = 1 ]; then\n\
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
    let requests = without_a_reader(&function, 6);
    assert_eq!(requests[5].text(), "plain", "{}", function.log());
    assert_eq!(function.worker(), worker);
    assert!(
        function.log().contains("the answer was not taken"),
        "{}",
        function.log()
    );
}

/// What nobody reads has no memory: it is given back as if it had been sent, and no chunk of it is late.
#[test]
fn what_is_written_for_a_reader_that_has_gone_away_takes_no_memory() {
    let body = format!("{LARGE}\nstat -L -c '%b %s' /dev/fd/6 >blocks");
    let script = workers::answering(&format!("{PLAIN}{body}\nfi"));
    let script = script.replace("echo ready", "echo ready sent");
    let package = Package::new().executable("handler", script);
    let mut function = Function::start("worker:handler", package);
    goes_on(&mut function);
    let worker = function.worker();
    let requests = without_a_reader(&function, 6);
    assert_eq!(requests[5].text(), "plain", "{}", function.log());
    assert_eq!(function.worker(), worker);
    let file = function.package.task().join("blocks");
    let blocks = fs::read_to_string(file).expect("what the worker saw");
    let (blocks, size) = blocks.trim().split_once(' ').expect("two numbers");
    assert_eq!(size, "200000000");
    let held = blocks.parse::<u64>().expect("a number") * 512;
    assert!(held < 3_000_000, "{held} bytes");
}
