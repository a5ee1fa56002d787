//! The measurements of a running application: its start, warm events, large bodies, a stream, and many
//! events at a time.

use std::time::Duration;

use super::alone::Client;
use super::events;
use super::stacks::Kind;
use super::start::Running;
use crate::api::{Call, Request};
use crate::clock::Moment;
use crate::measure::one::TIMEOUT;
use crate::process;

/// How many events are in hand at the same time.
pub(super) const SEVERAL: usize = 16;
/// How many of them are answered before the time is taken, and how many within it.
const BEFORE: usize = 2 * SEVERAL;
const WITHIN: usize = 20 * SEVERAL;
/// Events, or requests, behind the first one.
const WARM: usize = 20;

/// The times of a start, in microseconds.
pub(super) struct Sample {
    /// From the start of the first process to `next`; nothing for an application alone.
    pub(super) next: Option<f64>,
    /// From there to the first answer.
    pub(super) first: f64,
    /// The part of it in which the application did not compute. On several cores that part is longer.
    pub(super) beside: f64,
    pub(super) warm: Vec<f64>,
    /// Resident memory of the bootstrap or the extension, in kB: all of it, and without the pages of files.
    pub(super) resident_kb: Option<(u64, u64)>,
}

/// Measures the start, the first answer and the warm events behind it.
pub(super) fn start(running: &mut Running<'_>, kind: &Kind) -> Result<Sample, String> {
    if matches!(kind, Kind::Alone) {
        return alone(running);
    }
    let event = events::get("/");
    let mut next = running.expect(&Call::Next)?;
    let mut sample = Sample {
        next: Some(next.at.micros_since(running.started)),
        first: 0.0,
        beside: 0.0,
        warm: Vec::new(),
        resident_kb: None,
    };
    let (_, answered) = invoke(running, &next, &event, events::is_ok)?;
    let computed = process::cpu_micros(running.application()?)?;
    sample.first = answered.micros_since(running.started);
    sample.beside = sample.first - computed;
    for _ in 0..WARM {
        next = running.expect(&Call::Next)?;
        let (sent, answered) = invoke(running, &next, &event, events::is_ok)?;
        sample.warm.push(answered.micros_since(sent));
    }
    running.expect(&Call::Next)?;
    sample.resident_kb = Some(process::resident_kb(running.processes[0])?);
    Ok(sample)
}

fn alone(running: &mut Running<'_>) -> Result<Sample, String> {
    let mut client = Client::connect(running.port, running.processes[0])?;
    let (_, answered) = client.ask()?;
    let computed = process::cpu_micros(running.application()?)?;
    let first = answered.micros_since(running.started);
    let mut sample = Sample {
        next: None,
        first,
        beside: first - computed,
        warm: Vec::new(),
        resident_kb: None,
    };
    for _ in 0..WARM {
        let (sent, answered) = client.ask()?;
        sample.warm.push(answered.micros_since(sent));
    }
    Ok(sample)
}

/// The times of an event with a large body and of one with a large answer, behind a small event.
pub(super) fn large(running: &mut Running<'_>) -> Result<(f64, f64), String> {
    let next = running.expect(&Call::Next)?;
    invoke(running, &next, &events::get("/"), events::is_ok)?;
    let next = running.expect(&Call::Next)?;
    let (sent, answered) = invoke(running, &next, &events::upload(), events::is_ok)?;
    let upload = answered.micros_since(sent);
    let next = running.expect(&Call::Next)?;
    let (sent, answered) = invoke(running, &next, &events::get("/large"), events::is_large)?;
    Ok((upload, answered.micros_since(sent)))
}

/// The time from an event to the first byte of its streamed answer, behind another event.
pub(super) fn stream(running: &mut Running<'_>) -> Result<f64, String> {
    let whole = |response: &[u8]| response.ends_with(b"first-partlast-part");
    let next = running.expect(&Call::Next)?;
    invoke(running, &next, &events::get("/stream"), whole)?;
    let next = running.expect(&Call::Next)?;
    let sent = running.api.send_event(&next, &events::get("/stream"))?;
    let part = running.receive_part(b"first-part")?;
    let response = running.expect(&Call::Response)?;
    if response.at == part {
        return Err("its first part came with the last one".to_owned());
    }
    if !whole(running.api.body(&response)) {
        return Err("the stream is not what the application sent".to_owned());
    }
    running.api.accept_response(&response);
    Ok(part.micros_since(sent))
}

/// The time for an event when so many are in hand at the same time.
pub(super) fn several(running: &mut Running<'_>) -> Result<f64, String> {
    let event = events::get("/");
    let (mut answered, mut begun) = (0, None);
    let until = Moment::now().after(TIMEOUT + Duration::from_secs(10));
    while !until.left().is_zero() {
        let request = running.receive()?;
        match request.call {
            Call::Next => drop(running.api.send_event(&request, &event)?),
            Call::Response => {
                if !events::is_ok(running.api.body(&request)) {
                    return Err("an answer is not the application's".to_owned());
                }
                running.api.accept_response(&request);
                answered += 1;
                if answered == BEFORE {
                    begun = Some(request.at);
                }
                if let Some(begun) = begun.filter(|_| answered == BEFORE + WITHIN) {
                    return Ok(request.at.micros_since(begun) / WITHIN as f64);
                }
            }
            call => return Err(format!("it sent {call:?}")),
        }
    }
    Err(format!("{answered} events were answered in time"))
}

/// Sends an event, and looks at its answer; gives the moments of both.
fn invoke(
    running: &mut Running<'_>,
    next: &Request,
    event: &[u8],
    is_expected: impl Fn(&[u8]) -> bool,
) -> Result<(Moment, Moment), String> {
    let sent = running.api.send_event(next, event)?;
    let response = running.expect(&Call::Response)?;
    let body = running.api.body(&response);
    if !is_expected(body) {
        let begin = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        return Err(format!("its response is not the expected one: {begin}"));
    }
    running.api.accept_response(&response);
    Ok((sent, response.at))
}
