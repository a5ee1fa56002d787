//! Tests of handlers, in the process of `cargo test`: no Runtime API, no socket, no build for
//! Lambda.
//!
//! A handler is a function of an event and a [`Context`](crate::Context): [`context()`] makes one.
//!
//! ```
//! use coldspark::{Context, Error, testing};
//!
//! fn greet(name: String, context: &Context<'_, Vec<String>>) -> Result<String, Error> {
//!     if context.state().contains(&name) {
//!         return Err(Error::new("Visitor.Again", format!("{name} was here")));
//!     }
//!     Ok(format!("Hello, {name}! ({})", context.request_id()))
//! }
//!
//! let known = vec!["Ada".to_owned()];
//! let context = testing::context().request_id("r-1").state(&known).build();
//! assert_eq!(greet("Grace".into(), &context)?, "Hello, Grace! (r-1)");
//! let error = greet("Ada".into(), &context).unwrap_err();
//! assert_eq!(error.error_type(), "Visitor.Again");
//! # Ok::<(), Error>(())
//! ```
//!
//! [`collect`] calls a handler that streams, and returns what it wrote. A [`Function`] is called as Lambda
//! calls it: with the init step, a handler by its name, and an event as bytes.
//!
//! ```
//! use coldspark::{Error, Runtime, testing};
//!
//! fn function() -> Runtime<u64> {
//!     Runtime::with_init(|_| Ok(350))
//!         .json("price", |article: String, context| match article.as_str() {
//!             "rope" => Ok(*context.state()),
//!             _ => Err(Error::new("Article.Unknown", format!("no article {article:?}"))),
//!         })
//! }
//!
//! let function = testing::Function::new(function(), "price")?;
//! assert_eq!(function.call(r#""rope""#)?.body(), b"350");
//! let error = function.call("7").unwrap_err(); // what Lambda tells the caller
//! assert_eq!(error.error_type(), "Runtime.InvalidEvent");
//! # Ok::<(), Error>(())
//! ```
//!
//! A bootstrap that does not call this module does not contain it. `scripts/run-local` of the repository
//! runs the real bootstrap under a local Runtime API.

mod context;
mod function;
mod response;

pub use context::{ContextBuilder, context};
pub use function::{Function, FunctionBuilder};
pub use response::{Response, collect};
