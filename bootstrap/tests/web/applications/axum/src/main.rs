//! A web application in Rust, that knows nothing of Lambda.

use std::collections::HashMap;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query};
use axum::routing::{get, put};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let router = Router::new()
        .route("/", get(page))
        .route("/files/{name}", put(upload))
        .layer(DefaultBodyLimit::max(8 << 20));
    let port: u16 = std::env::var("PORT")
        .ok()
        .and_then(|port| port.parse().ok())
        .unwrap_or(8080);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, router).await
}

async fn page(Query(query): Query<HashMap<String, String>>) -> String {
    format!("page {}", query.get("page").map_or("", String::as_str))
}

async fn upload(Path(name): Path<String>, body: Bytes) -> String {
    format!(r#"{{"name":"{name}","bytes":{}}}"#, body.len())
}
