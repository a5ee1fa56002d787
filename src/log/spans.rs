//! tracing's spans: which are open, and which each thread is in.

use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::Metadata;
use tracing::span::{Attributes, Id, Record};
use tracing_core::span::Current;

use super::fields::Fields;
use super::line::add;
use super::settings::json;

struct Span {
    metadata: &'static Metadata<'static>,
    fields: Vec<u8>,
    /// 0 when there is none.
    parent: u64,
    /// Handles to it, and open spans inside it.
    uses: usize,
}

/// The open spans; the id of one is its place, counted from 1. Nothing of a user runs under the
/// lock: fields are encoded before.
static OPEN: Mutex<Vec<Option<Span>>> = Mutex::new(Vec::new());

thread_local! {
    /// The spans that this thread is in, the innermost last.
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

fn open() -> MutexGuard<'static, Vec<Option<Span>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn get(spans: &mut [Option<Span>], id: u64) -> Option<&mut Span> {
    spans.get_mut((id as usize).wrapping_sub(1))?.as_mut()
}

/// The span that this thread is in, or 0.
fn innermost() -> u64 {
    let entered = ENTERED.try_with(|entered| entered.borrow().last().copied());
    entered.ok().flatten().unwrap_or(0)
}

/// The span that a new span or an event is in, or 0.
fn parent(contextual: bool, explicit: Option<&Id>) -> u64 {
    match explicit {
        None if contextual => innermost(),
        explicit => explicit.map_or(0, Id::into_u64),
    }
}

pub(super) fn new(attributes: &Attributes<'_>) -> Id {
    let mut fields = Fields::new();
    attributes.record(&mut fields);
    let parent = parent(attributes.is_contextual(), attributes.parent());
    let mut spans = open();
    if let Some(parent) = get(&mut spans, parent) {
        parent.uses += 1;
    }
    let span = Some(Span {
        metadata: attributes.metadata(),
        fields: fields.others,
        parent,
        uses: 1,
    });
    let index = spans.iter().position(Option::is_none);
    let index = index.unwrap_or(spans.len());
    if index == spans.len() {
        spans.push(span);
    } else {
        spans[index] = span;
    }
    Id::from_u64(index as u64 + 1)
}

pub(super) fn record(id: &Id, values: &Record<'_>) {
    let mut fields = Fields::new();
    values.record(&mut fields);
    if let Some(span) = get(&mut open(), id.into_u64()) {
        if json() && !span.fields.is_empty() && !fields.others.is_empty() {
            span.fields.push(b',');
        }
        span.fields.extend_from_slice(&fields.others);
    }
}

pub(super) fn enter(id: &Id) {
    let _ = ENTERED.try_with(|entered| entered.borrow_mut().push(id.into_u64()));
}

pub(super) fn exit(id: &Id) {
    let _ = ENTERED.try_with(|entered| {
        let mut entered = entered.borrow_mut();
        let place = entered.iter().rposition(|other| *other == id.into_u64());
        if let Some(place) = place {
            entered.remove(place);
        }
    });
}

pub(super) fn clone(id: &Id) {
    if let Some(span) = get(&mut open(), id.into_u64()) {
        span.uses += 1;
    }
}

/// A handle is gone; whether it was the last one.
pub(super) fn close(id: &Id) -> bool {
    let mut spans = open();
    let mut next = id.into_u64();
    while let Some(span) = get(&mut spans, next) {
        span.uses -= 1;
        if span.uses > 0 {
            return next != id.into_u64();
        }
        let closed = next;
        next = span.parent;
        spans[closed as usize - 1] = None;
    }
    true
}

pub(super) fn current() -> Current {
    let id = innermost();
    match get(&mut open(), id) {
        Some(span) => Current::new(Id::from_u64(id), span.metadata),
        None => Current::none(),
    }
}

/// The spans that an event is in, the outermost first, as its line shows them.
pub(super) fn around(contextual: bool, explicit: Option<&Id>) -> Vec<u8> {
    let mut out = Vec::new();
    let id = parent(contextual, explicit);
    if id != 0 {
        write(&mut open(), id, json(), &mut out);
    }
    out
}

fn write(spans: &mut [Option<Span>], id: u64, json: bool, out: &mut Vec<u8>) {
    let Some(parent) = get(spans, id).map(|span| span.parent) else {
        return;
    };
    write(spans, parent, json, out);
    let Some(Span {
        metadata, fields, ..
    }) = get(spans, id)
    else {
        return;
    };
    let name = metadata.name().as_bytes();
    if json {
        let comma: &[u8] = if out.is_empty() { b"" } else { b"," };
        add(out, &[comma, b"{\"name\":\"", name, b"\""]);
        if !fields.is_empty() {
            add(out, &[b",\"fields\":{", fields, b"}"]);
        }
        out.push(b'}');
    } else {
        add(out, &[name, b"{", fields.trim_ascii_start(), b"}: "]);
    }
}
