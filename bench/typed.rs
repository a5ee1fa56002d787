//! Returns its event, as hello does, by serde types.
#![no_main]

use coldspark::{Context, Error, Runtime};
use serde::{Deserialize, Serialize};

coldspark::main!(Runtime::new().json("typed", echo));

#[derive(Deserialize, Serialize)]
struct Event {
    message: String,
}

fn echo(event: Event, _: &Context<'_>) -> Result<Event, Error> {
    tracing::debug!(message = event.message, "an event");
    Ok(event)
}
