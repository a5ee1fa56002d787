//! `http:`, a web application: one process, which answers each event as a request over HTTP/1.1.
//!
//! ```text
//! event -> event, target, request -> exchange -> body -> answer
//!                                       |
//!                          application -> process, readiness -> retry
//! ```
//!
//! `handle` takes an event through these steps, `program` finds what to start, `settings` reads the
//! settings of Lambda Web Adapter, and `hooks` sends the requests around a snapshot.

mod answer;
mod application;
mod body;
mod connection;
mod connection_pool;
mod event;
mod exchange;
mod exchange_error;
mod gzip;
mod handle;
mod headers;
mod hooks;
mod json;
mod metadata;
mod process;
mod program;
mod proxy;
mod readiness;
mod request;
mod retry;
mod settings;
mod target;

pub(crate) use application::Application;
pub(crate) use program::{is_wrapped, run_image_command};
pub(crate) use proxy::go_through_proxy;

use std::time::Duration;

use coldspark::{Error, Init};

use crate::log::Log;
use crate::settings::Settings;
use program::Program;

/// The init step: starts the application, and waits until it is ready. With AWS_LWA_ASYNC_INIT or
/// COLDSPARK_ASYNC_INIT it waits until `async_limit` at the latest.
#[cold]
#[inline(never)]
pub(crate) fn start(
    init: &Init<'_>,
    settings: Settings,
    log: &'static Log,
    async_limit: Duration,
) -> Result<Box<Application>, Error> {
    let program = Program::find(init.handler(), &settings)?;
    let application = Box::new(Application::start(program, settings, log)?);
    init.connect();
    application.await_init(async_limit)?;
    Ok(application)
}
