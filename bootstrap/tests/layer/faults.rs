//! Faults of the Runtime API in each mode of the layer: the core of `tests/FAULTS.md`, which has
//! every fault against the clients that the modes share. What is looked for here is that nothing
//! is lost between a client and the process that handles the event.

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::{self, Call, Step};

use crate::common::function::limit;
use crate::common::{Function, Package, event, process, workers};

const BODY: &str = "some body";

/// The handler echoes its event.
fn modes() -> [(&'static str, Package); 3] {
    let shell = Package::new().file("f.sh", 0o644, "handler() { printf %s \"$1\"; }");
    let exec = Package::new().executable("handler", workers::raw("exec cat"));
    let worker = workers::answering("printf %s \"$event\" >&6");
    let worker = Package::new().executable("handler", worker);
    [
        ("worker:handler", worker),
        ("exec:handler", exec),
        ("f.handler", shell),
    ]
}

/// A fault, the replies to the calls, and the calls that follow from them.
type Case = (&'static str, Vec<Step>, &'static [&'static str]);

const SERVED: &[&str] = &["next", "response case"];
const AGAIN: &[&str] = &["next", "next", "response case"];
const FAILED: &[&str] = &["next", "error case"];

fn cases() -> Vec<Case> {
    let good = || event("case", BODY);
    let bytes = good().to_bytes();
    let body = bytes.len() - BODY.len();
    let taken = || Step::from(script::status(202));
    let brought = |step: Step| vec![step, taken()];
    let asked = |step: Step| vec![step, good().into(), taken()];
    let answered = |step: Step| vec![good().into(), step];
    let both = |bytes: &[u8]| Step::from(Reply::raw([&good().to_bytes(), bytes].concat()));
    let interim = [b"HTTP/1.1 100 \r\n\r\n", &bytes[..]].concat();
    vec![
        (
            "closed before the head",
            asked(Step::close_after_request()),
            AGAIN,
        ),
        ("reset before the head", asked(Step::reset()), AGAIN),
        (
            "closed after the head",
            brought(Step::from(good()).cut_at(body)),
            FAILED,
        ),
        (
            "closed within the body",
            brought(Step::from(good()).cut_at(body + 3)),
            FAILED,
        ),
        (
            "reset within the body",
            brought(Step::from(good()).cut_at(body + 3).once_read().then_reset()),
            FAILED,
        ),
        (
            "one byte a write",
            brought(Step::from(good()).dribble()),
            SERVED,
        ),
        ("in chunks", brought(good().chunked(&[2, 1]).into()), SERVED),
        (
            "behind an interim reply",
            brought(Reply::raw(interim).into()),
            SERVED,
        ),
        (
            "bytes behind the body",
            brought(both(b"HTTP/1.1 500 \r\n\r\n")),
            SERVED,
        ),
        (
            "Connection: close",
            brought(good().header("Connection", "close").into()),
            SERVED,
        ),
        ("a wrong chunk", brought(wrong_chunk().into()), FAILED),
        (
            "response, closed before the head",
            answered(Step::close_after_request()),
            SERVED,
        ),
        (
            "response, closed within the head",
            answered(taken().cut_at(20)),
            SERVED,
        ),
        ("response, reset", answered(Step::reset()), SERVED),
        (
            "response, one byte a write",
            answered(taken().dribble()),
            SERVED,
        ),
        (
            "response, too late",
            answered(script::status(410).into()),
            SERVED,
        ),
        (
            "response, too large",
            answered(script::status(413).into()),
            SERVED,
        ),
    ]
}

fn wrong_chunk() -> Reply {
    let coded = event("case", "").chunked(&[]).to_bytes();
    Reply::raw([&coded[..coded.len() - "0\r\n\r\n".len()], b"nine\r\n"].concat())
}

/// The calls from that one on, once there are so many, as text.
#[track_caller]
fn calls(function: &Function, from: usize, count: usize) -> Vec<String> {
    let requests = function.api.wait_for(from + count, limit());
    assert_eq!(requests.len(), from + count, "{}", function.log());
    let calls = requests[from..].iter().map(|request| {
        assert!(request.is_complete(), "{request:?}");
        let id = request.request_id().unwrap_or_default();
        match request.call() {
            Call::Next => "next".to_owned(),
            Call::Response => {
                assert_eq!(request.text(), BODY);
                format!("response {id}")
            }
            Call::Error => {
                assert_eq!(request.json()["errorType"], "Runtime.InvalidEvent");
                format!("error {id}")
            }
            other => panic!("{other:?}"),
        }
    });
    calls.collect()
}

#[test]
fn each_event_has_its_fate_in_every_mode() {
    for (handler, package) in modes() {
        let function = Function::start(handler, package);
        let mut made = 0;
        for (fault, replies, expected) in cases() {
            eprintln!("{handler}: {fault}");
            replies.into_iter().for_each(|step| function.api.push(step));
            // Behind the last call the process asks for another event; that call is the first one
            // of the next case.
            let seen = calls(&function, made, expected.len() + 1);
            assert_eq!(seen[..expected.len()], *expected);
            assert_eq!(seen[expected.len()], "next");
            made += expected.len();
        }
    }
}

#[test]
fn a_reply_whose_head_is_cut_ends_the_process_in_every_mode() {
    for (handler, package) in modes() {
        let function = Function::start(handler, package);
        function
            .api
            .push(Step::from(event("case", BODY)).cut_at(20));
        function.wait_until("the end of the process", |function| {
            !process::is_running(function.pid())
        });
        assert_eq!(calls(&function, 0, 1), ["next"]);
        let log = function.log();
        assert!(log.contains("closed within the head"), "{log}");
        assert!(log.contains("the process ends"), "{log}");
    }
}

#[test]
fn a_frozen_environment_goes_on_in_every_mode() {
    for (handler, package) in modes() {
        let function = Function::start(handler, package);
        assert_eq!(calls(&function, 0, 1), ["next"]);
        let workers = process::children(function.pid());
        let all = || workers.iter().copied().chain([function.pid()]);
        all().for_each(|pid| process::signal(pid as i32, libc::SIGSTOP));
        // Over night; the connection did not survive it.
        function.api.push(Step::close_after_request());
        function.api.wait_closed(1, limit());
        function.api.push(event("case", BODY));
        function.api.push(script::status(202));
        all().for_each(|pid| process::signal(pid as i32, libc::SIGCONT));
        assert_eq!(calls(&function, 1, 3), ["next", "response case", "next"]);
    }
}
