//! [`Runtime`], which assembles a function: handlers by name, init step, hooks.

// The documentation lists the methods in this order.
mod handlers;
mod hooks;

mod features;

use crate::registration::Registration;

/// A function: its handlers by name, and the init step that runs before the first event.
///
/// `_HANDLER`, the function's handler setting, chooses the handler by its exact name. A handler
/// that is the only one answers whatever the setting is, since deployment tools put their own names
/// there; a name that is not the handler's is logged at level DEBUG.
///
/// ```no_run
/// use coldspark::{Context, Error, Runtime};
/// use std::collections::HashMap;
///
/// type Prices = HashMap<String, u64>;
///
/// fn main() {
///     Runtime::with_init(|init| {
///         let text = std::fs::read(init.task_root().join("prices.json"))?;
///         Ok(serde_json::from_slice::<Prices>(&text)?)
///     })
///     .json("price", |article: String, context: &Context<'_, Prices>| {
///         context.state().get(&article).copied().ok_or_else(|| {
///             Error::new("Article.Unknown", format!("no article {article:?}"))
///         })
///     })
///     .run()
/// }
/// ```
pub struct Runtime<S: 'static = ()>(pub(crate) Registration<S>);
