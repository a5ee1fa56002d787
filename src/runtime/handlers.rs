//! A new function, its init step, its handlers, and its run.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Runtime;
use crate::error::Error;
use crate::handler::{Json, Owned, Raw};
use crate::invocation::Context;
use crate::log;
use crate::registration::{Init, Registration, Step, run_init};
use crate::run;
use crate::stream::{Stream, Writer};

impl Runtime<()> {
    /// A function without an init step.
    #[must_use]
    pub fn new() -> Self {
        log::use_tracing();
        Self(Registration::new(Step::Done(())))
    }
}

impl Default for Runtime<()> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Runtime<S> {
    /// A function whose init step makes the state that its handlers share
    /// ([`Context::state`]).
    ///
    /// The step runs in the init phase, which ends with the first call for an event. Its error is
    /// reported to Lambda with its type and message, and the process exits with status 1. Lambda
    /// may run init again for the first invocation, so its side effects must be repeatable.
    pub fn with_init(step: impl FnOnce(&Init<'_>) -> Result<S, Error> + 'static) -> Self {
        log::use_tracing();
        let step = Box::new(|init: &Init<'_>| run_init(step, init, log::during_init));
        Self(Registration::new(Step::Pending(step)))
    }

    /// As [`with_init`](Self::with_init), for a program that logs nothing by tracing: the layer.
    #[doc(hidden)]
    pub fn without_tracing(step: impl FnOnce(&Init<'_>) -> Result<S, Error> + 'static) -> Self {
        let step = Box::new(|init: &Init<'_>| run_init(step, init, || ()));
        Self(Registration::new(Step::Pending(step)))
    }

    /// Registers a handler over types of serde: the event is read as JSON, the response written
    /// as JSON.
    ///
    /// An event of another shape is answered with the error `Runtime.InvalidEvent`, which names the place
    /// in the JSON; the next event is then served.
    #[must_use]
    pub fn json<T, R, F>(mut self, name: impl Into<Cow<'static, str>>, handler: F) -> Self
    where
        F: for<'e> Fn(T, &Context<'e, S>) -> Result<R, Error> + Send + Sync + 'static,
        T: DeserializeOwned + 'static,
        R: Serialize + 'static,
        S: 'static,
    {
        self.0.add(name.into(), Box::new(Json::new(handler)));
        self
    }

    /// Registers a handler over bytes. What it borrows from the event is not copied.
    ///
    /// ```no_run
    /// coldspark::Runtime::new().raw("upper", |event, _| Ok(event.to_ascii_uppercase().into())).run()
    /// ```
    #[must_use]
    pub fn raw<F>(mut self, name: impl Into<Cow<'static, str>>, handler: F) -> Self
    where
        F: for<'e> Fn(&'e [u8], &Context<'e, S>) -> Result<Cow<'e, [u8]>, Error>
            + Send
            + Sync
            + 'static,
        S: 'static,
    {
        self.0.add(name.into(), Box::new(Raw(handler)));
        self
    }

    /// Registers a handler over bytes that owns its response: a `Vec<u8>`, a `String`, or another type that
    /// converts to bytes.
    ///
    /// ```no_run
    /// use coldspark::{Context, Error, Runtime};
    ///
    /// fn reverse(event: &[u8], _: &Context<'_>) -> Result<Vec<u8>, Error> {
    ///     Ok(event.iter().rev().copied().collect())
    /// }
    ///
    /// fn main() {
    ///     Runtime::new().bytes("reverse", reverse).run()
    /// }
    /// ```
    #[must_use]
    pub fn bytes<R, F>(mut self, name: impl Into<Cow<'static, str>>, handler: F) -> Self
    where
        F: for<'e> Fn(&'e [u8], &Context<'e, S>) -> Result<R, Error> + Send + Sync + 'static,
        R: Into<Vec<u8>> + 'static,
        S: 'static,
    {
        self.0.add(name.into(), Box::new(Owned(handler)));
        self
    }

    /// Registers a handler over HTTP requests and responses: events of API Gateway (payload format
    /// 1.0 and 2.0), function URLs, Application Load Balancers and VPC Lattice, each answered in its own form
    /// ([`http`](mod@crate::http)). Needs the feature `http`.
    ///
    /// A request that HTTP does not allow (a header with a line end, say) is answered with status
    /// 400, and the handler is not called; so is one that [`RequestExt`](crate::http::RequestExt)
    /// cannot read, with 400 or 415. Another event, or one with invalid Base64, is answered
    /// with the error `Runtime.InvalidEvent`; a response that cannot be sent with
    /// `Runtime.InvalidResponse`, or `Function.ResponseSizeTooLarge`. The client sees any error of
    /// a handler as status 502 of the front end.
    ///
    /// ```no_run
    /// use coldspark::http::{Response, header};
    ///
    /// coldspark::Runtime::new()
    ///     .http("web", |request, _| {
    ///         let text = format!("{} {}", request.method(), request.uri());
    ///         Ok(Response::builder()
    ///             .header(header::CONTENT_TYPE, "text/plain")
    ///             .body(text)?)
    ///     })
    ///     .run()
    /// ```
    #[cfg(feature = "http")]
    #[must_use]
    pub fn http<R, F>(mut self, name: impl Into<Cow<'static, str>>, handler: F) -> Self
    where
        F: for<'e> Fn(::http::Request<crate::http::Body>, &Context<'e, S>) -> Result<R, Error>
            + Send
            + Sync
            + 'static,
        R: crate::http::IntoResponse + 'static,
        S: 'static,
    {
        self.0
            .add(name.into(), Box::new(crate::http::Http(handler)));
        self
    }

    /// Registers a handler over bytes that writes its response while the caller reads it.
    /// [`stream`](crate::stream) has an example.
    #[must_use]
    pub fn stream<F>(mut self, name: impl Into<Cow<'static, str>>, handler: F) -> Self
    where
        F: for<'e> Fn(&'e [u8], &Context<'e, S>, &mut Writer<'_>) -> Result<(), Error>
            + Send
            + Sync
            + 'static,
        S: 'static,
    {
        self.0.add(name.into(), Box::new(Stream(handler)));
        self
    }

    /// Sets the fallback handler over bytes, for an unknown name in `_HANDLER`; that name is in
    /// [`Init::handler`].
    ///
    /// ```no_run
    /// coldspark::Runtime::with_init(|init| Ok(init.handler().to_owned()))
    ///     .any(|_, context| Ok(context.state().clone().into_bytes().into()))
    ///     .run()
    /// ```
    #[must_use]
    pub fn any<F>(mut self, handler: F) -> Self
    where
        F: for<'e> Fn(&'e [u8], &Context<'e, S>) -> Result<Cow<'e, [u8]>, Error>
            + Send
            + Sync
            + 'static,
        S: 'static,
    {
        self.0.fallback = Some(Box::new(Raw(handler)));
        self
    }

    /// Sets a fallback handler that streams its response. The last fallback handler that is set counts.
    #[must_use]
    pub fn any_stream<F>(mut self, handler: F) -> Self
    where
        F: for<'e> Fn(&'e [u8], &Context<'e, S>, &mut Writer<'_>) -> Result<(), Error>
            + Send
            + Sync
            + 'static,
        S: 'static,
    {
        self.0.fallback = Some(Box::new(Stream(handler)));
        self
    }

    /// Runs the function: never returns, and exits with status 1 when it cannot go on.
    ///
    /// Until the first event it reads the environment without std's lock: a thread that was
    /// started earlier must not change it meanwhile (which is `unsafe` in any case).
    #[inline]
    pub fn run(self) -> ! {
        run::run(self.0)
    }
}
