//! Functions of a shell script.

use crate::common::{Function, Package};

fn shell(script: &str) -> Function {
    Function::start(
        "function.handler",
        Package::new().file("function.sh", 0o644, script),
    )
}

#[test]
fn a_script_in_the_form_of_the_tutorial_answers() {
    let mut function = shell(
        r#"function handler () {
            EVENT_DATA=$1
            echo "$EVENT_DATA" 1>&2;
            RESPONSE="Echoing request: '$EVENT_DATA'"
            echo $RESPONSE
        }"#,
    );
    let response = function.invoke(r#"{"text":"Hello"}"#).text();
    assert_eq!(response, "Echoing request: '{\"text\":\"Hello\"}'\n");
    assert!(function.log().contains("{\"text\":\"Hello\"}\n"));
}

#[test]
fn the_event_is_the_first_argument_and_standard_input() {
    let mut function = shell("handler() { printf '%s|%s|%s' \"$#\" \"$1\" \"$(cat)\"; }");
    assert_eq!(
        function.invoke("{ \"a\": \"*\" }").text(),
        "1|{ \"a\": \"*\" }|{ \"a\": \"*\" }"
    );
    assert_eq!(
        function.invoke("two\nlines").text(),
        "1|two\nlines|two\nlines"
    );
    assert_eq!(function.invoke("").text(), "1||");
    assert_eq!(
        function.invoke("$(x) `y` \\n 'z' -e").text().len(),
        3 + 2 * 18
    );
}

#[test]
fn the_script_is_sourced_once() {
    let mut function = shell(
        "echo sourced; count=0\nhandler() { count=$((count + 1)); printf '%s %s' $$ $count; }",
    );
    let first = function.invoke("{}").text();
    let pid = first.trim_end_matches(" 1").to_owned();
    assert_eq!(function.invoke("{}").text(), format!("{pid} 2"));
    assert_eq!(function.log().matches("sourced").count(), 1);
}

#[test]
fn every_byte_comes_through_standard_input_and_output() {
    let mut function = shell("handler() { cat; }");
    let bytes: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    assert_eq!(function.invoke(bytes.clone()).response(), bytes);
    assert_eq!(function.invoke("").response(), b"");
}

#[test]
fn the_largest_event_and_response_come_through() {
    let mut function =
        shell("handler() { if [ \"$1\" = big ]; then head -c 7000000 /dev/zero; else cat; fi; }");
    let bytes = "0123456789abcdef".repeat(6 * 1024 * 1024 / 16);
    assert!(function.invoke(bytes.clone()).text() == bytes);
    let error = function.invoke("big");
    error.assert_error("Function.ResponseSizeTooLarge", &["7000000 bytes"]);
    assert_eq!(function.invoke("small").text(), "small");
}

#[test]
fn a_large_event_that_the_function_prints_itself_comes_through() {
    let mut function = shell("handler() { printf %s \"$1\"; }");
    let event = "x".repeat(300_000);
    assert_eq!(function.invoke(event.clone()).text(), event);
}

#[test]
fn what_the_function_prints_may_go_through_dev_stdout() {
    let mut function = shell("handler() { echo a; echo b >/dev/stdout; echo c; }");
    assert_eq!(function.invoke("{}").text(), "a\nb\nc\n");
}

#[test]
fn the_function_may_read_half_of_the_event_or_nothing() {
    let mut function = shell("handler() { read -r -N 3 part; printf %s \"$part\"; }");
    assert_eq!(function.invoke("abcdef").text(), "abc");
    assert_eq!(function.invoke("ABCDEF").text(), "ABC");
}

#[test]
fn the_function_may_use_descriptors_3_to_9() {
    let mut function = shell(
        "exec 3>/dev/null 4>&1\nhandler() { exec 5<&0 6>&1 7>&2; echo log >&3; cat <&5 >&6; }",
    );
    assert_eq!(function.invoke("one").text(), "one");
    assert_eq!(function.invoke("two").text(), "two");
}

#[test]
fn settings_of_the_script_do_not_disturb() {
    for setting in [
        "IFS=",
        "IFS=0123456789",
        "set -u",
        "set -eu -o pipefail",
        "set -f",
        "set -x",
        "shopt -s nullglob extglob",
        "LC_ALL=C",
        "trap - ERR",
        "printf() { echo mine; }; read() { :; }",
    ] {
        let mut function = shell(&format!("{setting}\nhandler() {{ cat; }}"));
        assert_eq!(
            function.invoke("{\"a\":1}").text(),
            "{\"a\":1}",
            "{setting}"
        );
        assert_eq!(function.invoke("*").text(), "*", "{setting}");
    }
}

#[test]
fn the_script_knows_where_it_is() {
    let mut function = shell(
        "here=${BASH_SOURCE[0]}\nhandler() { printf '%s\\n' \"$0\" \"$here\" \"$PWD\" \"$LAMBDA_TASK_ROOT\"; }",
    );
    let task = function.package.task().display().to_string();
    let expected = format!("{task}/function.sh\n{task}/function.sh\n{task}\n{task}\n");
    assert_eq!(function.invoke("{}").text(), expected);
}

#[test]
fn a_job_in_the_background_does_not_delay_the_response() {
    let mut function = shell("handler() { sleep 1000 & echo $!; }");
    let job: i32 = function.invoke("{}").text().trim().parse().unwrap();
    crate::common::process::signal(job, libc::SIGKILL);
}

/// bash reads the line of an event byte by byte: its number is short, and never that of a hook.
#[test]
fn the_numbers_of_a_shells_events_are_from_1_to_99() {
    let mut function = shell("handler() { printf %s \"$coldspark_line\"; }");
    for _ in 0..300 {
        let line = function.invoke("{}").text();
        let number = line.strip_prefix("event ").expect("a line of the protocol");
        let number: u64 = number.parse().expect("a number");
        assert!((1..=99).contains(&number), "{number}");
    }
}
