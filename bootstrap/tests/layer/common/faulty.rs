//! Events for handlers that go wrong in every way that a name stands for, drawn at random.
//!
//! A handler is told by its event what to do, `NAME <ID>`, and writes `<ID>` first into whatever it
//! responds: so no response can pass for another event's. `COLDSPARK_SEED` repeats a run.

use std::collections::HashMap;

use coldspark_emulator::script::Request;

use super::Function;
use super::function::{event, thorough, urgent};
use crate::random_kills::{Dice, dice};

/// Something that a handler does, and how often it is drawn.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) weight: u64,
    /// It never answers: its event has a deadline that comes soon.
    pub(crate) hangs: bool,
}

/// One that is answered in some way.
pub(crate) const fn fault(name: &'static str, weight: u64) -> Fault {
    Fault {
        name,
        weight,
        hangs: false,
    }
}

/// One that only the deadline ends.
pub(crate) const fn hang(name: &'static str) -> Fault {
    Fault {
        name,
        weight: 1,
        hangs: true,
    }
}

/// Milliseconds until the deadline of one that hangs.
const SOON: u64 = 300;

/// Plays 2,000 events, 400 of them against static builds in the short form, of which some say `fine`: each has one answer,
/// which is its own, and none keeps the bootstrap beyond its deadline.
#[track_caller]
pub(crate) fn play(mut function: Function, what: &str, faults: &[Fault]) {
    let events = if thorough() { 2000 } else { 400 };
    let mut dice = dice(what);
    let mut seen = HashMap::<&str, [usize; 2]>::new();
    for id in 0..events {
        let fault = draw(&mut dice, faults);
        let body = format!("{} <{id}>", fault.name);
        let name = id.to_string();
        function.send(match fault.hangs {
            true => urgent(&name, &body, SOON),
            false => event(&name, body),
        });
        let answer = function.posted();
        let failed = judge(&answer, id, fault).unwrap_or_else(|what| {
            panic!("{} <{id}>: {what}; the log: {}", fault.name, function.log())
        });
        seen.entry(fault.name).or_default()[usize::from(failed)] += 1;
    }
    function.wait_idle();
    let requests = function.api.requests();
    for id in 0..events {
        let of_event = format!("/invocation/{id}/");
        let answers = requests.iter().filter(|r| r.path.contains(&of_event));
        assert_eq!(answers.count(), 1, "{id}");
    }
    assert_eq!(requests.len(), 2 * events + 1);
    let mut seen: Vec<_> = seen.into_iter().collect();
    seen.sort_unstable();
    println!("responses and errors: {seen:?}");
    let [fine, _] = seen
        .iter()
        .find(|(name, _)| *name == "fine")
        .expect("some")
        .1;
    assert!(fine > events / 10, "{fine} events went well");
}

fn draw<'a>(dice: &mut Dice, faults: &'a [Fault]) -> &'a Fault {
    let mut left = dice.below(faults.iter().map(|fault| fault.weight).sum());
    let drawn = faults.iter().find(|fault| {
        let is_it = left < fault.weight;
        left = left.saturating_sub(fault.weight);
        is_it
    });
    drawn.expect("one of them")
}

/// Whether the event failed; an answer that cannot be its own is an error.
fn judge(answer: &Request, id: usize, fault: &Fault) -> Result<bool, String> {
    let head = format!("{} {:?}", answer.path, answer.trailers);
    if !answer.path.contains(&format!("/invocation/{id}/")) {
        return Err(format!("another event was answered: {head}"));
    }
    if answer.path.ends_with("/error") || !answer.trailers.is_empty() {
        return Ok(true);
    }
    let start = &answer.body[..answer.body.len().min(100)];
    let own = format!("<{id}>");
    if !start.starts_with(own.as_bytes()) {
        return Err(format!("{head} {:?}", String::from_utf8_lossy(start)));
    }
    match fault.hangs {
        true => Err("it was answered".to_owned()),
        false => Ok(false),
    }
}
