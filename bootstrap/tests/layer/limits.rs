//! The lengths in layer/PROTOCOL.md, as numbers.

use crate::common::{Function, Package, workers};

const PROTOCOL: &str = "Runtime.WorkerProtocol";

/// A worker whose answer is the line that an event is with its number in place of `N`; the line begins
/// with that many characters, so that it has just that length.
fn speaker() -> Function {
    let script = workers::raw(
        "echo ready >&4\n\
         while read -r -u 3 _ number; do\n\
         length=$(</dev/fd/5)\n\
         line=\"error $number \"\n\
         printf -v type '%*s' $((length - ${#line})) ''\n\
         printf '%s' \"$line${type// /T}\" >&4\n\
         [ -e no-end ] || echo >&4\n\
         done",
    );
    let package = Package::new().executable("handler", script);
    Function::start("worker:handler", package)
}

#[test]
fn a_line_has_at_most_511_bytes() {
    let mut function = speaker();
    function.wait_idle();
    let worker = function.worker();
    function.send(crate::common::event("longest", "511"));
    let request = function.posted();
    let json = request.json();
    let error_type = json["errorType"].as_str().expect("a type");
    assert!(error_type.len() > 480, "{error_type}");
    assert!(error_type.bytes().all(|byte| byte == b'T'), "{error_type}");
    assert_eq!(function.worker(), worker, "it stays");
    let texts = ["which is too long for a line", "said \"error "];
    function.invoke("512").assert_error(PROTOCOL, &texts);
    assert_ne!(function.worker(), worker);
}

#[test]
fn a_line_is_too_long_before_its_end_has_come() {
    let mut function = speaker();
    std::fs::write(function.package.task().join("no-end"), "").expect("a file");
    let texts = ["which is too long for a line"];
    function.invoke("512").assert_error(PROTOCOL, &texts);
}

/// What 64 KiB and one more byte of a message become, in the mode of the handler.
#[track_caller]
fn messages(mut function: Function) {
    for (length, kept) in [(65_535, 65_535), (65_536, 65_536), (65_537, 65_536)] {
        let error = function.invoke(length.to_string());
        let message = error.assert_error("Long.Message", &[]);
        let whole = message.bytes().all(|byte| byte == b'm');
        assert!(whole && message.len() == kept, "{} bytes", message.len());
    }
}

#[test]
fn a_message_has_at_most_64_kib() {
    let script = workers::raw(
        "echo ready >&4\n\
         while read -r -u 3 _ number; do\n\
         head -c $(</dev/fd/5) /dev/zero | tr '\\0' m >&6\n\
         echo error $number Long.Message >&4\n\
         done",
    );
    let package = Package::new().executable("handler", script);
    messages(Function::start("worker:handler", package));
}

#[test]
fn the_message_of_a_worker_that_cannot_start_has_at_most_64_kib() {
    for (length, kept) in [(65_536, 65_536), (65_537, 65_536)] {
        let script = workers::raw(&format!(
            "head -c {length} /dev/zero | tr '\\0' m >&6; echo init-error Long.Message >&4"
        ));
        let package = Package::new().executable("handler", script);
        let function = Function::start("worker:handler", package);
        let message = function.assert_init_error("Long.Message", &[]);
        assert_eq!(message.len(), kept);
    }
}
