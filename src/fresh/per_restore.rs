//! A value of each restored environment.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};

use once_cell::sync::OnceCell;

use super::phase;
use crate::error::Error;

/// A value that is made at its first use, and made again at the first use after a restore: an
/// environment's own id, a signing key, a connection, a seed.
///
/// In the init phase of a SnapStart function [`get`](Self::get) is an error, so the value is
/// never in the snapshot. Without SnapStart it is made once.
///
/// ```
/// use coldspark::fresh::{self, PerRestore, Secret};
///
/// static KEY: PerRestore<Secret<32>> = PerRestore::new(|| Ok(Secret::generate()?));
///
/// fn sign(text: &[u8]) -> Result<[u8; 32], coldspark::Error> {
///     Ok(hmac_sha256::HMAC::mac(text, KEY.get()?.expose()))
/// }
/// # assert_eq!(sign(b"a")?, sign(b"a")?);
/// # Ok::<_, coldspark::Error>(())
/// ```
pub struct PerRestore<T> {
    make: fn() -> Result<T, Error>,
    cell: Mutex<Option<Cell<T>>>,
}

/// The value of one restore.
struct Cell<T> {
    restores: u32,
    // Filled without the lock, and by its own restore only: a maker that a snapshot froze halfway
    // fills the old cell, which nobody reads any more.
    value: Arc<OnceCell<Arc<T>>>,
}

impl<T> PerRestore<T> {
    /// A value that `make` makes when it is first asked for; suits a `static`.
    #[must_use]
    pub const fn new(make: fn() -> Result<T, Error>) -> Self {
        Self {
            make,
            cell: Mutex::new(None),
        }
    }

    /// The value of this restore, made now if this is the first use. Of several threads one
    /// makes it, the others wait.
    ///
    /// Do not keep it across a restore: ask again at each event, which costs about as much as
    /// locking a mutex. `make` must not ask for the value that it makes.
    ///
    /// # Errors
    /// In the init phase of a SnapStart function, and when `make` fails; the next call then
    /// tries again.
    #[track_caller]
    pub fn get(&self) -> Result<Arc<T>, Error> {
        phase::check("fresh::PerRestore::get", Location::caller())?;
        self.of(phase::restore_count())
    }

    fn of(&self, restores: u32) -> Result<Arc<T>, Error> {
        let value = self.cell(restores);
        let made = value.get_or_try_init(|| (self.make)().map(Arc::new))?;
        Ok(Arc::clone(made))
    }

    fn cell(&self, restores: u32) -> Arc<OnceCell<Arc<T>>> {
        let mut cell = self.cell.lock().unwrap_or_else(PoisonError::into_inner);
        match &*cell {
            Some(cell) if cell.restores == restores => Arc::clone(&cell.value),
            _ => {
                let value = Arc::<OnceCell<_>>::default();
                *cell = Some(Cell {
                    restores,
                    value: Arc::clone(&value),
                });
                value
            }
        }
    }
}

impl<T> fmt::Debug for PerRestore<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerRestore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn a_value_is_made_once_for_each_restore() {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let value = PerRestore::new(|| Ok(MADE.fetch_add(1, Ordering::Relaxed)));
        assert_eq!(MADE.load(Ordering::Relaxed), 0);
        let values: Vec<_> = [0, 0, 1, 1, 2].map(|n| *value.of(n).unwrap()).to_vec();
        assert_eq!(values, [0, 0, 1, 1, 2]);
        assert_eq!(MADE.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn threads_wait_for_the_one_that_makes_it() {
        static MADE: AtomicU32 = AtomicU32::new(0);
        static VALUE: PerRestore<u32> = PerRestore::new(|| {
            std::thread::sleep(std::time::Duration::from_millis(20));
            Ok(MADE.fetch_add(1, Ordering::Relaxed))
        });
        let threads = [(); 8].map(|()| std::thread::spawn(|| *VALUE.get().unwrap()));
        for thread in threads {
            assert_eq!(thread.join().unwrap(), 0);
        }
    }

    #[test]
    fn a_maker_that_failed_is_asked_again() {
        static CALLS: AtomicU32 = AtomicU32::new(0);
        let value = PerRestore::new(|| match CALLS.fetch_add(1, Ordering::Relaxed) {
            0 => Err(Error::new("Key.Missing", "not yet")),
            call => Ok(call),
        });
        assert_eq!(value.get().unwrap_err().error_type(), "Key.Missing");
        assert_eq!(*value.get().unwrap(), 1);
        assert_eq!(*value.get().unwrap(), 1);
    }

    #[test]
    fn an_old_value_goes_when_its_holders_go() {
        let value = PerRestore::new(|| Ok(String::from("made")));
        let old = value.of(0).unwrap();
        let weak = Arc::downgrade(&old);
        let _new = value.of(1).unwrap();
        assert!(weak.upgrade().is_some());
        drop(old);
        assert!(weak.upgrade().is_none());
    }
}
