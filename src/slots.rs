//! Slots: functions that lower modules call and upper ones provide.
//!
//! A function should link only the code it uses, and the linker keeps all code that a direct call
//! reaches. So a few calls go through a slot that is empty until the module behind it is used:
//!
//! | slot | filled by | called by | why not called directly |
//! |---|---|---|---|
//! | [`BEFORE_WAIT`] | the layer at its start, if it has one poller; `waiting` when the process ends | `waiting`, before each wait for the Runtime API | only the layer reads logs while it waits; only the end of a process has time limits |
//! | [`BEFORE_UNLIMITED_WAIT`] | `waiting` when the process ends, with what `BEFORE_WAIT` held | `waiting`, on threads without a limit | these threads wait as before while another thread ends the process |
//! | [`EndStream`], in each `poller::Poller` | `stream`, when a response begins | `ending`, by way of `poller` | a function that does not stream does not link streams |
//! | [`SHUTDOWN`] | `shutdown`, if the layer has asked for it | the layer, when it sees SIGTERM | saves the init phase a thread |
//! | [`COLLECTOR`] | `testing`, when it calls a function | `stream`, for a handler without a Runtime API | no bootstrap links tests |
//! | `handler::AROUND_ANSWER` | `answer_hooks`, for a function with hooks around answers | `run`, and `stream` before the end of a response | most functions have no such hooks |
//! | `log::TRACING` | `Runtime`, but not `Runtime::without_tracing`, which the layer calls | `log` | the layer does not use `tracing`: without that code it is 10 KB smaller, and starts sooner |
//! | `sys::abort::set_report` | `log` | the allocator, when a failed allocation aborts | the allocator is below all else |
//! | the features in `registration` | `Runtime` | `run` | features cost only functions that ask for them |

use std::os::fd::BorrowedFd;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Error;
use crate::sys::signal::Termination;
use crate::sys::slot::Slot;

/// A function that is called before a wait. It gets the socket, whether the wait also ends when the socket is
/// writable, and the time since boot at which the wait ends. It may itself wait, if it returns by that time.
pub type BeforeWait = fn(BorrowedFd<'_>, bool, Option<Duration>);

/// Called before every wait for the Runtime API, on the thread that waits.
pub(crate) static BEFORE_WAIT: Slot<BeforeWait> = Slot::empty();
/// Called before the waits of threads that have no limit, while the process ends. It holds the function that
/// [`BEFORE_WAIT`] held before.
pub(crate) static BEFORE_UNLIMITED_WAIT: Slot<BeforeWait> = Slot::empty();

/// Calls `work` before every wait for the Runtime API. Only the first call counts.
pub fn set_before_wait(work: &'static BeforeWait) {
    BEFORE_WAIT.fill(work);
}

/// A streamed response that has begun, for the thread that ends the process.
pub(crate) trait EndStream: Send + Sync {
    /// Ends it with this error in its trailers; false while a thread is in the midst of a write.
    fn end_with(&self, error: &Error) -> bool;
}

/// Receives a streamed response instead of the Runtime API.
pub(crate) trait Collect: Send + Sync + UnwindSafe + RefUnwindSafe {
    /// The response begins.
    fn begin(&self, content_type: &str);
    /// These bytes are sent.
    fn send(&self, parts: [&[u8]; 2]);
    /// The last bytes are sent, and the error if there is one.
    fn end(&self, last: &[u8], error: Option<&Error>);
}

/// Receives the response of the handler that this thread calls in a test.
pub(crate) type Collector = fn() -> Option<Arc<dyn Collect>>;

pub(crate) static COLLECTOR: Slot<Collector> = Slot::empty();

/// The shutdown hooks of a program that polls for SIGTERM in its own waits, as the layer does.
pub(crate) static SHUTDOWN: PolledShutdown = PolledShutdown {
    enabled: AtomicBool::new(false),
    without_extension: AtomicBool::new(false),
    hooks: Mutex::new(None),
};

/// Whether a program polls for SIGTERM, and the hooks that it then runs. In other programs a thread waits for
/// SIGTERM.
pub(crate) struct PolledShutdown {
    enabled: AtomicBool,
    without_extension: AtomicBool,
    hooks: Mutex<Option<(Termination, Hooks)>>,
}

/// Runs the hooks and ends the process.
type Hooks = Box<dyn FnOnce() + Send>;

impl PolledShutdown {
    /// Says, before the init phase ends, that this program polls for SIGTERM.
    pub(crate) fn enable(&self) {
        self.enabled.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }

    /// Whether to register the extension that makes Lambda send SIGTERM.
    pub(crate) fn register_extension(&self, registers: bool) {
        self.without_extension.store(!registers, Ordering::Relaxed);
    }

    pub(crate) fn registers_extension(&self) -> bool {
        !self.without_extension.load(Ordering::Relaxed)
    }

    pub(crate) fn fill(&self, termination: Termination, hooks: Hooks) {
        *self.hooks() = Some((termination, hooks));
    }

    /// A descriptor that is readable when SIGTERM has come; `None` while there are no hooks to run.
    pub(crate) fn readable(&self) -> Option<BorrowedFd<'static>> {
        self.hooks()
            .as_ref()
            .map(|(termination, _)| termination.readable())
    }

    /// The hooks, once.
    pub(crate) fn take(&self) -> Option<Hooks> {
        self.hooks().take().map(|(_, hooks)| hooks)
    }

    fn hooks(&self) -> MutexGuard<'_, Option<(Termination, Hooks)>> {
        self.hooks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
