//! A layer of tower logs each request and its response.
#![no_main]

use coldspark::http::{Body, Request, Response};
use coldspark::{Error, Runtime};
use tower::{Layer, service_fn};
use tower_http::trace::{DefaultOnRequest, DefaultOnResponse, TraceLayer};
use tracing::Level;

coldspark::main!(Runtime::new().http("trace", |request, context| {
    let layer = TraceLayer::new_for_http()
        .on_request(DefaultOnRequest::new().level(Level::INFO))
        .on_response(DefaultOnResponse::new().level(Level::INFO));
    context.serve(layer.layer(service_fn(handler)), request)
}));

async fn handler(_: Request<Body>) -> Result<Response<Body>, Error> {
    Ok(Response::new("Success".into()))
}
