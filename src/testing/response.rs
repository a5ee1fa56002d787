//! The response of a handler under test.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::handler::Outcome;
use crate::slots::{COLLECTOR, Collect, Collector};
use crate::stream::{Prelude, Writer};

/// The response of a handler, streamed or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    content_type: Option<String>,
    prelude: Option<Prelude>,
    chunks: Vec<Vec<u8>>,
    error: Option<Error>,
}

impl Response {
    pub(super) fn whole(body: Vec<u8>) -> Self {
        Self {
            chunks: vec![body],
            ..Self::default()
        }
    }

    /// The bytes of the response, without the prelude.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        self.chunks.concat()
    }

    /// The response as text.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn text(&self) -> Result<String, Error> {
        Ok(String::from_utf8(self.body())?)
    }

    /// The response read as JSON.
    ///
    /// # Errors
    /// When it is not JSON, or of another shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Ok(serde_json::from_slice(&self.body())?)
    }

    /// The pieces that were sent: one for each flush, and for each 16 KiB. A response without a stream is one
    /// piece.
    #[must_use]
    pub fn chunks(&self) -> &[Vec<u8>] {
        &self.chunks
    }

    /// The `Content-Type` of a streamed response; `None` for another.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The prelude of a streamed response, if it has one.
    #[must_use]
    pub fn prelude(&self) -> Option<&Prelude> {
        self.prelude.as_ref()
    }

    /// The error that came after a part of the response was sent, which goes into the trailers.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }
}

/// Calls a handler that streams, and returns what it has written.
///
/// ```
/// use coldspark::stream::{Prelude, Writer};
/// use coldspark::{Context, Error, testing};
/// use std::io::Write;
///
/// fn lines<'e>(event: &'e [u8], _: &Context<'e>, response: &mut Writer<'_>) -> Result<(), Error> {
///     response.prelude(&Prelude::new(200)?.header("Content-Type", "text/plain")?)?;
///     for line in event.split(|byte| *byte == b',') {
///         response.write_all(line)?;
///         response.flush()?; // the caller has it now
///     }
///     Err(Error::new("Lines.End", "no more lines"))
/// }
///
/// let context = testing::context().build();
/// let response = testing::collect(|writer| lines(b"a,b", &context, writer))?;
/// assert_eq!(response.prelude().unwrap().status(), 200);
/// assert_eq!(response.chunks(), [b"a", b"b"]);
/// assert_eq!(response.error().unwrap().error_type(), "Lines.End");
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// The error of the handler, if it came before anything was sent.
pub fn collect(
    handler: impl FnOnce(&mut Writer<'_>) -> Result<(), Error>,
) -> Result<Response, Error> {
    let collected = Arc::new(Collected::default());
    let context = super::context().build();
    let mut writer = Writer::collecting(Arc::clone(&collected) as _, *context);
    let result = handler(&mut writer);
    match writer.finish(result, &|_| {})? {
        Outcome::Response(body) => Ok(Response::whole(body.into_owned())),
        Outcome::Streamed(_) => Ok(collected.take()),
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Collected>>> = const { RefCell::new(None) };
}

fn current() -> Option<Arc<dyn Collect>> {
    CURRENT.with_borrow(|current| Some(current.clone()? as _))
}

/// Runs a handler whose stream, if it makes one, is collected.
pub(super) fn collecting<T>(work: impl FnOnce() -> T) -> (T, Response) {
    COLLECTOR.fill(&(current as Collector));
    let collected = Arc::new(Collected::default());
    let outer = CURRENT.replace(Some(Arc::clone(&collected)));
    let result = work();
    CURRENT.set(outer);
    (result, collected.take())
}

/// A response that is being collected.
#[derive(Default)]
struct Collected(Mutex<Response>);

impl Collected {
    fn change(&self, change: impl FnOnce(&mut Response)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn take(&self) -> Response {
        let mut response = Response::default();
        self.change(|collected| std::mem::swap(collected, &mut response));
        let announced = response.content_type.as_deref();
        if announced.is_some_and(Prelude::is_announced_by) {
            response.prelude = response.chunks.first_mut().and_then(Prelude::taken_from);
            response.chunks.retain(|chunk| !chunk.is_empty());
        }
        response
    }
}

impl Collect for Collected {
    fn begin(&self, content_type: &str) {
        self.change(|response| response.content_type = Some(content_type.to_owned()));
    }

    fn send(&self, parts: [&[u8]; 2]) {
        let chunk = parts.concat();
        if !chunk.is_empty() {
            self.change(|response| response.chunks.push(chunk));
        }
    }

    fn end(&self, last: &[u8], error: Option<&Error>) {
        self.send([last, &[]]);
        self.change(|response| response.error = error.cloned());
    }
}
