//! Futures in blocking handlers, on the process's only tokio runtime.

use std::future::Future;

use once_cell::sync::OnceCell;
use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, error_type};
use crate::invocation::Context;
use crate::registration::Init;
use crate::sys;

static RUNTIME: OnceCell<Runtime> = OnceCell::new();

/// How often a handler yields before its future is polled for the first time: once so that the runtime
/// checks its sockets, and once so that the tasks that own them run.
const YIELDS: usize = 2;

fn runtime() -> Result<&'static Runtime, Error> {
    RUNTIME.get_or_try_init(|| Ok(Builder::new_current_thread().enable_all().build()?))
}

impl Init<'_> {
    /// Makes the tokio runtime of [`Context::block_on`] in the init phase instead of at the first event, and
    /// returns it, for clients that must be made within a runtime. It needs the feature `tokio`.
    ///
    /// It is the only tokio runtime of the process, and has no threads (`current_thread`): its tasks run
    /// while a handler waits in `block_on`, and stand still between events.
    ///
    /// # Errors
    /// When the process has no file descriptor left.
    pub fn tokio(&self) -> Result<&'static Runtime, Error> {
        runtime()
    }
}

impl<S> Context<'_, S> {
    /// Waits for a future, such as a call of an SDK, until shortly before the deadline of the invocation. It
    /// needs the feature `tokio`.
    ///
    /// Before the future is polled, the runtime checks its connections. A plain `block_on` does not: a
    /// client then takes from its pool a connection that the server has closed while the function was idle
    /// or frozen, and fails or has to try again.
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
    /// The future's error, or `Function.Timeout` shortly before the deadline (a tenth of the time before, at
    /// most 200 ms): the future is dropped, and the error can still be sent. Without a deadline there is no
    /// limit.
    ///
    /// # Panics
    /// When it is called within a future.
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
