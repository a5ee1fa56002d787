//! The log as a subscriber of tracing, and its own lines for the subscribers of others.
//!
//! Only the slot leads here, and the layer leaves it empty, so it links nothing of this module.

use std::fmt;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, level_filters::LevelFilter};

use super::fields::Fields;
use super::levels::Levels;
use super::line::{self, Line};
use super::{TARGET, spans};
use crate::poller;

/// Makes our subscriber the global one; `false` when the function has set its own, which then stays.
pub(super) fn subscribe(levels: Levels) -> bool {
    tracing::subscriber::set_global_default(Lines { levels }).is_ok()
}

pub(super) fn warn(message: fmt::Arguments<'_>) {
    tracing::warn!(target: TARGET, "{message}");
}

pub(super) fn error(message: fmt::Arguments<'_>) {
    tracing::error!(target: TARGET, "{message}");
}

/// An error that will be reported to Lambda, for the subscriber of the function.
pub(super) fn failure(message: fmt::Arguments<'_>) {
    // A copy: another subscriber may panic, and the panic hook waits for this lock.
    let request_id = poller::event_in_hand().request_id().to_owned();
    if request_id.is_empty() {
        error(message);
    } else {
        tracing::error!(request_id, "{message}");
    }
}

pub(super) struct Lines {
    pub(super) levels: Levels,
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.levels.allow(metadata.target(), *metadata.level())
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.levels.least())
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        spans::new(attributes)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        spans::record(id, values);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::new();
        event.record(&mut fields);
        Line {
            level: line::name(*event.metadata().level()),
            target: match &fields.target {
                Some(target) => target,
                None => event.metadata().target(),
            },
            message: &fields.message,
            fields: fields.others(),
            spans: &spans::of(event),
            error: b"",
        }
        .write();
    }

    fn enter(&self, id: &Id) {
        spans::enter(id);
    }

    fn exit(&self, id: &Id) {
        spans::exit(id);
    }

    fn clone_span(&self, id: &Id) -> Id {
        spans::clone(id);
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        spans::close(&id)
    }

    #[cfg(feature = "spans")]
    fn current_span(&self) -> tracing_core::span::Current {
        spans::current()
    }
}
