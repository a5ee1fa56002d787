//! The answer to a batch.

use serde::ser::{Serialize, SerializeSeq, SerializeStruct, Serializer};

/// The records of a batch that Lambda is to deliver again. As JSON it is
/// `{"batchItemFailures":[{"itemIdentifier":"..."}]}`; an empty list says that every record succeeded.
///
/// The form is that of the Lambda developer guide: "Handling errors for an SQS event source" and
/// "Configuring partial batch response with Kinesis Data Streams" (with DynamoDB likewise).
///
/// ```
/// use coldspark::{Error, batch};
///
/// let messages = [("m-1", 3), ("m-2", 0)];
/// let failures = batch::queue(&messages, |message| Some(message.0), |message| match message.1 {
///     0 => Err(Error::new("Order.Empty", "an order needs at least one piece")),
///     _ => Ok(()),
/// })?;
/// assert_eq!(failures.ids(), ["m-2"]);
/// assert!(!failures.is_empty());
/// assert_eq!(
///     serde_json::to_string(&failures)?,
///     r#"{"batchItemFailures":[{"itemIdentifier":"m-2"}]}"#
/// );
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemFailures {
    ids: Vec<String>,
}

impl ItemFailures {
    /// Adds a record, by its `messageId` or sequence number, for code that goes through a batch by itself.
    /// With a FIFO queue or a stream, add the records behind a failure too.
    ///
    /// ```
    /// let mut failures = coldspark::batch::ItemFailures::default();
    /// failures.add("m-2");
    /// assert_eq!(failures.ids(), ["m-2"]);
    /// ```
    ///
    /// Lambda treats an empty id, or one that is not in the batch, as a failure of the whole batch.
    pub fn add(&mut self, id: impl Into<String>) {
        self.ids.push(id.into());
    }

    /// The ids of the records, in the order of the batch.
    #[must_use]
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// Whether no record is to be delivered again.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

impl Serialize for ItemFailures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = serializer.serialize_struct("ItemFailures", 1)?;
        json.serialize_field("batchItemFailures", &Items(&self.ids))?;
        json.end()
    }
}

struct Items<'a>(&'a [String]);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for id in self.0 {
            list.serialize_element(&Item(id))?;
        }
        list.end()
    }
}

struct Item<'a>(&'a str);

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut item = serializer.serialize_struct("Item", 1)?;
        item.serialize_field("itemIdentifier", self.0)?;
        item.end()
    }
}
