//! A local Lambda for tests, the bench and `scripts/run-local`.
//!
//! - [`script`]: a scripted Runtime API. It answers each request as its steps say, byte for
//!   byte, also wrongly, and records what it was sent. For tests of a runtime's client.
//! - [`model`]: a Runtime API that plays at random, and a ledger of what must follow. For tests
//!   that no event is lost, answered twice or mixed up.
//! - [`emulator`]: a faithful Runtime API with a queue of invocations in front of it. For tests
//!   of a whole runtime, and for the bench.
//! - [`function`]: a bootstrap's process, started, fed, measured and killed as Lambda does, and
//!   [`invoke_api`] and [`function_url`], the Invoke API and a function URL in front of it. For
//!   `scripts/run-local`.
//! - [`http`]: the server side of one HTTP/1.1 connection, which the others stand on.
//! - [`port`]: free ports for servers that bind them by themselves.
//! - [`tree`]: a process with all that it started, to be stopped, continued and killed.
//! - [`confine`]: programs under a filter for system calls. For the tests of least privilege.
//! - [`api`]: names and sizes of the Runtime API, from its contract.
//!
//! Everything is blocking threads on loopback; nothing here is meant to face a network.

pub mod api;
mod base64;
pub mod confine;
pub mod emulator;
pub mod function;
pub mod function_url;
pub mod http;
pub mod invoke_api;
pub mod model;
pub mod port;
pub mod script;
mod skip;
pub mod sockets;
pub mod tree;
pub mod under_test;

pub use skip::{built_for_sanitizer, left_to_another_form, root_for, skipped};
