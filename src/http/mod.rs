//! HTTP events as requests and responses of the crate `http`, whichever front end sends them. It needs
//! the feature `http`.
//!
//! ```no_run
//! use coldspark::http::{Body, Origin, Request, Response, StatusCode};
//! use coldspark::{Context, Error, Runtime};
//!
//! fn main() {
//!     Runtime::new().http("web", serve).run()
//! }
//!
//! fn serve(request: Request<Body>, _: &Context<'_>) -> Result<Response<String>, Error> {
//!     let caller = request.extensions().get::<Origin>().and_then(Origin::source_ip);
//!     let response = Response::builder().status(StatusCode::OK);
//!     Ok(response.body(format!("{} from {caller:?}\n", request.uri()))?)
//! }
//! ```
//!
//! | front end | query string | headers | cookies | answer's headers |
//! |---|---|---|---|---|
//! | API Gateway, payload format 1.0 | comes decoded, is encoded again | `multiValueHeaders` | a header | `multiValueHeaders` |
//! | API Gateway, payload format 2.0; function URL | `rawQueryString` | joined with commas | `cookies`, joined into one header | joined with commas, `cookies` |
//! | VPC Lattice, format 2.0 | comes as sent | lists of values | a header | joined with commas, one `Set-Cookie` |
//! | Application Load Balancer | comes as sent | last value only | a header | joined with commas, one `Set-Cookie` |
//! | Application Load Balancer with multi-value headers | comes as sent | all values | a header | `multiValueHeaders` |
//!
//! Names that are missing in `multiValueHeaders` and `multiValueQueryStringParameters` are taken from the
//! single values beside them.
//!
//! Sources: the API Gateway developer guide, "Lambda proxy integrations in API Gateway" (1.0) and
//! "Create AWS Lambda proxy integrations for HTTP APIs" (both formats); the Lambda developer
//! guide, "Invoking Lambda function URLs"; the user guide for Application Load Balancers, "Use
//! Lambda functions as targets", which says that a load balancer does not decode query strings.
//!
//! **The URI** of a request is path and query string; `Host` is a header. AWS does not document
//! how a path is encoded: users saw HTTP APIs deliver it decoded, and the others as the client sent
//! it. What cannot stand in a path is encoded here and the rest is left, so an HTTP API's `%2541`
//! arrives as `%41`. An HTTP API also puts a named stage in front of the path:
//! [`Origin::without_stage`].
//!
//! **Bodies**: a Base64 body of the event is decoded. A response body that is UTF-8 goes as text,
//! any other as Base64; a REST API decodes that only for its `binaryMediaTypes`. A load balancer
//! takes 1 MB of JSON.
//!
//! **Streamed responses** are written by a handler of [`Runtime::stream`](crate::Runtime::stream),
//! which reads its request with [`request()`] and makes the [`Prelude`](crate::stream::Prelude)
//! from the [`Parts`] of a response.
//!
//! **Mistakes of clients**: [`Runtime::http`](crate::Runtime::http) answers a request that HTTP does not
//! allow, such as one with a line end in a header, with status 400. It is not an error of the function.
//!
//! [`RequestExt`] reads query strings, JSON and forms; [`IntoResponse`] lists what a handler may return.
//! Events of authorizers and of WebSocket APIs are refused, since they need other answers; for WebSocket
//! APIs there is [`websocket`].

mod body;
mod event;
mod handler;
mod into_response;
mod json;
mod origin;
mod prelude;
mod request;
mod request_ext;
mod response;
mod uri;
pub mod websocket;

pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
pub use ::http::{header, response::Parts};

pub use body::Body;
pub(crate) use handler::Http;
pub use into_response::{IntoResponse, Json, Redirect};
pub use origin::{FrontEnd, Origin};
pub use request::request;
pub use request_ext::{Query, RequestExt};
pub use response::response;

#[cfg(test)]
mod tests;
