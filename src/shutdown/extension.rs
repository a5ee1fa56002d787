//! The internal extension of a function with shutdown hooks, without which Lambda ends its
//! environment by SIGKILL.

use std::sync::{Mutex, PoisonError};

use crate::api::Extension;
use crate::log;
use crate::settings::Endpoint;
use crate::slots::SHUTDOWN;

static EXTENSION: Mutex<Option<Extension>> = Mutex::new(None);

/// Registers the extension at the end of the init phase. After a restore it is called again, and lets the
/// extension wait on a new connection.
pub(crate) fn register(endpoint: &'static Endpoint) {
    if !SHUTDOWN.registers_extension() {
        return;
    }
    let mut place = EXTENSION.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(extension) = &mut *place {
        return extension.ask_again();
    }
    match Extension::register(endpoint) {
        Ok(extension) => *place = Some(extension),
        Err(error) => log::warn(format_args!(
            "no extension was registered, and without one Lambda ends the environment without \
             notice: the shutdown hooks may not run: {error}"
        )),
    }
}
