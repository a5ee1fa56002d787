//! What becomes of a call with a fault, read from a cell of the tables and checked.

use coldspark_emulator::script::{self, Request};

use super::call::{AFTER, BODY, CASE, Call};
use super::common::{Exit, assert_next, assert_response, failure, init_failure, init_failure_path};
use super::scene::Played;

/// Most lines of a log that says everything once, for each event that a fault concerns.
const MAX_LINES: usize = 4;

#[derive(Debug)]
enum Outcome {
    /// The event is answered with these bytes, once.
    Served(Vec<u8>),
    /// It is answered with an error of this type.
    Failed(String),
    /// The answer counts as given (the restore as made), and nothing is logged.
    Taken,
    /// The answer counts as lost: logged, not sent again, and the next event is served.
    Dropped,
    /// The process ends with status 1.
    Exit,
    /// The process ends with status 1, and the error reached the Runtime API.
    Reported,
    /// The process waits for what was announced.
    Waits,
}

/// The outcome, and what else is expected.
#[derive(Debug)]
pub(super) struct Fate {
    outcome: Outcome,
    /// The call is made twice.
    again: bool,
    /// What follows comes over another connection.
    new_connection: bool,
    /// Texts in the error or the log.
    texts: Vec<String>,
}

impl Fate {
    /// `outcome; asked again; new connection; "text" "text"`.
    pub(super) fn of(text: &str) -> Self {
        let mut parts = text.split("; ");
        let first = parts.next().unwrap_or_default();
        let outcome = match first.split_once('`') {
            Some(("served as ", value)) => {
                Outcome::Served(value.trim_end_matches('`').as_bytes().to_vec())
            }
            Some(("error ", value)) => Outcome::Failed(value.trim_end_matches('`').to_owned()),
            _ => match first {
                "served" => Outcome::Served(BODY.to_vec()),
                "taken" => Outcome::Taken,
                "dropped" => Outcome::Dropped,
                "exit 1" => Outcome::Exit,
                "reported, exit 1" => Outcome::Reported,
                "waits" => Outcome::Waits,
                _ => panic!("no fate is called {text:?}"),
            },
        };
        let mut fate = Self {
            outcome,
            again: false,
            new_connection: false,
            texts: Vec::new(),
        };
        for part in parts {
            match part {
                "asked again" => fate.again = true,
                "new connection" => fate.new_connection = true,
                _ => {
                    let quoted = part
                        .strip_prefix('"')
                        .and_then(|part| part.strip_suffix('"'));
                    let quoted = quoted.unwrap_or_else(|| panic!("what is {part:?} in {text:?}?"));
                    fate.texts = quoted.split("\" \"").map(str::to_owned).collect();
                }
            }
        }
        fate
    }

    fn texts(&self) -> Vec<&str> {
        self.texts.iter().map(String::as_str).collect()
    }
}

