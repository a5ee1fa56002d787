//! Lines of many workers and of the bootstrap never mix, also when nobody reads the log for a while.

use std::fs::File;
use std::io::Read;
use std::thread;
use std::time::Duration;

use coldspark_emulator::emulator::Config;
use serde_json::Value;

use crate::common::concurrent::{error, response};
use crate::common::{Concurrent, Package, process, workers};

const POLLERS: usize = 64;
/// How many lines each worker prints to each of its outputs.
const LINES: usize = 200;
/// How long the message is that the bootstrap logs for each.
const MESSAGE: usize = 3000;
/// What a pipe takes as a whole.
const WHOLE: usize = 4096;

/// Prints lines of many lengths, some in one call, some in many; then fails with a long message.
const WORKER: &str = r#"
    my @letters = ("a" .. "z");
    for my $line (0 .. LINES - 1) {
        for my $target (1, 2) {
            my $length = $line % 16 ? 16 + ($event * 31 + $line * 17) % 200 : 4096 - $line % 3;
            my $text = "$event $target $line ";
            $text .= $letters[$event % 26] x ($length - 1 - length $text);
            $printed[$target] .= "$text\n";
            if ($line % 5 == $event % 5 || $line == LINES - 1) {
                my ($all, $at) = ($printed[$target], 0);
                while ($at < length $all) {
                    $at += POSIX::write($target, substr($all, $at), length($all) - $at);
                }
                $printed[$target] = "";
            }
        }
    }
    put("+" x MESSAGE);
    say_line("error $number Own.Error");
"#;

/// What all of them print, read slowly, in the order in which it was written.
fn printed(format: &str) -> String {
    let body = WORKER.replace("LINES", &LINES.to_string());
    let body = body.replace("MESSAGE", &MESSAGE.to_string());
    let script =
        workers::perl(&body).replace("my ($events,", "my @printed = (\"\") x 3;\nmy ($events,");
    let package = Package::new().executable("handler", script);
    let [log, end] = process::narrow_pipe();
    let config = Config {
        concurrency: POLLERS,
        ..Config::default()
    };
    let reader = thread::spawn(move || read_slowly(log));
    let mut function = Concurrent::start_with("worker:handler", package, config, |command| {
        command.env("AWS_LAMBDA_LOG_FORMAT", format);
        command.stdout(end.try_clone().expect("a second handle"));
        command.stderr(end);
    });
    let tickets: Vec<_> = (0..POLLERS)
        .map(|event| function.submit(&event.to_string()))
        .collect();
    for ticket in tickets {
        assert_eq!(error(ticket).0, "Own.Error");
    }
    function.shut_down();
    drop(function);
    reader.join().expect("what was printed")
}

/// Reads in pieces that end within lines, with pauses in which the pipe is full.
fn read_slowly(mut log: File) -> String {
    let mut all = Vec::new();
    let mut piece = vec![0; 3000];
    for count in 0.. {
        match log.read(&mut piece).expect("the log") {
            0 => break,
            length => all.extend_from_slice(&piece[..length]),
        }
        if count % 16 == 0 {
            thread::sleep(Duration::from_micros(200));
        }
    }
    String::from_utf8(all).expect("a text")
}

/// Every line of every worker came, whole and in its order; gives how many others there are.
#[track_caller]
fn check<'a>(lines: impl Iterator<Item = &'a str>) -> usize {
    let mut next = vec![[0_usize; 3]; POLLERS];
    let mut others = 0;
    for line in lines {
        if line.contains('+') {
            assert!(line.contains(&"+".repeat(MESSAGE)), "{line}");
            assert!(line.len() < MESSAGE + 200, "{line}");
            others += 1;
            continue;
        }
        let mut words = line.splitn(4, ' ');
        let mut number = || words.next()?.parse::<usize>().ok();
        let (Some(event), Some(target), Some(at)) = (number(), number(), number()) else {
            panic!("torn: {line}");
        };
        let expected = &mut next[event][target];
        assert_eq!(at, *expected, "{line}");
        *expected += 1;
        let length = match at % 16 {
            0 => WHOLE - at % 3,
            _ => 16 + (event * 31 + at * 17) % 200,
        };
        let letter = char::from(b'a' + (event % 26) as u8);
        let rest = words.next().unwrap_or_default();
        assert!(rest.chars().all(|character| character == letter), "{line}");
        assert_eq!(line.len() + 1, length, "{line}");
    }
    assert!(
        next.iter().all(|next| *next == [0, LINES, LINES]),
        "{next:?}"
    );
    others
}

#[test]
fn lines_of_64_workers_never_mix() {
    let printed = printed("Text");
    assert!(printed.ends_with('\n'));
    assert_eq!(check(printed.lines()), POLLERS);
}

#[test]
fn in_json_each_line_of_64_workers_is_an_object() {
    let printed = printed("JSON");
    let messages: Vec<_> = printed
        .lines()
        .map(|line| match serde_json::from_str(line) {
            Ok(Value::Object(object)) => {
                let text =
                    |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
                format!("{}{}", text("message"), text("errorType"))
            }
            other => panic!("{other:?}: {line}"),
        })
        .collect();
    assert_eq!(check(messages.iter().map(String::as_str)), POLLERS);
}

#[test]
fn a_line_does_not_become_the_rest_of_anothers_long_one() {
    let body = "case $event in\n\
        long) head -c 70000 /dev/zero | tr '\\0' x >&2; until [ -e go ]; do sleep 0.01; done\n\
        head -c 70000 /dev/zero | tr '\\0' x >&2; echo >&2;;\n\
        *) echo short >&2;;\n\
        esac; printf '%s' \"$event\" >&6";
    let package = Package::new().executable("handler", workers::answering(body));
    let function = Concurrent::start("worker:handler", package, 2);
    let long = function.submit("long");
    // What is longer than 64 KB is written in parts.
    function.wait_until("a part written", |function| function.log().len() >= 65_536);
    assert_eq!(function.invoke(&["short"]), ["short"]);
    let log = function.log();
    assert!(log.ends_with("x\nshort\n"), "{} bytes", log.len());
    std::fs::write(function.package.task().join("go"), "").expect("a file");
    assert_eq!(response(long), "long");
    let log = function.log();
    let long: String = log.lines().filter(|line| *line != "short").collect();
    assert!(long == "x".repeat(140_000), "{} bytes", long.len());
}
