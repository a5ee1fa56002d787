//! Batches of SQS, Kinesis and DynamoDB streams: each record on its own, so that one bad record
//! does not bring the others back.
//!
//! | source | function | after a failure |
//! |---|---|---|
//! | SQS queue | [`queue`] | goes on; reports each message that failed |
//! | SQS FIFO queue | [`fifo`] | goes on with other message groups; reports the rest of the group untried |
//! | Kinesis, DynamoDB stream | [`stream`] | stops; reports the record that failed |
//!
//! **The event source mapping must say `ReportBatchItemFailures`** (its `FunctionResponseTypes`).
//! Without it Lambda does not read the answer, and takes a batch with failures for done.
//!
//! A closure gives the id of a record, so records can be of any type: those of the crate
//! `aws_lambda_events`, or the function's own structs with only the fields it reads. A struct that borrows
//! needs `Cow<'a, str>` with `#[serde(borrow)]`: a `&str` fails at the first escape in a text.
//!
//! ```no_run
//! use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
//! use coldspark::{Context, Error, Runtime, batch};
//!
//! fn main() {
//!     Runtime::new().json("orders", orders).run()
//! }
//!
//! fn orders(event: SqsEvent, _: &Context<'_>) -> Result<batch::ItemFailures, Error> {
//!     batch::queue(&event.records, |message| message.message_id.as_deref(), order)
//! }
//!
//! fn order(message: &SqsMessage) -> Result<(), Error> {
//!     let body = message.body.as_deref().unwrap_or_default();
//!     let pieces: u32 = body.parse()?; // an error brings this message back, and no other
//!     println!("{pieces} pieces");
//!     Ok(())
//! }
//! ```
//!
//! Each failure is logged with the record's id. A record without an id, or with an empty one,
//! could not be reported (an empty id fails the whole batch), so such a batch is refused with
//! `Runtime.InvalidEvent` before any record is tried, and comes back whole.
//!
//! A panic in the closure is the failure of its record where panics unwind. Under `panic=abort`
//! (the recommended profile) it is reported as the error of the invocation and ends the process,
//! and Lambda delivers the whole batch again: return errors for what can be expected.

mod failures;

use std::panic::{self, AssertUnwindSafe};

use crate::error::{Error, error_type};
use crate::panics;

pub use failures::ItemFailures;

/// Tries every message of a batch of a standard SQS queue, and reports those that failed by their
/// `messageId`. [`ItemFailures`] has an example.
///
/// # Errors
/// `Runtime.InvalidEvent` when a message has no id; no message was tried then.
pub fn queue<'a, R>(
    messages: &'a [R],
    id: impl Fn(&'a R) -> Option<&'a str>,
    mut work: impl FnMut(&R) -> Result<(), Error>,
) -> Result<ItemFailures, Error> {
    let ids = ids(messages, id)?;
    let mut failures = ItemFailures::default();
    for (message, id) in messages.iter().zip(ids) {
        if let Err(error) = attempt(message, &mut work) {
            tracing::error!(record = id, "a record of the batch failed: {error}");
            failures.add(id);
        }
    }
    Ok(failures)
}

