//! An AWS Lambda runtime whose functions start as fast as the machine allows.
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
//! # Guides
//!
#![cfg_attr(
    doc,
    doc = "[how to write a function](guide::rust), [cold starts](guide::cold_start), \
           [AWS from a function](guide::aws), [migration from other runtimes](guide::migration), \
           [troubleshooting](guide::troubleshooting), [comparison](guide::comparison)."
)]
//!
//! # What to use
//!
//! | I want to | item |
//! |---|---|
//! | answer JSON events with types of serde | [`Runtime::json`] |
//! | answer bytes without a copy | [`Runtime::raw`] |
//! | answer HTTP events with the types of the `http` crate | `Runtime::http` (feature `http`) |
//! | write the response while the caller reads it | [`Runtime::stream`], [`stream::Writer`] |
//! | answer batches of SQS, Kinesis or DynamoDB record by record | [`batch`] |
//! | read files or connect once, before the first event | [`Runtime::with_init`], [`Init`] |
//! | know the deadline, the ids or the trace of an event | [`Context`] |
//! | fail with a type and a message | [`Error`] |
//! | make ids and secrets that a SnapStart snapshot does not multiply | [`fresh`] |
//! | do something once, although events come again | [`fresh::idempotency_key`] |
//! | close and open again around a SnapStart snapshot | [`Runtime::before_snapshot`], [`Runtime::after_restore`] |
//! | write out what is in memory before each answer, or after it | [`Runtime::before_answer`], [`Runtime::after_answer`] |
//! | write out what is in memory before the environment ends | [`Runtime::on_shutdown`] |
//! | serve several events at a time, on Lambda Managed Instances | [`Runtime::concurrent`] |
//! | call DynamoDB, SQS, Secrets Manager and other services | `aws` (feature `aws`) |
//! | wait for what the official AWS SDK returns | `Context::block_on` (feature `tokio`) |
//! | answer HTTP events with an axum `Router` or another service of tower | `Context::serve` (feature `tower`) |
//! | count and measure, in CloudWatch's embedded metric format | [`metrics`] |
//! | start without std's start-up, for the smallest bootstrap | [`main!`] |
//! | test a handler or a whole function, without Lambda | [`testing`] |
//! | log | `tracing`, or `log` with the feature `log`; see below |
//!
//! # Logs
//!
//! What a function logs with tracing is a line on standard error, with the ids of the invocation
//! that the thread serves. `AWS_LAMBDA_LOG_FORMAT=JSON` makes it an object:
//!
//! ```
//! let order = tracing::info_span!("order", id = 7);
//! let _entered = order.enter();
//! tracing::info!(pieces = 3, "accepted");
//! // {"timestamp":"2026-03-01T12:34:56.789Z","level":"INFO","requestId":"8f50...",
//! //  "message":"accepted","target":"shop","fields":{"pieces":3},
//! //  "spans":[{"name":"order","fields":{"id":7}}]}
//! ```
//!
//! In text it is `INFO shop: order{id=7}: accepted pieces=3 request_id=8f50...`. Lines below
//! `AWS_LAMBDA_LOG_LEVEL` cost a comparison; with FATAL, which tracing does not have, errors are
//! written. In JSON, errors and panics also have `errorType`, `errorMessage` and `stackTrace`. A
//! span shows the fields of the spans around it that were recorded before it was made.
//!
//! With the feature `log`, records of the `log` crate are such lines too, with their values; in JSON also
//! with `file` and `line`. With the feature `levels`, `COLDSPARK_LOG` sets levels for targets, in the form
//! of `RUST_LOG`: with `info,hyper=warn,shop::db=debug` the longest beginning of a line's target
//! decides. A hook of [`Runtime::before_answer`] or [`Runtime::after_answer`] writes out, with each
//! invocation, what an exporter has collected.
//!
//! # Features
//!
//! | feature | what it does |
//! |---|---|
//! | `mimalloc` (default) | puts mimalloc behind the start-up arena of [`Allocator`] |
//! | `spans` (default) | shows tracing's spans in the log; without it spans are not shown |
//! | `log` | captures records of the `log` crate |
//! | `levels` | levels of the log for each target, by `COLDSPARK_LOG` |
//! | `ureq` | polls with ureq instead of the built-in client |
//! | `http` | adds the module `http` and `Runtime::http`, for HTTP events |
//! | `aws` | adds the module `aws`, for calls of AWS services |
//! | `tokio` | adds `Context::block_on`, which waits for futures in handlers that block |
//! | `tower` | adds `Context::serve`, which calls a service of tower, such as an axum `Router` |
//!
//! There are no asynchronous handlers. `ARCHITECTURE.md` of the repository describes how the library works.

mod answer_hooks;
mod api;
#[cfg(feature = "aws")]
pub mod aws;
mod base64;
pub mod batch;
#[cfg(feature = "tokio")]
mod block_on;
mod client;
mod concurrency;
mod ending;
mod error;
mod escape;
pub mod fresh;
#[cfg(any(doc, doctest))]
pub mod guide;
mod handler;
#[cfg(feature = "http")]
pub mod http;
mod idempotency;
mod init_phase;
mod invocation;
mod json_path;
mod log;
pub mod metrics;
mod panics;
mod poller;
mod registration;
mod run;
mod runtime;
mod settings;
mod shutdown;
mod slots;
mod snapshot;
mod start_up;
pub mod stream;
mod sys;
pub mod testing;
#[cfg(feature = "tower")]
mod tower;
mod traceparent;
mod waiting;

pub use error::{Error, ErrorType, ResultExt, TypedError};
pub use invocation::{Context, Metadata};
pub use registration::Init;
pub use runtime::Runtime;
pub use sys::arena::Allocator;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

/// Internal items that the layer's binary uses; they are not part of the stable interface.
#[doc(hidden)]
pub mod internal {
    pub use crate::api::{MAX_RESPONSE, response_too_large};
    /// Base64 of bodies.
    pub mod base64 {
        pub use crate::base64::{decode, push};
    }
    pub use crate::client::{Chunked, Field, Framing, Head, parse_head};
    pub use crate::error::{error_type, io_error};
    pub use crate::escape::{quoted, quoted_list, unit as push_json_unit};
    pub use crate::invocation::deadline_ms;
    pub use crate::log::{is_json as log_is_json, warn, wrap};
    pub use crate::settings::INITIALIZATION_TYPE;
    pub use crate::shutdown::polled as polled_shutdown;
    pub use crate::slots::{BeforeWait, set_before_wait};
    pub use crate::stream::{HTTP_CONTENT_TYPE, PRELUDE_END, any_content_type};
    pub use crate::sys::entropy::kernel as kernel_random;
    pub use crate::sys::environment::variables;
    pub use crate::sys::pipe::pipe;
    pub use crate::sys::thread::spawn as spawn_thread;
    pub use crate::sys::{open, since_boot, since_epoch, write_line};
}

/// Entry points of the fuzz targets in tests/fuzz; no other build has them.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::api::fuzzing::*;
    pub use crate::client::fuzzing::*;
    pub use crate::log::fuzzing::*;
    pub use crate::settings::fuzzing::*;
    pub use crate::stream::fuzzing::*;

    /// The `traceparent` for an X-Ray header.
    pub fn traceparent(header: &str) -> Option<String> {
        crate::traceparent::convert(header)
    }
}
