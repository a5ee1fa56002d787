//! A function that is ready for events.

use super::features::BeforeEvent;
use crate::handler::Handler;
use crate::settings::Endpoint;

/// The handler, its state and the endpoint. They live until the process ends.
pub(crate) struct Function<S: 'static> {
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) handler: &'static dyn Handler<S>,
    pub(crate) state: &'static S,
    /// Called before each event.
    pub(crate) before_event: Option<BeforeEvent>,
}
