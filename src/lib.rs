//! coldspark: an AWS Lambda runtime that starts as fast as the machine allows.
//!
//! A function links this library and ships one static `bootstrap` for `provided.al2023`, on
//! x86_64 or arm64. It polls the Runtime API with a blocking client, and what starting does not
//! need is not touched before the first event.
//!
//! ```no_run
//! use coldspark::Runtime;
//! use serde_json::{Value, json};
//!
//! fn main() {
//!     Runtime::new()
//!         .json("hello", |event: Value, context| {
//!             Ok(json!({ "got": event, "request": context.request_id() }))
//!         })
//!         .run()
//! }
//! ```
//!
//! The flow, one direction:
//!
//! ```text
//! environment -> Settings -> init (choose the handler, run the init step)
//!     -> [SnapStart: before-snapshot hooks, restore/next, after-restore hooks]
//!     -> loop: next -> decode -> handler -> encode -> response | error
//! ```
//!
//! From the bottom up: `sys` has the system calls and all unsafe code, `settings` reads the
//! environment, `client` makes one exchange, `invocation` and `error` are what a handler meets,
//! `api` knows the Runtime API, `log` writes lines, `panics` reports what handlers did not
//! catch, `handler` turns events into responses, `fresh` makes what a snapshot must not multiply,
//! `snapshot` is the part around the snapshot, `shutdown` the one after SIGTERM, `runtime` is what
//! a function registers, `run` is the loop, and `concurrency` has several of them.
//!
//! Features: `mimalloc` (default) puts mimalloc behind the start-up arena of [`Allocator`];
//! `ureq` polls with ureq instead of the built-in client.
//!
//! What it does not do: no asynchronous handlers, and no response streaming yet.

mod api;
mod client;
mod concurrency;
mod error;
pub mod fresh;
mod handler;
mod invocation;
mod log;
mod panics;
mod run;
mod runtime;
mod settings;
mod shutdown;
mod snapshot;
mod sys;

pub use error::Error;
pub use invocation::Context;
pub use runtime::{Init, Runtime};
pub use sys::arena::Allocator;
