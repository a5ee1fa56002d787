//! A streamed response that has begun and not ended.
//!
//! The thread that ends the process has to end the response first: a caller cannot tell one that just
//! stops from a complete one. So the poller keeps it beside the event in hand.

use std::hint::black_box;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use crate::api::{ApiError, Connected, StreamedResponse};
use crate::error::Error;
use crate::poller::Poller;
use crate::slots::EndStream;
use crate::sys;

/// A response that has begun.
pub(super) struct LiveResponse {
    poller: &'static Poller,
    /// `None` before it begins and after it has ended.
    response: Mutex<Option<StreamedResponse>>,
}

impl LiveResponse {
    /// Begins the response to this event in hand. If another thread answers the event, it waits for the end
    /// of the process.
    pub(super) fn begin(poller: &'static Poller, connected: Connected) -> Arc<Self> {
        let live = Arc::new(Self {
            poller,
            response: Mutex::new(None),
        });
        // A thread that takes the stream over finds it here, and waits for the lock. The compiler must
        // not see that this is the only value: it would link its code into every function.
        let taken = black_box(Arc::<Self>::clone(&live) as Arc<dyn EndStream>);
        poller.set_stream(Some(taken));
        let mut response = live.response();
        match poller.claim_stream() {
            Some(claim) => *response = Some(connected.begin(claim)),
            None => {
                drop(response);
                sys::wait_for_the_end();
            }
        }
        drop(response);
        live
    }

    pub(super) fn give_up_at(&self, until: Option<Duration>) {
        if let Some(response) = &mut *self.response() {
            response.give_up_at(until);
        }
    }

    /// Sends both parts; false when they are not taken.
    pub(super) fn send(&self, parts: [&[u8]; 2]) -> bool {
        let mut response = self.response();
        match &mut *response {
            Some(response) if self.poller.is_streaming() => response.send(parts),
            _ => {
                drop(response);
                sys::wait_for_the_end();
            }
        }
    }

    /// Sends the last bytes, and the error if there is one.
    pub(super) fn end(&self, last: &[u8], error: Option<&Error>) -> Result<(), ApiError> {
        self.poller.end_stream();
        match self.response().take() {
            Some(response) => response.end(last, error),
            None => sys::wait_for_the_end(),
        }
    }

    fn response(&self) -> MutexGuard<'_, Option<StreamedResponse>> {
        self.response.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EndStream for LiveResponse {
    fn end_with(&self, error: &Error) -> bool {
        let mut response = match self.response.try_lock() {
            Ok(response) => response,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return false,
        };
        if let Some(response) = response.take() {
            // The process ends whatever the answer is.
            let _ = response.end(&[], Some(error));
        }
        true
    }
}
