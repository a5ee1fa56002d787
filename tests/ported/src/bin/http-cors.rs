//! Greets as http-query-parameters does, and a layer of tower adds the headers of CORS.
#![no_main]

use coldspark::http::{Body, IntoResponse, Method, Request, RequestExt, Response, StatusCode};
use coldspark::{Error, Runtime};
use tower::{Layer, service_fn};
use tower_http::cors::{Any, CorsLayer};

coldspark::main!(Runtime::new().http("cors", |request, context| {
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::POST])
        .allow_origin(Any);
    context.serve(layer.layer(service_fn(greet)), request)
}));

async fn greet(request: Request<Body>) -> Result<Response<Body>, Error> {
    match request.query().get("first_name") {
        Some(name) => format!("Hello, {name}!").into_response(),
        None => (StatusCode::BAD_REQUEST, "Empty first name").into_response(),
    }
}
