//! Replaces `spans` without the feature `spans`: spans are not shown.

use tracing::Event;
use tracing::span::{Attributes, Id, Record};

pub(super) fn of(_: &Event<'_>) -> [u8; 0] {
    []
}

#[cfg(feature = "log")]
pub(super) fn of_thread() -> [u8; 0] {
    []
}

pub(super) fn new(_: &Attributes<'_>) -> Id {
    Id::from_u64(1)
}

pub(super) fn record(_: &Id, _: &Record<'_>) {}

pub(super) fn enter(_: &Id) {}

pub(super) fn exit(_: &Id) {}

pub(super) fn clone(_: &Id) {}

pub(super) fn close(_: &Id) -> bool {
    false
}
