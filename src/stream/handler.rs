//! Handlers that write their response.

use super::writer::Writer;
use crate::error::{Error, error_type};
use crate::handler::{Handler, Outcome};
use crate::invocation::Context;
use crate::poller;
use crate::{panics, settings};

/// A handler over bytes that gets a [`Writer`].
pub(crate) struct Stream<F>(pub(crate) F);

impl<S, F> Handler<S> for Stream<F>
where
    F: for<'e> Fn(&'e [u8], &Context<'e, S>, &mut Writer<'_>) -> Result<(), Error> + Send + Sync,
{
    fn call<'e>(
        &self,
        event: &'e [u8],
        context: &Context<'e, S>,
        _: &'e mut Vec<u8>,
    ) -> Result<Outcome<'e>, Error> {
        let endpoint = settings::endpoint().ok_or_else(|| {
            Error::new(
                error_type::CONFIG_INVALID,
                "there is no Runtime API to stream to",
            )
        })?;
        let mut writer = Writer::new(endpoint, poller::mine(), context.metadata());
        // Caught here already, because only the writer can end what has begun.
        let result = panics::within_invocation(|| (self.0)(event, context, &mut writer));
        writer.finish(result)
    }

    /// The kept connection, and that of a response.
    fn sockets(&self) -> usize {
        2
    }
}
