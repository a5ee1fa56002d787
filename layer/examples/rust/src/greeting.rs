//! The handler: greets the person that the event names, however it is run.

/// The response to an event, or the reason for an error.
pub(crate) fn greet(event: &[u8]) -> Result<Vec<u8>, &'static str> {
    let text = std::str::from_utf8(event).map_err(|_| "the event is not a text")?;
    let name = text
        .split_once("\"name\"")
        .and_then(|(_, rest)| rest.split('"').nth(1))
        .ok_or("the event has no name")?;
    Ok(format!("{{\"greeting\":\"Hello, {name}!\"}}").into_bytes())
}
