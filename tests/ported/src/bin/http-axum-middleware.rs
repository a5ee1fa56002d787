//! A middleware of axum logs the id that the front end gave the request.
#![no_main]

use axum::middleware::{Next, from_fn};
use axum::{Json, Router, extract::Request, response::Response, routing::post};
use coldspark::{Error, Init, Runtime, http::Origin};
use serde_json::{Value, json};

coldspark::main!(Runtime::with_init(router).http("axum", |request, context| {
    context.serve(context.state().clone(), request)
}));

fn router(_: &Init<'_>) -> Result<Router, Error> {
    let routes = Router::new().route("/hello/world", post(echo));
    Ok(routes.route_layer(from_fn(log)))
}

async fn log(request: Request, next: Next) -> Response {
    if let Some(origin) = request.extensions().get::<Origin>() {
        tracing::info!("RequestId = {}", origin.request_context()["requestId"]);
    }
    next.run(request).await
}

async fn echo(body: Json<Value>) -> Json<Value> {
    Json(json!({ "echo": *body }))
}
