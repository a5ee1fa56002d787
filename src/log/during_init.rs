//! The log while the init step runs, which may set a subscriber of its own.
//!
//! tracing accepts one global subscriber, and the step may set it. So ours is only the subscriber of the
//! step's thread, and is removed when the step makes another. For that tracing needs its feature `std`,
//! which is on by default and which `tracing-subscriber` enables; this library does not enable it, since
//! it is 17 KB of code. Without it ours becomes the global subscriber before the step.

use std::any::Any;
use std::cell::RefCell;
use std::mem::ManuallyDrop;

use tracing::dispatcher::{self, Dispatch};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, level_filters::LevelFilter};

use super::levels;
use super::subscriber::Lines;

thread_local! {
    /// The guard that keeps ours the subscriber of the thread that runs the init step. It has no destructor
    /// at the thread's end, which would bring pthread_key_create(3) and malloc(3) into each start.
    static GUARD: RefCell<ManuallyDrop<Option<Box<dyn Any>>>> =
        const { RefCell::new(ManuallyDrop::new(None)) };
}

/// Starts the log of the init step: our subscriber writes it, if there is no other.
pub(crate) fn during_init() -> InitLog {
    #[cfg(feature = "log")]
    super::records::install();
    if !dispatcher::has_been_set() {
        let (levels, _) = levels::read();
        let ours = Dispatch::new(InitSubscriber(Lines { levels }));
        let guard = set_for_this_thread(&ours);
        GUARD.with(|place| **place.borrow_mut() = Some(guard));
    }
    InitLog
}

/// Calls tracing's `set_default` if it has one, and the function below otherwise: a name that is
/// imported within a block comes before the same name outside.
fn set_for_this_thread(ours: &Dispatch) -> Box<dyn Any> {
    #[allow(unused_imports)]
    use tracing::dispatcher::*;
    Box::new(set_default(ours))
}

/// Replaces tracing's function of this name where its feature `std` is off.
#[allow(dead_code)]
fn set_default(_: &Dispatch) -> Global {
    super::install();
    Global
}

/// Our subscriber became the global one, and stays.
#[allow(dead_code)]
struct Global;

/// The log of the init step, which stops when the value is dropped.
pub(crate) struct InitLog;

impl Drop for InitLog {
    fn drop(&mut self) {
        stop();
    }
}

/// Removes our subscriber from this thread.
fn stop() {
    let guard = GUARD.with(|place| place.try_borrow_mut().ok()?.take());
    drop(guard);
}

/// Our subscriber, which watches for others.
pub(super) struct InitSubscriber(Lines);

impl Subscriber for InitSubscriber {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata)
    }

    /// tracing calls it on every subscriber when there is a new one.
    fn max_level_hint(&self) -> Option<LevelFilter> {
        // Not while this thread is within a subscriber, which cannot be removed then.
        let is_ours = dispatcher::get_default(|current| current.is::<Self>());
        if is_ours {
            stop();
        }
        self.0.max_level_hint()
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        self.0.new_span(attributes)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        self.0.record(id, values);
    }

    fn record_follows_from(&self, id: &Id, follows: &Id) {
        self.0.record_follows_from(id, follows);
    }

    fn event(&self, event: &Event<'_>) {
        self.0.event(event);
    }

    fn enter(&self, id: &Id) {
        self.0.enter(id);
    }

    fn exit(&self, id: &Id) {
        self.0.exit(id);
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.0.clone_span(id)
    }

    fn try_close(&self, id: Id) -> bool {
        self.0.try_close(id)
    }

    #[cfg(feature = "spans")]
    fn current_span(&self) -> tracing_core::span::Current {
        self.0.current_span()
    }
}
