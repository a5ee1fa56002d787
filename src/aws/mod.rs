//! Calls of AWS services: a small client that blocks, for functions whose first answer waits for one.
//! Needs the feature `aws`.
//!
//! ```no_run
//! #![no_main]
//! use coldspark::{Context, Error, Init, Runtime, aws};
//! use serde::Deserialize;
//! use serde_json::{Value, json};
//!
//! coldspark::main!(Runtime::with_init(init).json("price", price));
//!
//! fn init(init: &Init<'_>) -> Result<aws::Client, Error> {
//!     let dynamodb = aws::Client::new(aws::DYNAMODB)?;
//!     let _ = dynamodb.connect(init); // look-up and handshakes in the init phase
//!     Ok(dynamodb)
//! }
//!
//! #[derive(Deserialize)]
//! struct Output {
//!     #[serde(rename = "Item")]
//!     item: Option<Value>,
//! }
//!
//! fn price(article: String, context: &Context<'_, aws::Client>) -> Result<String, Error> {
//!     let input = json!({ "TableName": "prices", "Key": { "article": { "S": article } } });
//!     let output: Output = context.state().call(context, "GetItem", &input)?;
//!     let item = output.item.ok_or_else(|| {
//!         Error::new("Article.Unknown", format!("no article {article:?}"))
//!     })?;
//!     Ok(item["price"]["N"].to_string())
//! }
//! ```
//!
//! It is built on ureq 3 and rustls with ring, and knows the JSON protocol ([`Client::call`]) and signed
//! requests of REST services ([`Client::request`]). It has no paginators (`NextToken` goes in and comes
//! out as the API reference says), no query protocol (SNS, IAM, STS), no event streams, and no S3: for
//! that, [rusty-s3](https://docs.rs/rusty-s3) signs with [`credentials`], and [`agent`] sends, as in
//! `examples/s3`.
//!
//! # Settings
//!
//! | variable | meaning |
//! |---|---|
//! | `AWS_REGION` | the region; set by Lambda |
//! | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | credentials; set by Lambda |
//! | `AWS_CONTAINER_CREDENTIALS_FULL_URI`, `AWS_CONTAINER_AUTHORIZATION_TOKEN` | where credentials are; set by Lambda under SnapStart |
//! | `AWS_ENDPOINT_URL_DYNAMODB` (and so on), then `AWS_ENDPOINT_URL` | another endpoint than AWS's |
//! | `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` | `true`: these two do not count |
//! | `AWS_USE_DUALSTACK_ENDPOINT` | `true`: endpoints for both IPv4 and IPv6 |
//! | `AWS_MAX_ATTEMPTS` | how often a request is made at most |
//! | `AWS_CA_BUNDLE` | a file with roots in PEM that are trusted instead of Mozilla's |
//!
//! Regions of China, GovCloud and the other partitions have their own DNS suffix. DynamoDB's endpoints
//! of single accounts are not used.
//!
//! # What it takes care of
//!
//! - **The deadline**: a call ends with an error when a tenth of the time that was left, at most 200 ms, is
//!   left. Only the look-up of a name has limits of its own, those of the C library.
//! - **Retries** are AWS's standard ones, with random delays out of [`fresh`](crate::fresh).
//! - **A frozen environment**: a connection that has ended is not used, nor one that nobody has used for a
//!   minute.
//! - **SnapStart**: credentials, connections and TLS sessions from before a restore are not used after it.
//! - **A wrong clock**: when a service refuses a signature for its time, its own is taken.
//! - **Loops**: `X-Amzn-Trace-Id` goes with each call of an event, by which Lambda finds functions that
//!   call one another for ever.

mod answer;
mod cache;
mod caller;
mod client;
mod clock;
mod credentials;
mod endpoint;
mod error;
mod http;
mod retry;
mod service;
mod sigv4;
mod tls;
mod transport;

pub use cache::{SecretText, Secrets};
pub use caller::Caller;
pub use client::{Client, Response};
pub use credentials::{Credentials, credentials, credentials_now};
pub use error::Error;
pub use http::agent_of_now as agent;
pub use service::{
    API_GATEWAY_CONNECTIONS, APPCONFIG_DATA, DYNAMODB, EVENTBRIDGE, FIREHOSE, KINESIS, KMS, LAMBDA,
    LOGS, SECRETS_MANAGER, SQS, SSM, STEP_FUNCTIONS, Service,
};
/// The crate whose [`Agent`](ureq::Agent) this module uses.
pub use ureq;

/// Percent-encodes one part of a path: all bytes but letters, digits, `-`, `.`, `_` and `~`.
///
/// ```
/// assert_eq!(coldspark::aws::encode("a b/@"), "a%20b%2F%40");
/// ```
#[must_use]
pub fn encode(part: &str) -> String {
    let mut encoded = String::with_capacity(part.len());
    sigv4::encode(part, b"", &mut encoded);
    encoded
}
