//! A Runtime API that plays at random and keeps a ledger: the test double for "exactly once".
//!
//! A run is a few events, each with its [`Plan`]: what the handler is to do, in which way the
//! event is delivered, and what becomes of its answer. All of it follows from the run's seed. The
//! [`Ledger`] is the reference model. It holds that each event which was handed out has exactly
//! one answer, that no answer has another's id or bytes, and that nothing is asked for while an
//! answer is due. The server breaks connections in every way, but reads each request first, and
//! closes only its own direction: so it always knows what the process has sent.
//!
//! ```no_run
//! # use coldspark_emulator::model::{Choices, Model, plan};
//! let model = Model::start(1, |planned, answer| match answer.body() == planned.event() {
//!     true => Ok(()),
//!     false => Err("another's bytes".to_owned()),
//! });
//! // … start the runtime with AWS_LAMBDA_RUNTIME_API set to model.address() …
//! let verdict = model.play(plan(7, &Choices::default()), || false);
//! ```

mod ledger;
mod plan;
mod seeds;
mod server;
mod shares;
mod wire;

pub use ledger::{Answer, Ledger};
pub use plan::{Choices, Delivery, Plan, Receipt, Verb, plan};
pub use seeds::seeds;
pub use server::{Model, Verdict};
pub use shares::Shares;
