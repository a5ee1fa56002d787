//! Handlers that write their response.

use std::borrow::Cow;

use once_cell::race::OnceBox;

use super::live;
use super::writer::Writer;
use crate::error::{Error, kind};
use crate::handler::{Handler, NoResponse};
use crate::invocation::Context;
use crate::panics;
use crate::settings::Endpoint;

/// A handler over bytes that gets a [`Writer`].
pub(crate) struct Stream<F> {
    function: F,
    endpoint: OnceBox<Endpoint>,
}

impl<F> Stream<F> {
    pub(crate) fn new(function: F) -> Self {
        Self {
            function,
            endpoint: OnceBox::new(),
        }
    }

    fn endpoint(&self) -> Result<&Endpoint, Error> {
        self.endpoint.get_or_try_init(|| {
            let endpoint = Endpoint::from_env();
            let endpoint =
                endpoint.map_err(|error| Error::new(kind::CONFIG_INVALID, error.to_string()))?;
            panics::end_streams_by(live::end_all);
            Ok(Box::new(endpoint))
        })
    }
}

impl<S, F> Handler<S> for Stream<F>
where
    F: for<'e> Fn(&'e [u8], &Context<'e, S>, &mut Writer<'_>) -> Result<(), Error> + Send + Sync,
{
    fn call<'e>(
        &self,
        event: &'e [u8],
        context: &Context<'e, S>,
        _: &'e mut Vec<u8>,
    ) -> Result<Cow<'e, [u8]>, NoResponse> {
        let mut writer = Writer::new(self.endpoint()?, context.metadata());
        // Caught here already, because only the writer can end what has begun.
        let result = panics::within_invocation(|| (self.function)(event, context, &mut writer));
        writer.finish(result)
    }
}
