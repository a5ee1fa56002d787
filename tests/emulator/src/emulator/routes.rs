//! Serves the calls of one connection.

use std::net::TcpStream;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::observe::Moment;
use super::outcome::{Init, Outcome};
use super::prelude::Beginning;
use super::refusal::{BAD_MODE, NOT_NOW, Refusal, TOO_LARGE, TRUNCATED, UNANNOUNCED, refuse};
use super::server::{Shared, fresh_id};
use crate::api::{self, Call, error_json, status_json};
use crate::http::{Body, Connection, Fault, Fields, Head, Reply};

/// Serves one connection until it ends.
pub(super) fn connection(shared: &Shared, stream: Arc<TcpStream>, number: usize) {
    let mut connection = Connection::new(stream, number);
    while let Ok(Some(head)) = connection.read_head() {
        let Some(reply) = route(shared, &mut connection, &head) else {
            return;
        };
        let written = connection.write(&reply.to_bytes());
        if head.method == "POST" {
            // Behind the answer, so that waking a caller does not delay it.
            shared.callers.notify_all();
            shared.polls.notify_all();
        }
        if written.is_err() || head.closes() || connection.is_broken() {
            return;
        }
    }
}

/// The answer to one request; `None` when the connection is of no further use.
fn route(shared: &Shared, connection: &mut Connection, head: &Head) -> Option<Reply> {
    let call = Call::of(&head.method, &head.path);
    if matches!(call, Call::Response | Call::Error) {
        return posted(shared, connection, head, call);
    }
    let read = Instant::now();
    connection.invite_body(head).ok()?;
    let body = connection.read_body(head, api::MAX_RESPONSE + 1);
    if body.fault.is_some() || body.size > api::MAX_RESPONSE as u64 {
        return None;
    }
    match call {
        Call::Next => next(shared, connection, read),
        Call::RestoreNext => restore_next(shared, connection),
        Call::InitError | Call::RestoreError => Some(init_error(shared, head, body)),
        Call::Register => Some(register(shared, head, &body)),
        Call::ExtensionNext => extension_next(shared, connection, head, read),
        _ if head.path == "/2018-06-01/ping" => Some(Reply::new(200).body("pong")),
        _ => {
            let message = format!("No such call: {} {}", head.method, head.path);
            Some(json(404, error_json("NotFound", &message)))
        }
    }
}

fn next(shared: &Shared, connection: &Connection, read: Instant) -> Option<Reply> {
    let number = connection.number();
    shared.observe(Moment::NextRead(number), read);
    let mut state = shared.lock();
    let starting = state.init == Init::Starting;
    match state.next_was_called(read) {
        Err(refusal) => return Some(refuse(refusal)),
        Ok(Some(again)) => return Some(again),
        Ok(None) if starting => shared.callers.notify_all(),
        Ok(None) => {}
    }
    loop {
        // An event handed to a client that has gone would be lost.
        if state.stopping || connection.client_is_gone() {
            return None;
        }
        if let Some((id, reply)) = state.hand_out() {
            let sent = Instant::now();
            state.event_was_sent(&id, sent);
            drop(state);
            // For extensions that want to know of invocations.
            shared.polls.notify_all();
            shared.observe(Moment::EventSent(number), sent);
            return Some(reply);
        }
        let woken = shared.polls.wait(state);
        state = woken.unwrap_or_else(PoisonError::into_inner);
    }
}

fn restore_next(shared: &Shared, connection: &Connection) -> Option<Reply> {
    let mut state = shared.lock();
    if state.init != Init::Starting {
        return Some(refuse(NOT_NOW));
    }
    state.at_restore = true;
    shared.callers.notify_all();
    while !state.restored {
        if state.stopping || connection.client_is_gone() {
            return None;
        }
        let woken = shared.polls.wait(state);
        state = woken.unwrap_or_else(PoisonError::into_inner);
    }
    Some(Reply::new(200))
}

/// Takes an extension's registration.
fn register(shared: &Shared, head: &Head, body: &Body) -> Reply {
    let name = head.header(api::EXTENSION_NAME);
    let registered = shared.lock().register(name, &body.bytes, fresh_id());
    match registered {
        Ok(id) => {
            let function = shared.config.function();
            json(200, function.to_string()).header(api::EXTENSION_ID, &id)
        }
        Err(refusal) => refuse(refusal),
    }
}

/// An extension's call for its next event.
fn extension_next(
    shared: &Shared,
    connection: &Connection,
    head: &Head,
    read: Instant,
) -> Option<Reply> {
    let id = head.header(api::EXTENSION_ID);
    let mut state = shared.lock();
    if let Err(refusal) = state.extension_asks(id, read) {
        return Some(refuse(refusal));
    }
    // It may have been the last that the init phase or the next event waited for.
    shared.callers.notify_all();
    shared.polls.notify_all();
    loop {
        if state.stopping || connection.client_is_gone() {
            return None;
        }
        if let Some(event) = id.and_then(|id| state.extensions.take(id)) {
            let reply = json(200, event);
            return Some(reply.header("Lambda-Extension-Event-Identifier", &fresh_id()));
        }
        let woken = shared.polls.wait(state);
        state = woken.unwrap_or_else(PoisonError::into_inner);
    }
}

