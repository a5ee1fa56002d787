//! A router of axum: `GET /orders/{id}?pieces=2`, `POST /orders` with JSON.
#![cfg_attr(not(test), no_main)]

use axum::extract::{Path, Query};
use axum::routing::{get, post};
use axum::{Json, Router};
use coldspark::{Error, Init, Runtime};
use serde::{Deserialize, Serialize};

coldspark::main!(web());

fn web() -> Runtime<Router> {
    Runtime::with_init(router).http("axum", |request, context| {
        context.serve(context.state().clone(), request)
    })
}

fn router(init: &Init<'_>) -> Result<Router, Error> {
    init.tokio()?; // makes the runtime now, not at the first request
    Ok(Router::new()
        .route("/orders/{id}", get(order))
        .route("/orders", post(create)))
}

#[derive(Deserialize, Serialize)]
struct Order {
    #[serde(default)]
    id: u32,
    pieces: u32,
}

async fn order(Path(id): Path<u32>, Query(order): Query<Order>) -> Json<Order> {
    Json(Order { id, ..order })
}

async fn create(Json(order): Json<Order>) -> Json<Order> {
    Json(Order { id: 1, ..order })
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldspark::testing::Function;
    use serde_json::{Value, json};

    /// Status and body of the answer.
    fn ask(method: &str, path: &str, query: &str, body: &str) -> Result<(u64, String), Error> {
        let event = json!({"version": "2.0", "rawPath": path, "rawQueryString": query, "body": body,
            "headers": {"content-type": "application/json"},
            "requestContext": {"http": {"method": method}}});
        let answer: Value = Function::new(web(), "axum")?
            .call(event.to_string())?
            .json()?;
        let status = answer["statusCode"].as_u64().unwrap_or_default();
        Ok((
            status,
            answer["body"].as_str().unwrap_or_default().to_owned(),
        ))
    }

    #[test]
    fn routes_answer() -> Result<(), Error> {
        let order = r#"{"id":7,"pieces":2}"#;
        assert_eq!(
            ask("GET", "/orders/7", "pieces=2", "")?,
            (200, order.to_owned())
        );
        let created = r#"{"id":1,"pieces":3}"#;
        assert_eq!(
            ask("POST", "/orders", "", r#"{"pieces": 3}"#)?,
            (200, created.to_owned())
        );
        assert_eq!(ask("POST", "/orders", "", r#"{"pieces": "x"}"#)?.0, 422);
        assert_eq!(ask("GET", "/nowhere", "", "")?.0, 404);
        assert_eq!(ask("DELETE", "/orders", "", "")?.0, 405);
        Ok(())
    }
}
