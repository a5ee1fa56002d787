//! The words of the protocol.

use super::*;

#[test]
fn every_line_of_the_protocol_is_understood() {
    for (text, line) in [
        (
            "ready",
            Line::Ready {
                requests: Requests::default(),
            },
        ),
        (
            "ready before-snapshot",
            Line::Ready {
                requests: Requests {
                    before_snapshot: true,
                    ..Requests::default()
                },
            },
        ),
        (
            "ready after-restore before-snapshot",
            Line::Ready {
                requests: Requests {
                    before_snapshot: true,
                    after_restore: true,
                    ..Requests::default()
                },
            },
        ),
        (
            "ready sent before-snapshot",
            Line::Ready {
                requests: Requests {
                    before_snapshot: true,
                    sent: true,
                    ..Requests::default()
                },
            },
        ),
        (
            "ready no-seed",
            Line::Ready {
                requests: Requests {
                    no_seed: true,
                    ..Requests::default()
                },
            },
        ),
        (
            "ready shutdown sent",
            Line::Ready {
                requests: Requests {
                    sent: true,
                    shutdown: true,
                    ..Requests::default()
                },
            },
        ),
        (
            "chunk 7 0",
            Line::Chunk {
                event: 7,
                length: 0,
                content_type: None,
            },
        ),
        (
            "chunk 7 1 http",
            Line::Chunk {
                event: 7,
                length: 1,
                content_type: Some("http"),
            },
        ),
        (
            "chunk 7 1 text/plain;charset=utf-8",
            Line::Chunk {
                event: 7,
                length: 1,
                content_type: Some("text/plain;charset=utf-8"),
            },
        ),
        ("done", Line::HookDone),
        (
            "hook-error Pool.Broken",
            Line::HookError {
                error_type: "Pool.Broken",
            },
        ),
        (
            "init-error Function.NoModel",
            Line::InitError {
                error_type: "Function.NoModel",
            },
        ),
        ("response 7", Line::Response { event: 7 }),
        (
            "chunk 18446744073709551615 12",
            Line::Chunk {
                event: u64::MAX,
                length: 12,
                content_type: None,
            },
        ),
        (
            "error 7 KeyError",
            Line::Error {
                event: 7,
                error_type: "KeyError",
            },
        ),
    ] {
        assert_eq!(Line::parse(text.as_bytes()), Some(line), "{text}");
    }
}

#[test]
fn numbers_of_events_are_exact_in_every_language_and_never_0() {
    for random in [
        0,
        1,
        EVENT_NUMBERS - 2,
        EVENT_NUMBERS - 1,
        EVENT_NUMBERS,
        u64::MAX,
    ] {
        let number = event_number(random);
        assert!(
            (1..EVENT_NUMBERS).contains(&number),
            "{random} gave {number}"
        );
    }
}

#[test]
fn everything_else_is_none() {
    for text in [
        "",
        "ready ",
        "ready 1",
        "readybefore-snapshot",
        "ready before-snapshot ",
        "ready  after-restore",
        "ready after-restore after-restore",
        "ready before-snapshot after-event",
        "before-snapshot",
        "done ",
        "done 1",
        "hook-error",
        "hook-error two words",
        "Ready",
        " ready",
        "ready\r",
        "response",
        "response ",
        "response 0",
        "response x",
        "response +1",
        "response -1",
        "response 1 ",
        "response 1 2",
        "response 18446744073709551616",
        "error",
        "error 1",
        "error 1 ",
        "error 1 a b",
        "error x y",
        "init-error",
        "init-error two words",
        "stream 1",
        "chunk 1",
        "chunk 1 ",
        "chunk 1 x",
        "chunk 0 1",
        "chunk 1 1 ",
        "chunk 1 1 2",
        "chunk 1 1 html",
        "chunk 1 1 text/plain x",
        "chunk 1 1 a/\u{e9}",
        "ready sent sent",
        "end 1",
        "event 1",
    ] {
        assert_eq!(Line::parse(text.as_bytes()), None, "{text:?}");
    }
    assert_eq!(Line::parse(b"response \xff"), None);
}

#[test]
fn a_line_is_for_the_task_that_it_names() {
    let hook = Task::Hook(Hook::AfterRestore);
    for (text, task, expected) in [
        ("response 7", Task::Event(7), true),
        ("response 7", Task::Event(8), false),
        ("response 7", hook, false),
        ("chunk 7 1", Task::Event(7), true),
        ("chunk 7 1", hook, false),
        ("error 7 KeyError", Task::Event(7), true),
        ("error 7 KeyError", Task::Event(70), false),
        ("done", hook, true),
        ("done", Task::Event(7), false),
        ("hook-error Pool.Broken", hook, true),
        ("hook-error Pool.Broken", Task::Event(7), false),
        ("ready", hook, false),
        ("init-error E", Task::Event(7), false),
    ] {
        let line = Line::parse(text.as_bytes()).unwrap();
        assert_eq!(line.is_for(task), expected, "{text} for {task:?}");
    }
}
