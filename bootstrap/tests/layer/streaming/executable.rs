//! What an executable prints, as it comes.

use super::{allowance, go_when_streaming, goes_on, peak, post, streamed, without_a_reader};
use crate::common::{Function, Package, event, process, workers};

fn exec(script: &str, variables: &[(&str, &str)]) -> Function {
    let package = Package::new().executable("handler", workers::raw(script));
    Function::start_env("stream:handler", package, variables)
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
fn an_executable_that_fails_behind_its_output_is_an_error_in_the_trailers() {
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
    let requests = without_a_reader(&function, 4);
    assert_eq!(requests[3].text(), "plain", "{}", function.log());
    assert!(process::children(function.pid()).is_empty());
    assert!(
        function.log().contains("the answer was not taken"),
        "{}",
        function.log()
    );
}
