//! Events for faulty handlers: each event gets one answer, its own, and none waits past its deadline.
//!
//! A handler is told by its event what to do, `WORD <NUMBER>`. What is played is a deck of cards with
//! each word as often as its weight says, shuffled; so no run lacks one. `COLDSPARK_SEED` repeats a
//! run, `COLDSPARK_LONG` plays more decks.

use std::collections::BTreeMap;

use coldspark_emulator::script::Request;
use coldspark_emulator::under_test::is_long;

use super::answer::Answer;
use super::dice::{Dice, dice};
use super::function::{Function, event, urgent};

/// The answers that an event may get.
pub(crate) enum Fate {
    /// The event itself.
    Echo,
    /// A response of so many bytes.
    Bytes(usize),
    /// One of these errors; where the response is streamed, also what was printed before the error.
    Error(&'static [&'static str]),
    /// An error at the deadline, which is near; with the same exception.
    Late,
    /// A response that begins with the event's `<NUMBER>`, or any error.
    Own,
    /// Any error; only the deadline, which is near, ends it.
    Hangs,
}

/// The word that an event begins with, how many cards of a deck have it, and its fate.
pub(crate) type Fault = (&'static str, usize, Fate);

/// How long before its deadline an event comes that hangs, in milliseconds.
const NEAR: u64 = 300;
const LATE: &str = "Runtime.HandlerTimeout";

/// How many decks are played. Each form of the binary is played others.
fn decks() -> usize {
    if is_long() { 20 } else { 3 }
}

/// Plays the decks, each to a function of its own.
#[track_caller]
pub(crate) fn play(start: impl Fn() -> Function, what: &str, faults: &[Fault], streamed: bool) {
    let mut dice = dice(what);
    let mut seen = BTreeMap::<&str, [usize; 2]>::new();
    for _ in 0..decks() {
        let mut function = start();
        let deck = shuffled(faults, &mut dice);
        for (number, (word, _, fate)) in deck.iter().enumerate() {
            let event = Event { number, word, fate };
            let failed = event.play(&mut function, streamed).unwrap_or_else(|why| {
                panic!("{what}, {word} <{number}>: {why}; {}", function.log())
            });
            seen.entry(word).or_default()[usize::from(failed)] += 1;
        }
        function.wait_idle();
        let requests = function.api.requests();
        for number in 0..deck.len() {
            let of_event = format!("/invocation/{number}/");
            let answers = requests.iter().filter(|r| r.path.contains(&of_event));
            assert_eq!(answers.count(), 1, "{what}, event {number}");
        }
        assert_eq!(requests.len(), 2 * deck.len() + 1, "{what}");
    }
    println!("{what}, responses and errors: {seen:?}");
    for (word, weight, _) in faults {
        assert_eq!(seen[word].iter().sum::<usize>(), weight * decks(), "{word}");
    }
    // The first one is what goes well.
    let [answered, failed] = seen[faults[0].0];
    assert!(
        answered > 4 * failed,
        "{answered} went well, {failed} did not"
    );
}

fn shuffled<'a>(faults: &'a [Fault], dice: &mut Dice) -> Vec<&'a Fault> {
    let cards = faults.iter().flat_map(|fault| vec![fault; fault.1]);
    let mut deck: Vec<_> = cards.collect();
    for end in (1..deck.len()).rev() {
        deck.swap(end, dice.below(end as u64 + 1) as usize);
    }
    deck
}

/// A card that is played.
struct Event<'a> {
    number: usize,
    word: &'a str,
    fate: &'a Fate,
}

impl Event<'_> {
    /// Plays it. Returns whether it failed; an answer that cannot be its own is an error.
    fn play(&self, function: &mut Function, streamed: bool) -> Result<bool, String> {
        let Self { number, word, fate } = self;
        let id = number.to_string();
        let body = format!("{word} <{number}>");
        function.send(match fate {
            Fate::Late | Fate::Hangs => urgent(&id, &body, NEAR),
            _ => event(&id, body.clone()),
        });
        // Waits for exactly two requests: a second answer is found by the next event.
        let request = function.posted();
        let refuse = |what: &str| Err(format!("{what}: {}", start_of(&request)));
        if !request.path.contains(&format!("/invocation/{id}/")) {
            return refuse("another event was answered");
        }
        let broken = !request.trailers.is_empty();
        let right = match (fate, function.receive()) {
            (Fate::Echo, Answer::Response(bytes)) => !broken && bytes == body.as_bytes(),
            (Fate::Bytes(count), Answer::Response(bytes)) => !broken && bytes.len() == *count,
            (Fate::Error(_) | Fate::Late, Answer::Response(_)) => streamed && broken,
            (Fate::Error(types), Answer::Error { error_type, .. }) => types.contains(&&*error_type),
            (Fate::Late, Answer::Error { error_type, .. }) => error_type == LATE,
            (Fate::Own, Answer::Response(bytes)) => {
                broken || bytes.starts_with(format!("<{number}>").as_bytes())
            }
            (Fate::Hangs, Answer::Response(_)) => broken,
            (Fate::Own | Fate::Hangs, Answer::Error { .. }) => true,
            _ => false,
        };
        match right {
            true => Ok(broken || request.path.ends_with("/error")),
            false => refuse("the answer cannot be its own"),
        }
    }
}

/// The start of an answer.
fn start_of(request: &Request) -> String {
    let start = &request.body[..request.body.len().min(300)];
    let (path, trailers) = (&request.path, &request.trailers);
    format!("{path} {trailers:?} {}", String::from_utf8_lossy(start))
}