fn init_error(shared: &Shared, head: &Head, body: Body) -> Reply {
    let outcome = Outcome::InitError {
        json: body.bytes,
        error_type: head.header(api::ERROR_TYPE).map(str::to_owned),
    };
    let accepted = shared.lock().init_failed(outcome);
    if accepted.is_ok() {
        shared.process().kill();
    }
    accept(accepted)
}

/// `response` and `error`.
fn posted(shared: &Shared, connection: &mut Connection, head: &Head, call: Call) -> Option<Reply> {
    let id = api::request_id(&head.path)?;
    let nonce = head.header(api::INVOCATION_ID);
    let mode = head
        .header(api::RESPONSE_MODE)
        .filter(|mode| !mode.is_empty());
    let streamed = call == Call::Response && mode == Some("streaming");
    let allowed = shared.lock().begin_answer(id, nonce);
    connection.invite_body(head).ok()?;
    let sink = shared
        .lock()
        .sink(id)
        .filter(|_| streamed && allowed.is_ok());
    let limit = if streamed {
        api::MAX_STREAM
    } else {
        api::MAX_RESPONSE
    };
    let mut beginning = Beginning::default();
    let kept = if sink.is_some() { 0 } else { limit };
    let mut body = connection.read_body_to(head, kept, &mut |bytes| {
        beginning.add(bytes);
        if let Some(sink) = &sink {
            sink.take(bytes);
        }
    });
    let read = Instant::now();
    let number = connection.number();
    shared.observe(Moment::ResponseRead(number), read);
    if let Err(refusal) = allowed {
        return body.fault.is_none().then(|| refuse(refusal));
    }
    if mode.is_some_and(|mode| mode != "streaming") {
        shared.lock().refuse_everything();
        return Some(refuse(BAD_MODE));
    }
    if call == Call::Error && body.size > limit as u64 {
        // As AWS's emulator does (measured): no reply to it, and 403 to every call that follows.
        shared.lock().refuse_everything();
        return None;
    }
    let refusal = match body.fault.take() {
        None if body.size > limit as u64 => Some((TOO_LARGE, "Function.ResponseSizeTooLarge")),
        None if streamed && !announced(head, &body.trailers) => {
            Some((UNANNOUNCED, "Runtime.UnannouncedTrailer"))
        }
        None => None,
        Some(Fault::Io(_) | Fault::Ended(_) | Fault::Malformed(_) | Fault::Unread) => {
            Some((TRUNCATED, "Runtime.TruncatedResponse"))
        }
    };
    let times = body.times.drain(..);
    let chunks = times.zip(body.chunks.iter().copied()).collect();
    let outcome = match refusal {
        None => outcome(head, call, streamed.then_some(&beginning), body),
        Some((Refusal { status, .. }, error_type)) => Outcome::FunctionError {
            json: error_json(error_type, refused_message(status)),
            error_type: Some(error_type.to_owned()),
        },
    };
    let mut state = shared.lock();
    let accepted = state.end_answer(id, outcome, read, chunks);
    if accepted.is_ok() {
        shared.freeze(&state);
    }
    drop(state);
    match refusal {
        Some((refusal, _)) if accepted.is_ok() => Some(refuse(refusal)),
        _ => Some(accept(accepted)),
    }
}

/// Whether all of these were named in the head.
fn announced(head: &Head, trailers: &Fields) -> bool {
    let names = head.header("trailer").unwrap_or_default();
    let known = |name: &str| {
        let mut names = names.split(',');
        names.any(|known| known.trim().eq_ignore_ascii_case(name))
    };
    trailers.iter().all(|(name, _)| known(name))
}

fn outcome(head: &Head, call: Call, streamed: Option<&Beginning>, body: Body) -> Outcome {
    if call == Call::Error {
        return Outcome::FunctionError {
            json: body.bytes,
            error_type: head.header(api::ERROR_TYPE).map(str::to_owned),
        };
    }
    let content_type = head.header("content-type");
    Outcome::Response {
        body: body.bytes,
        content_type: content_type.map(str::to_owned),
        streamed: streamed.is_some(),
        trailers: body.trailers,
        http_fault: streamed.and_then(|beginning| beginning.fault(content_type)),
    }
}

/// What the caller reads when the platform refused the response.
fn refused_message(status: u16) -> &'static str {
    match status {
        413 => "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        _ => "The response ended before it was complete.",
    }
}

fn accept(result: Result<(), Refusal>) -> Reply {
    match result {
        Ok(()) => json(202, status_json(202)),
        Err(refusal) => refuse(refusal),
    }
}

fn json(status: u16, body: impl Into<Vec<u8>>) -> Reply {
    Reply::new(status)
        .header("Content-Type", "application/json")
        .body(body)
}
