//! As many of what answers events as there are events at a time, each with a log of its own.

use std::sync::{Mutex, MutexGuard, PoisonError};

use coldspark::Error;

/// What answers one event at a time, as often as it is needed.
pub(crate) struct Pool<T> {
    idle: Mutex<Vec<T>>,
    make: Box<Make<T>>,
}

type Make<T> = dyn Fn() -> Result<T, Error> + Send + Sync;

impl<T> Pool<T> {
    /// An empty one; `make` makes what is in it.
    pub(crate) fn new(make: impl Fn() -> Result<T, Error> + Send + Sync + 'static) -> Self {
        Self {
            idle: Mutex::new(Vec::new()),
            make: Box::new(make),
        }
    }

    /// One more.
    pub(crate) fn another(&self) -> Result<T, Error> {
        (self.make)()
    }

    /// Adds one that is waiting for an event.
    pub(crate) fn put(&self, one: T) {
        self.idle().push(one);
    }

    /// Has one answer an event. The one that was busy last comes first, so that few are in use
    /// where few are needed.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&T) -> Result<R, Error>) -> Result<R, Error> {
        let idle = self.idle().pop();
        let one = match idle {
            Some(one) => one,
            None => self.another()?,
        };
        let result = work(&one);
        self.put(one);
        result
    }

    /// Those that wait for an event.
    pub(crate) fn idle(&self) -> MutexGuard<'_, Vec<T>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
