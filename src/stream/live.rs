//! The streamed responses that have begun and not ended.
//!
//! Whatever ends the process has to end them first: a caller cannot tell a response that just
//! stops from one that is whole.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use crate::api::StreamedResponse;
use crate::error::Error;
use crate::sys;

/// How often in all, and with which pauses in milliseconds, it is tried to end responses that
/// threads are writing to: 100 ms, of the 300 that Lambda gives a shutdown.
const TRIES: u32 = 20;
const PAUSE: u32 = 5;

static LIVE: Mutex<Vec<Arc<Live>>> = Mutex::new(Vec::new());

/// A response that has begun.
pub(super) struct Live {
    request_id: String,
    /// None once it has ended.
    response: Mutex<Option<StreamedResponse>>,
}

impl Live {
    pub(super) fn new(request_id: &str, response: StreamedResponse) -> Arc<Self> {
        let live = Arc::new(Self {
            request_id: request_id.to_owned(),
            response: Mutex::new(Some(response)),
        });
        all().push(Arc::clone(&live));
        live
    }

    /// Sends both parts; false when they are not taken.
    pub(super) fn send(&self, parts: [&[u8]; 2]) -> bool {
        let mut response = self.response();
        response
            .as_mut()
            .is_some_and(|response| response.send(parts))
    }

    /// Whoever takes it has to end it; None when that has been done.
    pub(super) fn take(&self) -> Option<StreamedResponse> {
        all().retain(|other| !std::ptr::eq(&raw const **other, self));
        self.response().take()
    }

    fn response(&self) -> MutexGuard<'_, Option<StreamedResponse>> {
        self.response.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn all() -> MutexGuard<'static, Vec<Arc<Live>>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends every response with this error in its trailers; says whether that of this request was one
/// of them. One whose reader keeps a thread waiting is left as it is.
pub(super) fn end_all(error: &Error, request_id: &str) -> bool {
    let mut found = false;
    let live = std::mem::take(&mut *all());
    let mut tries = TRIES;
    for one in live {
        found |= one.request_id == request_id;
        loop {
            match one.response.try_lock() {
                Ok(mut response) => {
                    if let Some(response) = response.take() {
                        // The process ends whatever the answer is.
                        let _ = response.end(&[], Some(error));
                    }
                    break;
                }
                Err(TryLockError::Poisoned(_)) => break,
                Err(TryLockError::WouldBlock) if tries == 0 => break,
                Err(TryLockError::WouldBlock) => {
                    tries -= 1;
                    sys::pause(PAUSE);
                }
            }
        }
    }
    found
}
