//! Handlers that write their response.

use super::writer::Writer;
use crate::error::{Error, error_type};
use crate::handler::{self, Handler, Outcome};
use crate::invocation::{Context, Metadata};
use crate::poller;
use crate::{panics, settings, slots};

/// A handler over bytes that gets a [`Writer`].
pub(crate) struct Stream<F>(pub(crate) F);

impl<S: 'static, F> Handler<S> for Stream<F>
where
    F: for<'e> Fn(&'e [u8], &Context<'e, S>, &mut Writer<'_>) -> Result<(), Error> + Send + Sync,
{
    fn call<'e>(
        &self,
        event: &'e [u8],
        context: &Context<'e, S>,
        _: &'e mut Vec<u8>,
    ) -> Result<Outcome<'e>, Error> {
        let mut writer = match settings::endpoint() {
            Some(endpoint) => Writer::new(endpoint, poller::mine(), context.metadata()),
            None => in_a_test(context.metadata())?,
        };
        // Caught here, because only the writer can end a response that has begun.
        let result = panics::within_invocation(|| (self.0)(event, context, &mut writer));
        writer.finish(result, &|result| handler::before_answer(context, result))
    }

    /// The kept connection, and one for the response.
    fn connections(&self) -> usize {
        2
    }
}

/// The writer of a handler that is called in a test.
#[cold]
fn in_a_test(metadata: Metadata<'_>) -> Result<Writer<'_>, Error> {
    let collector = slots::COLLECTOR.get().and_then(|collector| collector());
    let collector = collector.ok_or_else(|| {
        Error::new(
            error_type::CONFIG_INVALID,
            "there is no Runtime API to stream to",
        )
    })?;
    Ok(Writer::collecting(collector, metadata))
}
