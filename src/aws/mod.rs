//! A small blocking client for AWS services, for functions whose first answer waits for one.
//! It needs the feature `aws`.
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
//!     Ok(item["price"]["N"].as_str().unwrap_or_default().to_owned())
//! }
//! ```
//!
//! It is built on ureq 3 and rustls with ring, and knows the JSON protocol ([`Client::call`]) and signed
//! requests to REST services ([`Client::request`]). It has no paginators (pass `NextToken` as the API
//! reference says), no query protocol (SNS, IAM, STS), no event streams, and no S3: for S3,
//! [rusty-s3](https://docs.rs/rusty-s3) signs with [`credentials`], and [`agent`] sends, as in
//! `examples/s3`.
//!
//! # Settings
//!
//! | variable | meaning |
//! |---|---|
//! | `AWS_REGION` | the region; set by Lambda |
//! | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | credentials; set by Lambda |
//! | `AWS_CONTAINER_CREDENTIALS_FULL_URI`, `AWS_CONTAINER_AUTHORIZATION_TOKEN` | the endpoint that gives credentials, and the token for it; set by Lambda under SnapStart |
//! | `AWS_ENDPOINT_URL_DYNAMODB` (and so on), then `AWS_ENDPOINT_URL` | the endpoint to use instead of AWS's |
//! | `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` | `true`: the endpoint variables are ignored |
//! | `AWS_USE_DUALSTACK_ENDPOINT` | `true`: endpoints for both IPv4 and IPv6 |
//! | `AWS_MAX_ATTEMPTS` | the most attempts of a request, the first one included |
//! | `AWS_CA_BUNDLE` | a file with roots in PEM that are trusted instead of Mozilla's |
//!
//! Regions of China, GovCloud and the other partitions have their own DNS suffix. DynamoDB's
//! account-based endpoints are not used.
//!
//! # What it takes care of
//!
//! - **The deadline**: a call ends with an error before the invocation's time is over. It leaves a tenth of
//!   the time, at most 200 ms. Only the look-up of a host name has other limits, the C library's.
//! - **Retries** follow AWS's standard mode, with random delays from [`fresh`](crate::fresh).
//! - **A frozen environment**: a connection that was closed, or idle for a minute, is not used.
//! - **SnapStart**: credentials, connections and TLS sessions from before a restore are not used after it.
//! - **A wrong clock**: when a service refuses a signature for its time, the service's clock is used.
//! - **Loops**: each call of an event carries `X-Amzn-Trace-Id`, by which Lambda detects functions that
//!   call one another without end.

mod answer;
mod caller;
mod client;
mod container;
mod credentials;
mod endpoint;
mod error;
mod http;
mod outgoing;
mod retry;
mod secrets;
mod send;
mod service;
mod sigv4;
mod timestamps;
mod tls;
mod transport;
mod wire;

pub use caller::Caller;
pub use client::{Client, Response};
pub use credentials::{Credentials, credentials, credentials_now};
pub use error::Error;
pub use http::agent;
pub use secrets::{SecretText, Secrets};
pub use service::{
    API_GATEWAY_CONNECTIONS, APPCONFIG_DATA, DYNAMODB, EVENTBRIDGE, FIREHOSE, KINESIS, KMS, LAMBDA,
    LOGS, SECRETS_MANAGER, SQS, SSM, STEP_FUNCTIONS, Service,
};
/// The crate whose [`Agent`](ureq::Agent) this module uses.
pub use ureq;

use crate::settings;

/// The value of an environment variable; an empty one counts as not set.
fn non_empty_variable(name: &str) -> Option<String> {
    settings::variable(name).filter(|value| !value.is_empty())
}

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
