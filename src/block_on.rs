//! Futures in handlers that block: one runtime of tokio's for the process.

use std::future::Future;

use once_cell::sync::OnceCell;
use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, error_type};
use crate::invocation::Context;
use crate::registration::Init;
use crate::sys;

static RUNTIME: OnceCell<Runtime> = OnceCell::new();

/// How often a handler gives way before its future is asked for the first time: once until the
/// runtime has looked at its sockets, and once until the tasks that own them have run.
const YIELDS: usize = 2;

fn runtime() -> Result<&'static Runtime, Error> {
    RUNTIME.get_or_try_init(|| Ok(Builder::new_current_thread().enable_all().build()?))
}

impl Init<'_> {
    /// Makes the runtime on which [`Context::block_on`] waits, in the init phase instead of at the
    /// first event, and gives it: for clients that want one around them when they are made. Needs
    /// the feature `tokio`.
    ///
    /// It is the only one of the process, and has no threads (`current_thread`): its tasks run
    /// while a handler waits in `block_on`, and stand still between events.
    ///
    /// # Errors
    /// When the process may not open another descriptor.
    pub fn tokio(&self) -> Result<&'static Runtime, Error> {
        runtime()
    }
}

impl<S> Context<'_, S> {
    /// Waits for a future, until shortly before the deadline of the invocation: an SDK's call in a
    /// handler. Needs the feature `tokio`.
    ///
    /// Before the future is asked, the runtime looks at its connections. A plain `block_on` does
    /// not: a client then takes a connection out of its pool that the server has closed while the
    /// function was idle or frozen, and fails or has to try again.
    ///
    /// ```
    /// # use coldspark::{Context, Error};
    /// # async fn ask() -> std::io::Result<u32> { Ok(1) }
    /// fn handler(_event: (), context: &Context<'_>) -> Result<u32, Error> {
    ///     let answer = context.block_on(ask())?;
    ///     Ok(answer)
    /// }
    /// ```
    ///
    /// # Errors
    /// That of the future. `Function.Timeout` when a tenth of the time that was left, at most 200 ms,
    /// is left: the future is dropped, and the error can still be answered. Without a deadline it
    /// waits without limit.
    ///
    /// # Panics
    /// Within a future that this waits for: a handler that does not block is no place for it.
    pub fn block_on<T, E>(&self, future: impl Future<Output = Result<T, E>>) -> Result<T, Error>
    where
        E: Into<Error>,
    {
        let limit = self.time_to_wait();
        let waiting = async {
            for _ in 0..YIELDS {
                tokio::task::yield_now().await;
            }
            future.await
        };
        let done = runtime()?.block_on(async {
            match limit {
                Some(limit) => tokio::time::timeout(limit, waiting).await.ok(),
                None => Some(waiting.await),
            }
        });
        done.map_or_else(
            || {
                let waited = sys::milliseconds(limit.unwrap_or_default());
                Err(Error::new(
                    error_type::TIMEOUT,
                    format!(
                        "a future was not ready within {waited} ms, shortly before the deadline; \
                         raise the function's timeout, or give the call a shorter one of its own"
                    ),
                ))
            },
            |result| result.map_err(Into::into),
        )
    }
}
