//! A faithful local Runtime API, with invocations coming from the embedding program.
//!
//! ```
//! use coldspark_emulator::emulator::{Config, Emulator, Invocation, Outcome};
//!
//! let emulator = Emulator::start(Config::default()).unwrap();
//! # let address = emulator.address();
//! # std::thread::spawn(move || {
//! #     let base = format!("http://{address}/2018-06-01/runtime/invocation");
//! #     let mut next = ureq::get(&format!("{base}/next")).call().unwrap();
//! #     let id = next.headers()["lambda-runtime-aws-request-id"].to_str().unwrap().to_owned();
//! #     let event = next.body_mut().read_to_vec().unwrap();
//! #     ureq::post(&format!("{base}/{id}/response")).send(&event).unwrap();
//! # });
//! // … start a bootstrap with AWS_LAMBDA_RUNTIME_API set to emulator.address() …
//! match emulator.invoke(Invocation::new(r#"{"n":1}"#)) {
//!     Outcome::Response { body, .. } => assert_eq!(body, br#"{"n":1}"#),
//!     other => panic!("{other:?}"),
//! }
//! ```
//!
//! Status codes follow AWS's documentation and what AWS's Runtime Interface Emulator was
//! measured to do, with the invocation id and the 410 of its Managed Instances mode. Trailers that
//! a streamed response has not announced are refused, which AWS's emulator does not do. The emulator
//! starts no process; [`Emulator::attach`], [`Emulator::process_exited`] and [`Emulator::reset`] are
//! for a caller that does.
//! The Extensions API is there as far as a runtime needs it that registers itself, to get SIGTERM.

mod extensions;
mod in_hand;
mod observe;
mod outcome;
mod over;
mod prelude;
mod process;
mod refusal;
mod routes;
mod server;
mod state;
mod ticket;

pub use observe::{Moment, Observer};
pub(crate) use outcome::exit_words;
pub use outcome::{Finished, Init, Invocation, Outcome, Sink, exit_error, timeout_error};
pub use server::Emulator;
pub(crate) use server::fresh_id;
pub use ticket::Ticket;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

/// How an [`Emulator`] behaves.
#[derive(Clone)]
pub struct Config {
    /// Where to listen; a free port of 127.0.0.1 by default.
    pub address: SocketAddr,
    /// What `Lambda-Runtime-Invoked-Function-Arn` says.
    pub function_arn: String,
    /// How many invocations may be in hand. With 1, as in an ordinary function, a second
    /// `next` before the response hands out the same event again.
    pub concurrency: usize,
    /// How long an invocation may wait to be fetched before it counts as timed out; a minute by
    /// default, and only reached when no runtime polls.
    pub fetch_limit: Duration,
    /// Names under which a registered extension is an external one, which Lambda starts from the
    /// layer's folder `extensions`. Any other is internal: a part of the runtime's process.
    pub external_extensions: Vec<String>,
    /// Whether the process that [`Emulator::attach`] was told of is stopped when its answer has
    /// been read, before that is confirmed, until the next event is there. Lambda freezes the
    /// environment so, at the latest when the runtime asks for the next event. Not with several
    /// invocations in hand.
    pub freeze: bool,
    /// Learns when things happen on the wire.
    pub observer: Option<Arc<dyn Observer>>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            function_arn: "arn:aws:lambda:us-east-1:012345678912:function:function".to_owned(),
            concurrency: 1,
            fetch_limit: Duration::from_secs(60),
            external_extensions: Vec::new(),
            freeze: false,
            observer: None,
        }
    }
}

impl Config {
    /// The function's data in the reply to a registration. The handler's name is not known here.
    fn function(&self) -> Value {
        let mut parts = self.function_arn.split(':').skip(6);
        json!({
            "functionName": parts.next().unwrap_or_default(),
            "functionVersion": parts.next().unwrap_or("$LATEST"),
            "handler": "",
        })
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("address", &self.address)
            .field("function_arn", &self.function_arn)
            .field("concurrency", &self.concurrency)
            .field("fetch_limit", &self.fetch_limit)
            .field("external_extensions", &self.external_extensions)
            .field("freeze", &self.freeze)
            .finish_non_exhaustive()
    }
}
