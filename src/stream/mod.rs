//! Response streaming: the caller reads the beginning while the handler makes the rest.
//!
//! A handler that streams is registered with [`Runtime::stream`], and writes its response to a
//! [`Writer`]:
//!
//! ```no_run
//! use std::io::Write;
//! use coldspark::{Runtime, stream::Prelude};
//!
//! Runtime::new()
//!     .stream("countdown", |_event, context, response| {
//!         response.prelude(&Prelude::new(200)?.header("Content-Type", "text/plain")?)?;
//!         for number in (1..=3).rev() {
//!             writeln!(response, "{number}")?;
//!             response.flush()?; // the caller has it now
//!         }
//!         Ok(writeln!(response, "{}", context.request_id())?)
//!     })
//!     .run()
//! ```
//!
//! `examples/stream` is a whole function.
//!
//! - **Errors.** Until the first byte was sent, an error or a panic is reported like any other
//!   handler's. After it the response ends with the trailers
//!   `Lambda-Runtime-Function-Error-Type` and `Lambda-Runtime-Function-Error-Body` (the error's
//!   JSON in Base64); a long message is cut, since trailers have under 4 KB. Lambda still counts
//!   the response as successful. The bytes that the handler wrote before it returned an error are
//!   sent. With `panic=abort` the panic hook sends the trailers of every response that has begun;
//!   only the caller of the handler that panicked gets the text of the panic. A response that a
//!   thread is in the midst of writing, and that nobody reads, is cut after 6 seconds.
//! - **Connection.** Each streamed response has a connection of its own, which is closed after
//!   it, as the guide for custom runtimes asks. The built-in client makes it, also with the feature
//!   `ureq`, since ureq cannot send trailers. If no connection can be made (no descriptor is left,
//!   for example), the event gets the error `Runtime.StreamUnavailable`.
//! - **Memory.** The writer has 16 KiB, whatever the size of the response.
//! - **Size.** Lambda streams up to 200 MB, the first 6 MB as fast as they are read and the rest
//!   at 2 MB/s (developer guide, "Response streaming"). Nothing here stops a handler that writes
//!   more; what Lambda does then is not known, and nothing is promised for it.
//! - **Callers.** Only callers that ask for it get a stream: a function URL or API Gateway in
//!   streaming mode, or `InvokeWithResponseStream`. For others it is collected.
//!
//! [`Runtime::stream`]: crate::Runtime::stream

mod destination;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod handler;
mod live_response;
mod prelude;
mod sending;
mod writer;

pub(crate) use handler::Stream;
#[cfg(feature = "http")]
pub(crate) use prelude::check_status;
#[doc(hidden)]
pub use prelude::{CONTENT_TYPE as HTTP_CONTENT_TYPE, END as PRELUDE_END};
pub use prelude::{InvalidHead, Prelude};
pub use writer::Writer;

/// Sets the content type for bytes that include a prelude, such as those of the layer's workers.
#[doc(hidden)]
pub fn any_content_type(writer: &mut Writer<'_>, value: &str) -> Result<(), InvalidHead> {
    writer.any_content_type(value)
}