/// Fails unless it went as the fate says, and in no other way.
pub(super) fn check(call: Call, fate: &Fate, played: &Played) {
    let session = &played.session;
    let calls = match (played.reached, fate.again) {
        (false, _) => 0,
        (true, again) => 1 + usize::from(again),
    };
    let made = played.before + calls;
    match &fate.outcome {
        Outcome::Exit | Outcome::Reported => {
            let (requests, exit) = session.exit_after(made);
            let made = &requests[played.before..];
            made.iter().for_each(|request| assert_call(call, request));
            ended(call, fate, &exit);
            return;
        }
        Outcome::Waits => {
            let requests = session.requests(made);
            assert_call(call, &requests[played.before]);
            played.await_sleep();
            session.requests(made);
            return;
        }
        _ => {}
    }
    // Behind the call: the answer to its event if it brought one, next, the answer to the event
    // `after`, and next again.
    let brought = usize::from(call == Call::Next);
    let every_round = 2 * (played.rounds - 1);
    let requests = session.requests(every_round + made + brought + 3);
    let (rounds, last) = requests.split_at(every_round);
    for round in rounds.chunks_exact(2) {
        assert_next(&round[0]);
        let answer = if call == Call::Next {
            Call::Response
        } else {
            call
        };
        assert_call(answer, &round[1]);
    }
    if played.before == 2 {
        assert_response(&last[1], "first", BODY);
    }
    let (calls, behind) = last[played.before..].split_at(calls);
    match &fate.outcome {
        Outcome::Failed(_) if call != Call::Next => {}
        _ => calls.iter().for_each(|request| assert_call(call, request)),
    }
    let stderr = session.stderr();
    let lines = stderr.lines().count();
    assert!(lines <= MAX_LINES * played.rounds, "{stderr}");
    let warned = stderr.contains("WARN");
    match &fate.outcome {
        Outcome::Served(body) => assert_response(&behind[0], CASE, body),
        Outcome::Failed(error_type) => {
            let answer = if call == Call::Next {
                &behind[0]
            } else {
                &calls[0]
            };
            let failure = failure(answer, CASE);
            failure.assert_type(error_type).assert_says(&fate.texts());
        }
        Outcome::Dropped => {
            let texts = [&["WARN", "the answer was not taken", CASE], &*fate.texts()].concat();
            session.assert_logged(&texts);
        }
        _ => {}
    }
    match &fate.outcome {
        Outcome::Dropped | Outcome::Failed(_) => {}
        Outcome::Served(_) if !fate.texts.is_empty() => {
            session.assert_logged(&[&["WARN", CASE], &*fate.texts()].concat());
        }
        _ => assert!(!warned, "{stderr}"),
    }
    assert_next(&behind[brought]);
    assert_response(&behind[brought + 1], "after", AFTER);
    assert_next(&behind[brought + 2]);
    connections(
        call,
        fate,
        last,
        &calls.last().map(|call| call.connection),
        behind,
    );
}

/// Whether what follows comes over the connection that it should.
fn connections(
    call: Call,
    fate: &Fate,
    requests: &[Request],
    of_call: &Option<usize>,
    behind: &[Request],
) {
    let expected = match call {
        // No connection outlives the snapshot.
        Call::RestoreNext => return,
        // It has a connection of its own.
        Call::Streamed => Some(requests[0].connection),
        _ => *of_call,
    };
    let is_new = Some(behind[0].connection) != expected;
    assert_eq!(is_new, fate.new_connection, "a new connection behind it");
}

fn ended(call: Call, fate: &Fate, exit: &Exit) {
    exit.assert_failed_with(&fate.texts());
    let stderr = &exit.stderr;
    assert!(stderr.lines().count() <= MAX_LINES, "{stderr}");
    if call.is_last() {
        let phase = match call {
            Call::InitError => "the init phase failed",
            _ => "the restore failed",
        };
        let unreported = stderr.contains(&format!("POST {}", call.heading()));
        assert!(stderr.contains(phase), "{stderr}");
        let is_reported = matches!(fate.outcome, Outcome::Reported);
        assert_eq!(is_reported, !unreported, "{stderr}");
    } else {
        assert!(stderr.contains("the process ends"), "{stderr}");
    }
}

/// The request makes the call, for the event that the fault concerns.
fn assert_call(call: Call, request: &Request) {
    match call {
        Call::Next => assert_next(request),
        Call::Response => assert_response(request, CASE, BODY),
        Call::Error => drop(failure(request, CASE)),
        Call::Streamed => {
            assert!(request.is_complete(), "{:?}", request.fault);
            assert_eq!(request.call(), script::Call::Response);
            assert_eq!(request.request_id(), Some(CASE));
            assert_eq!(request.text().as_bytes(), BODY);
            assert!(request.trailers.is_empty());
        }
        Call::InitError => {
            assert_eq!(request.path, init_failure_path());
            init_failure(request).assert_type("Init.Impossible");
        }
        Call::RestoreNext => {
            assert!(request.is_complete(), "{:?}", request.fault);
            assert_eq!(request.call(), script::Call::RestoreNext);
        }
        Call::RestoreError => {
            assert!(request.is_complete(), "{:?}", request.fault);
            assert_eq!(request.call(), script::Call::RestoreError);
            assert_eq!(request.json()["errorType"], "Runtime.AfterRestoreError");
        }
    }
}
