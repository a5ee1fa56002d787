//! Takes orders from an SQS FIFO queue, with one message group for each customer. Only a message that fails
//! comes back, with those behind it in its group; its event source mapping must have
//! `ReportBatchItemFailures`.
//!
//! A message's body is `{"article": "rope", "quantity": 2}`.
#![cfg_attr(not(test), no_main)]

use std::borrow::Cow;

use coldspark::batch::{self, ItemFailures};
use coldspark::{Context, Error, Runtime};
use serde::Deserialize;

coldspark::main!(Runtime::new().bytes("queue", orders));

/// The fields of the event that this function reads. Texts are borrowed from the event where possible. Each
/// is a `Cow`, since a text with an escape (`\"`, `\u00e9`) has to be copied: for a `&str`, serde would
/// refuse the whole event.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "Records", borrow)]
    records: Vec<Message<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    #[serde(borrow)]
    message_id: Cow<'a, str>,
    #[serde(borrow)]
    body: Cow<'a, str>,
    #[serde(borrow)]
    attributes: Attributes<'a>,
}

#[derive(Deserialize)]
struct Attributes<'a> {
    #[serde(rename = "MessageGroupId", borrow)]
    group: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Order<'a> {
    #[serde(borrow)]
    article: Cow<'a, str>,
    quantity: u32,
}

fn orders(event: &[u8], _: &Context<'_>) -> Result<Vec<u8>, Error> {
    let event: Event<'_> = serde_json::from_slice(event)
        .map_err(|error| Error::new("Queue.InvalidEvent", error.to_string()))?;
    let failures: ItemFailures = batch::fifo(
        &event.records,
        |message| Some(&message.message_id),
        |message| Some(&message.attributes.group),
        order,
    )?;
    Ok(serde_json::to_vec(&failures)?)
}

fn order(message: &Message<'_>) -> Result<(), Error> {
    let Order { article, quantity } = serde_json::from_str(&message.body)?;
    if quantity == 0 {
        return Err(Error::new(
            "Order.Empty",
            format!("no {article} was ordered"),
        ));
    }
    tracing::info!(
        customer = &*message.attributes.group,
        "{quantity} {article}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldspark::testing;

    #[test]
    fn a_message_without_pieces_comes_back() -> Result<(), Error> {
        let event = br#"{"Records": [
            {"messageId": "1", "body": "{\"article\": \"rope\", \"quantity\": 1}",
                "attributes": {"MessageGroupId": "a"}},
            {"messageId": "2", "body": "{\"article\": \"tent\", \"quantity\": 0}",
                "attributes": {"MessageGroupId": "b"}}]}"#;
        let answer = orders(event, &testing::context().build())?;
        let failed = br#"{"batchItemFailures":[{"itemIdentifier":"2"}]}"#;
        assert_eq!(answer, failed);
        Ok(())
    }
}
