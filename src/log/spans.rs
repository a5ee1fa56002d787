//! tracing's spans: which are open, and which each thread is in.

use std::sync::{Mutex, PoisonError};

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata};
use tracing_core::span::Current;

use super::fields::Fields;
use super::line::fill;
use super::settings::is_json;
use crate::escape;

/// An open span; its place may be used again when it has no handles left.
struct Span {
    metadata: &'static Metadata<'static>,
    /// This span and the spans around it, as a line shows them but without the end: a line only copies the
    /// text. So inner spans do not show fields that are recorded later in an outer span.
    text: Vec<u8>,
    has_fields: bool,
    handles: usize,
}

struct Spans {
    /// The id of a span is its place, counted from 1.
    open: Vec<Span>,
    /// Threads and the spans that they are in, the innermost of each last.
    entered: Vec<(usize, u64)>,
}

static SPANS: Mutex<Spans> = Mutex::new(Spans {
    open: Vec::new(),
    entered: Vec::new(),
});

thread_local! {
    /// Its address tells threads apart.
    static THREAD: u8 = const { 0 };
}

/// No code of the function runs under the lock: fields are encoded before. It is not generic, since each
/// copy of the locking code costs bytes.
#[inline(never)]
fn locked(work: &mut dyn FnMut(&mut Spans, usize)) {
    let thread = THREAD.with(|thread| std::ptr::from_ref(thread) as usize);
    work(
        &mut SPANS.lock().unwrap_or_else(PoisonError::into_inner),
        thread,
    );
}

impl Spans {
    fn get(&mut self, id: u64) -> Option<&mut Span> {
        self.open.get_mut((id as usize).wrapping_sub(1))
    }

    /// The span that the thread is in, or 0.
    fn innermost(&self, thread: usize) -> u64 {
        let entered = self.entered.iter().rev();
        let mut own = entered.filter(|(other, _)| *other == thread);
        own.next().map_or(0, |(_, id)| *id)
    }
}

/// The spans that a new span or an event is in, the outermost first, with `end` behind the last.
fn around(contextual: bool, explicit: Option<&Id>, end: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    locked(&mut |spans, thread| {
        let id = match explicit {
            Some(id) => id.into_u64(),
            None if contextual => spans.innermost(thread),
            None => 0,
        };
        if let Some(span) = spans.get(id) {
            fill(&mut text, b"\0\x01", &[&span.text, end]);
        }
    });
    text
}

/// The spans that this thread is in, as a line shows them.
#[cfg(feature = "log")]
pub(super) fn of_thread() -> Vec<u8> {
    around(true, None, line_end())
}

/// The spans that an event is in, as its line shows them.
pub(super) fn of(event: &Event<'_>) -> Vec<u8> {
    around(event.is_contextual(), event.parent(), line_end())
}

fn line_end() -> &'static [u8] {
    if is_json() { b"}}" } else { b"}:" }
}

pub(super) fn new(attributes: &Attributes<'_>) -> Id {
    let (end, begin): (&[u8], &[u8]) = if is_json() {
        (b"}},", b"{\"name\":\"\0\",\"fields\":{\n\x01")
    } else {
        (b"}: ", b"\0{\n\x01")
    };
    let mut text = around(attributes.is_contextual(), attributes.parent(), end);
    let mut fields = Fields::of_span();
    attributes.record(&mut fields);
    let mut name = Vec::new();
    escape::append(&mut name, attributes.metadata().name(), fields.form);
    fill(&mut text, begin, &[&name, fields.others()]);
    let mut place = 0;
    locked(&mut |spans, _| {
        let span = Span {
            metadata: attributes.metadata(),
            text: std::mem::take(&mut text),
            has_fields: !fields.others.is_empty(),
            handles: 1,
        };
        let free = spans.open.iter().position(|span| span.handles == 0);
        place = free.unwrap_or(spans.open.len());
        match spans.open.get_mut(place) {
            Some(free) => *free = span,
            None => spans.open.push(span),
        }
    });
    Id::from_u64(place as u64 + 1)
}

pub(super) fn record(id: &Id, values: &Record<'_>) {
    let mut fields = Fields::of_span();
    values.record(&mut fields);
    locked(&mut |spans, _| {
        if let Some(span) = spans.get(id.into_u64()) {
            // A field may be recorded without a value, such as `None`.
            let added = if span.has_fields {
                &fields.others
            } else {
                fields.others()
            };
            span.text.extend_from_slice(added);
            span.has_fields |= !added.is_empty();
        }
    });
}

pub(super) fn enter(id: &Id) {
    locked(&mut |spans, thread| spans.entered.push((thread, id.into_u64())));
}

pub(super) fn exit(id: &Id) {
    locked(&mut |spans, thread| {
        let pair = (thread, id.into_u64());
        if let Some(place) = spans.entered.iter().rposition(|other| *other == pair) {
            spans.entered.remove(place);
        }
    });
}

pub(super) fn clone(id: &Id) {
    locked(&mut |spans, _| {
        if let Some(span) = spans.get(id.into_u64()) {
            span.handles += 1;
        }
    });
}

/// A handle was dropped; true if it was the last one.
pub(super) fn close(id: &Id) -> bool {
    let mut last = false;
    locked(&mut |spans, _| {
        if let Some(span) = spans.get(id.into_u64()) {
            span.handles -= 1;
            last = span.handles == 0;
        }
    });
    last
}

pub(super) fn current() -> Current {
    let mut current = Current::none();
    locked(&mut |spans, thread| {
        let id = spans.innermost(thread);
        if let Some(span) = spans.get(id) {
            current = Current::new(Id::from_u64(id), span.metadata);
        }
    });
    current
}
