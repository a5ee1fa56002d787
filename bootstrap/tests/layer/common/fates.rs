//! Plays events to handlers that do wrong in every way, drawn by chance, and holds the bootstrap to
//! one answer for each event, and to its deadline.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use super::function::{Answer, Function, event, thorough, urgent};
use crate::random_kills::Dice;

/// What an event may be answered with.
pub(crate) enum Fate {
    /// The event itself.
    Echo,
    /// A response of so many bytes.
    Bytes(usize),
    /// One of these errors, or what was printed before it where that is streamed.
    Error(&'static [&'static str]),
    /// An error at the deadline, which is near; with the same exception.
    Late,
}

/// The word that an event begins with, how often it is drawn, and its fate.
pub(crate) type Fault = (&'static str, u64, Fate);

/// How long before its deadline an event comes that will be late, in milliseconds.
const NEAR: u64 = 300;
const LATE: &str = "Runtime.HandlerTimeout";
/// Each function, one behind the other, has so many events.
const EVENTS: u64 = 250;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// Plays the events, each of which says what its handler does; `COLDSPARK_SEED` repeats a run.
#[track_caller]
pub(crate) fn play(start: impl Fn() -> Function, what: &str, faults: &[Fault], streamed: bool) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = number("COLDSPARK_SEED").unwrap_or(now.as_nanos() as u64) | 1;
    println!("{what}: COLDSPARK_SEED={seed}");
    let mut dice = Dice(seed);
    let all: u64 = faults.iter().map(|(_, often, _)| often).sum();
    let (mut answered, mut failed) = (0, 0);
    let mut function = start();
    let functions = if thorough() { 8 } else { 2 };
    for n in 0..functions * EVENTS {
        if n > 0 && n % EVENTS == 0 {
            function.wait_idle();
            function = start();
        }
        let mut drawn = dice.below(all);
        let fault = faults.iter().find(|(_, often, _)| {
            let found = drawn < *often;
            drawn = drawn.wrapping_sub(*often);
            found
        });
        let (word, _, fate) = fault.expect("one of them");
        let body = format!("{word} {n}");
        let id = format!("id-{n}");
        let reply = match fate {
            Fate::Late => urgent(&id, &body, NEAR),
            _ => event(&id, body.clone()),
        };
        // Waits for two requests, no more and no less: what comes twice is found by the next event.
        function.send(reply);
        let request = function.posted();
        let say = || {
            format!(
                "{what}, seed {seed}, event {body}: {request:?}; {}",
                function.log()
            )
        };
        assert!(request.path.contains(&format!("/{id}/")), "{}", say());
        let broken = !request.trailers.is_empty();
        let right = match (fate, function.receive()) {
            (Fate::Echo, Answer::Response(bytes)) => !broken && bytes == body.as_bytes(),
            (Fate::Bytes(count), Answer::Response(bytes)) => !broken && bytes.len() == *count,
            (Fate::Error(_) | Fate::Late, Answer::Response(_)) => streamed && broken,
            (Fate::Error(types), Answer::Error { error_type, .. }) => types.contains(&&*error_type),
            (Fate::Late, Answer::Error { error_type, .. }) => error_type == LATE,
            _ => false,
        };
        assert!(right, "{}", say());
        match request.path.ends_with("/response") && !broken {
            true => answered += 1,
            false => failed += 1,
        }
    }
    function.wait_idle();
    println!("{what}: {answered} answers, {failed} errors");
    assert!(answered > 0 && failed > 0);
}
