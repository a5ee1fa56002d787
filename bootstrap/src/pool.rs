//! The workers or executables that answer events. Each answers one event at a time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use coldspark::Error;

/// Workers or executables, each of which answers one event at a time.
pub(crate) struct Pool<T> {
    idle: Mutex<Vec<T>>,
    make: Box<Make<T>>,
}

type Make<T> = dyn Fn() -> Result<T, Error> + Send + Sync;

impl<T> Pool<T> {
    /// An empty pool; `make` makes its members.
    pub(crate) fn new(make: impl Fn() -> Result<T, Error> + Send + Sync + 'static) -> Self {
        Self {
            idle: Mutex::new(Vec::new()),
            make: Box::new(make),
        }
    }

    /// Makes another member, which is not in the pool yet.
    pub(crate) fn another(&self) -> Result<T, Error> {
        (self.make)()
    }

    /// Adds a member that waits for an event.
    pub(crate) fn put(&self, member: T) {
        self.idle().push(member);
    }

    /// Lends a member to `work`, and makes one if all are busy. The member that was busy last comes first,
    /// so that no more are used than are needed.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&T) -> Result<R, Error>) -> Result<R, Error> {
        let idle = self.idle().pop();
        let member = match idle {
            Some(member) => member,
            None => self.another()?,
        };
        let result = work(&member);
        self.put(member);
        result
    }

    /// The members that wait for an event.
    pub(crate) fn idle(&self) -> MutexGuard<'_, Vec<T>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
