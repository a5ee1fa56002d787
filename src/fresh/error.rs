//! Why a value was not made.

use std::fmt;
use std::io;
use std::panic::Location;

/// Why no unique value was made. `?` turns it into the error of a handler, an init step or a
/// hook.
///
/// ```
/// use coldspark::fresh::{self, FreshError};
///
/// match fresh::uuid_v4() {
///     Ok(id) => println!("{id}"),
///     Err(FreshError::InInitPhase { place, .. }) => println!("too early, at {place}"),
///     Err(error) => println!("{error}"),
/// }
/// ```
#[non_exhaustive]
pub enum FreshError {
    /// The call came in the init phase of a SnapStart function: the value would be in the
    /// snapshot, and the same in every environment.
    InInitPhase {
        /// The function that was called, such as `fresh::uuid_v4`.
        call: &'static str,
        /// Where it was called.
        place: &'static Location<'static>,
    },
    /// The kernel's generator failed; the other sources alone do not suffice.
    Kernel(io::Error),
}

impl fmt::Display for FreshError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InInitPhase { call, place } => write!(
                f,
                "{call} was called in the init phase, at {place}: the value would be in the \
                 SnapStart snapshot, and the same in every environment; call it in the handler \
                 or in an after-restore hook, or keep the value in a fresh::PerRestore"
            ),
            Self::Kernel(error) => write!(f, "the kernel gave no random bytes: {error}"),
        }
    }
}

/// As [`Display`](fmt::Display), so that the panic of an `unwrap` names place and fix too.
impl fmt::Debug for FreshError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for FreshError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::InInitPhase { .. } => None,
            Self::Kernel(error) => Some(error),
        }
    }
}
