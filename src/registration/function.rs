//! A function that is ready for events.

use super::features::BeforeEvent;
use crate::handler::Handler;
use crate::settings::Endpoint;

/// What serves events, and where they come from. All of it lives until the process ends.
pub(crate) struct Function<S: 'static> {
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) handler: &'static dyn Handler<S>,
    pub(crate) state: &'static S,
    /// Called before each event.
    pub(crate) before_event: Option<BeforeEvent>,
}
