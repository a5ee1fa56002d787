{%- if form == "http" -%}
//! Answers `GET /hello/NAME`, behind a function URL, API Gateway or a load balancer.
#![cfg_attr(not(test), no_main)]

use coldspark::http::{Body, Method, Request, StatusCode};
use coldspark::{Context, Error, Runtime};

coldspark::main!(Runtime::new().http("function", serve));

fn serve(request: Request<Body>, _: &Context<'_>) -> Result<(StatusCode, String), Error> {
    let path = request.uri().path();
    let (status, text) = match (request.method(), path.strip_prefix("/hello/")) {
        (&Method::GET, Some(name)) if !name.is_empty() => {
            (StatusCode::OK, format!("Hello, {name}!\n"))
        }
        _ => (StatusCode::NOT_FOUND, format!("there is no {path}\n")),
    };
    tracing::info!(%status, path, "answered");
    Ok((status, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldspark::testing;

    fn answer(method: Method, path: &str) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Body::default()).unwrap();
        serve(request, &testing::context().build()).unwrap()
    }

    #[test]
    fn who_is_named_is_greeted() {
        let (status, text) = answer(Method::GET, "/hello/Ada");
        assert_eq!((status, &*text), (StatusCode::OK, "Hello, Ada!\n"));
    }

    #[test]
    fn another_path_is_not_found() {
        assert_eq!(answer(Method::GET, "/").0, StatusCode::NOT_FOUND);
        assert_eq!(answer(Method::POST, "/hello/Ada").0, StatusCode::NOT_FOUND);
    }
}
{%- elsif form == "queue" -%}
//! Takes orders from an SQS queue. Only messages that fail come back: the event source mapping must have
//! `ReportBatchItemFailures`.
#![cfg_attr(not(test), no_main)]

use coldspark::batch::{self, ItemFailures};
use coldspark::{Context, Error, Runtime};
use serde::Deserialize;

coldspark::main!(Runtime::new().json("function", orders));

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Records")]
    records: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    message_id: String,
    body: String,
}

#[derive(Deserialize)]
struct Order {
    article: String,
    quantity: u32,
}

fn orders(event: Event, _: &Context<'_>) -> Result<ItemFailures, Error> {
    batch::queue(&event.records, |message| Some(&message.message_id), order)
}

fn order(message: &Message) -> Result<(), Error> {
    let Order { article, quantity } = serde_json::from_str(&message.body)?;
    if quantity == 0 {
        let message = format!("no {article} was ordered");
        return Err(Error::new("Order.Empty", message));
    }
    tracing::info!("{quantity} {article}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldspark::testing;

    /// The batch's failures, as Lambda reads them.
    fn failures(bodies: &[&str]) -> String {
        let messages = bodies.iter().enumerate().map(|(id, body)| Message {
            message_id: id.to_string(),
            body: (*body).to_owned(),
        });
        let records = messages.collect();
        let failures = orders(Event { records }, &testing::context().build()).unwrap();
        serde_json::to_string(&failures).unwrap()
    }

    #[test]
    fn an_order_is_taken() {
        let failures = failures(&[r#"{"article": "rope", "quantity": 2}"#]);
        assert_eq!(failures, r#"{"batchItemFailures":[]}"#);
    }

    #[test]
    fn an_empty_order_comes_back() {
        let failures = failures(&[
            r#"{"article": "rope", "quantity": 2}"#,
            r#"{"article": "rope", "quantity": 0}"#,
        ]);
        let second = r#"{"batchItemFailures":[{"itemIdentifier":"1"}]}"#;
        assert_eq!(failures, second);
    }
}
{%- elsif form == "stream" -%}
//! Greets several times with server-sent events: the caller reads while the function writes. It needs a
//! function URL in the invoke mode RESPONSE_STREAM.
#![cfg_attr(not(test), no_main)]

use std::io::Write;

use coldspark::stream::{Prelude, Writer};
use coldspark::{Context, Error, Runtime};
use serde::Deserialize;

coldspark::main!(Runtime::new().stream("function", greet));

#[derive(Deserialize)]
#[serde(default)]
struct Visitor {
    name: String,
    times: u32,
}

impl Default for Visitor {
    fn default() -> Self {
        Self {
            name: "World".to_owned(),
            times: 1,
        }
    }
}

fn greet(event: &[u8], _: &Context<'_>, response: &mut Writer<'_>) -> Result<(), Error> {
    let visitor: Visitor = serde_json::from_slice(event)?;
    if visitor.times > 100 {
        // Nothing was sent yet: an ordinary error.
        return Err(Error::new("Greeting.TooOften", "times may be at most 100"));
    }
    tracing::info!(visitor.name, visitor.times, "a visitor");
    response.prelude(&Prelude::new(200)?.header("Content-Type", "text/event-stream")?)?;
    for _ in 0..visitor.times {
        write!(response, "data: Hello, {}!\n\n", visitor.name)?;
        response.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldspark::testing::{self, Response};

    fn streamed(event: &str) -> Result<Response, Error> {
        let context = testing::context().build();
        testing::collect(|response| greet(event.as_bytes(), &context, response))
    }

    #[test]
    fn each_greeting_is_an_event() {
        let response = streamed(r#"{"name": "Ada", "times": 2}"#).unwrap();
        let twice = "data: Hello, Ada!\n\n".repeat(2);
        assert_eq!(response.text().unwrap(), twice);
    }

    #[test]
    fn too_many_greetings_are_refused() {
        let error = streamed(r#"{"times": 101}"#).err().unwrap();
        assert_eq!(error.error_type(), "Greeting.TooOften");
    }
}
{%- else -%}
//! Greets the person that the event names.
#![cfg_attr(not(test), no_main)]

use coldspark::{Context, Error, Runtime};
use serde::{Deserialize, Serialize};

coldspark::main!(Runtime::new().json("function", greet));

#[derive(Deserialize)]
struct Visitor {
    name: String,
}

#[derive(Serialize)]
struct Greeting {
    greeting: String,
    request: String,
}

fn greet(visitor: Visitor, context: &Context<'_>) -> Result<Greeting, Error> {
    let name = visitor.name;
    if name.is_empty() {
        return Err(Error::new("Visitor.NoName", "a visitor needs a name"));
    }
    tracing::info!(name, "a visitor");
    Ok(Greeting {
        greeting: format!("Hello, {name}!"),
        request: context.request_id().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldspark::testing;

    fn greeted(name: &str) -> Result<Greeting, Error> {
        let context = testing::context().request_id("r-1").build();
        let name = name.to_owned();
        greet(Visitor { name }, &context)
    }

    #[test]
    fn who_is_named_is_greeted() {
        let Greeting { greeting, request } = greeted("Ada").unwrap();
        assert_eq!((&*greeting, &*request), ("Hello, Ada!", "r-1"));
    }

    #[test]
    fn a_visitor_needs_a_name() {
        let error = greeted("").err().unwrap();
        assert_eq!(error.error_type(), "Visitor.NoName");
    }
}
{%- endif %}