/// Tries the messages of a batch of an SQS FIFO queue in their order. After the first failure in a
/// message group, the later messages of that group are reported too, without being tried: they
/// come back behind the one that failed, and the group keeps its order.
///
/// `group` gives the `MessageGroupId` of a message (an entry of `attributes`); messages without it count
/// as one group. For standard queues, whose message groups mean fairness and not order, use [`queue`].
///
/// ```
/// use coldspark::batch;
///
/// struct Message { id: &'static str, group: &'static str, body: &'static str }
/// let batch = [
///     Message { id: "1", group: "a", body: "7" },
///     Message { id: "2", group: "b", body: "seven" },
///     Message { id: "3", group: "b", body: "8" },
///     Message { id: "4", group: "a", body: "9" },
/// ];
/// let failures = batch::fifo(
///     &batch,
///     |message| Some(message.id),
///     |message| Some(message.group),
///     |message| {
///         message.body.parse::<u32>()?;
///         Ok(())
///     },
/// )?;
/// assert_eq!(failures.ids(), ["2", "3"]);
/// # Ok::<(), coldspark::Error>(())
/// ```
///
/// # Errors
/// `Runtime.InvalidEvent` when a message has no id; no message was tried then.
pub fn fifo<'a, R>(
    messages: &'a [R],
    id: impl Fn(&'a R) -> Option<&'a str>,
    group: impl Fn(&'a R) -> Option<&'a str>,
    mut work: impl FnMut(&R) -> Result<(), Error>,
) -> Result<ItemFailures, Error> {
    let ids = ids(messages, id)?;
    let mut failures = ItemFailures::default();
    // A batch of a FIFO queue has at most 10 messages.
    let mut stopped = Vec::new();
    for (message, id) in messages.iter().zip(ids) {
        let group = group(message);
        if stopped.contains(&group) {
            tracing::warn!(
                record = id,
                "a record of the batch was not tried: one before it in its message group failed"
            );
        } else if let Err(error) = attempt(message, &mut work) {
            tracing::error!(record = id, "a record of the batch failed: {error}");
            stopped.push(group);
        } else {
            continue;
        }
        failures.add(id);
    }
    Ok(failures)
}

/// Tries the records of a batch of a Kinesis or DynamoDB stream in their order, up to the first
/// failure, and reports that record by its sequence number.
///
/// A batch comes from one shard, in order, and Lambda goes back to the lowest sequence number that
/// is reported: everything from there on is delivered again, whether it was tried or not. The later
/// records would therefore be processed twice, and before the one that failed.
///
/// `sequence_number` gives that of a record: `kinesis.sequenceNumber`, or `dynamodb.SequenceNumber`.
///
/// ```
/// use coldspark::{Error, batch};
///
/// let records = [("100", "rope"), ("101", "moon"), ("102", "tent")];
/// let failures = batch::stream(&records, |record| Some(record.0), |record| match record.1 {
///     "moon" => Err(Error::new("Order.UnknownArticle", "there is no moon")),
///     _ => Ok(()),
/// })?;
/// // 102 was not tried, and comes again behind 101.
/// assert_eq!(failures.ids(), ["101"]);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// `Runtime.InvalidEvent` when a record has no sequence number; no record was tried then.
pub fn stream<'a, R>(
    records: &'a [R],
    sequence_number: impl Fn(&'a R) -> Option<&'a str>,
    mut work: impl FnMut(&R) -> Result<(), Error>,
) -> Result<ItemFailures, Error> {
    let ids = ids(records, sequence_number)?;
    let mut failures = ItemFailures::default();
    for (at, (record, id)) in records.iter().zip(ids).enumerate() {
        if let Err(error) = attempt(record, &mut work) {
            let not_tried = records.len() - at - 1;
            tracing::error!(
                record = id,
                not_tried,
                "a record of the batch failed: {error}"
            );
            failures.add(id);
            break;
        }
    }
    Ok(failures)
}

fn ids<'a, R>(
    records: &'a [R],
    id: impl Fn(&'a R) -> Option<&'a str>,
) -> Result<Vec<&'a str>, Error> {
    let known = |(at, record)| {
        let id = id(record).filter(|id| !id.is_empty());
        id.ok_or_else(|| {
            Error::new(
                error_type::INVALID_EVENT,
                format!(
                    "record {} of the batch has no id by which it could be reported; no record \
                     of the batch was tried",
                    at + 1
                ),
            )
        })
    };
    records.iter().enumerate().map(known).collect()
}

fn attempt<R>(record: &R, work: &mut impl FnMut(&R) -> Result<(), Error>) -> Result<(), Error> {
    panic::catch_unwind(AssertUnwindSafe(|| work(record))).unwrap_or_else(|payload| {
        let error = panics::caught(&*payload);
        panics::discard(payload);
        Err(error)
    })
}

#[cfg(test)]
mod tests;
