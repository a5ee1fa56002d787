//! Events of WebSocket APIs of API Gateway.
//!
//! A function gets one for each connect, message and disconnect, and answers with a status:
//!
//! ```
//! use coldspark::http::websocket::{Answer, Event, Kind};
//! use coldspark::{Context, Error, Runtime};
//!
//! fn chat(event: Event, _: &Context<'_>) -> Result<Answer, Error> {
//!     match event.kind() {
//!         Kind::Connect => Ok(Answer::status(200)),
//!         Kind::Message => Ok(Answer::text(event.body()?.text()?.to_uppercase())),
//!         Kind::Disconnect => Ok(Answer::status(200)),
//!     }
//! }
//! # let _ = Runtime::new().json("chat", chat);
//! ```
//!
//! Source: the API Gateway developer guide, "Integrations for WebSocket APIs" and "Set up route
//! responses".

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Body, request};
use crate::error::Error;

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A client connects; another status than 2xx refuses it.
    Connect,
    /// A client has sent something.
    Message,
    /// A connection has ended; the answer is not read.
    Disconnect,
}

/// A connect, a message or a disconnect.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Event {
    kind: Kind,
    body: Option<String>,
    is_base64: bool,
    request_context: Value,
}

/// The members of an event that are read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an event of a WebSocket API")]
struct Raw {
    request_context: Value,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

impl TryFrom<Raw> for Event {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let text = |name: &str| raw.request_context.get(name).and_then(Value::as_str);
        let kind = match text("eventType") {
            Some("CONNECT") => Kind::Connect,
            Some("MESSAGE") => Kind::Message,
            Some("DISCONNECT") => Kind::Disconnect,
            _ => {
                return Err(
                    "requestContext.eventType is not CONNECT, MESSAGE or DISCONNECT".to_owned(),
                );
            }
        };
        if text("connectionId").is_none() {
            return Err("requestContext.connectionId is not there".to_owned());
        }
        Ok(Self {
            kind,
            body: raw.body,
            is_base64: raw.is_base64_encoded,
            request_context: raw.request_context,
        })
    }
}

impl Event {
    /// The kind of the event.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The connection, to which messages can be posted.
    #[must_use]
    pub fn connection_id(&self) -> &str {
        self.text("connectionId").unwrap_or_default()
    }

    /// The route that was matched: `$connect`, `$disconnect`, `$default` or one of the API.
    #[must_use]
    pub fn route(&self) -> Option<&str> {
        self.text("routeKey")
    }

    /// The endpoint for messages to connections of this API: `https://DOMAIN/STAGE`, before
    /// `/@connections/ID`.
    #[must_use]
    pub fn callback_url(&self) -> Option<String> {
        let (domain, stage) = (self.text("domainName")?, self.text("stage")?);
        Some(["https://", domain, "/", stage].concat())
    }

    /// The client's message; empty for a connect and a disconnect.
    ///
    /// # Errors
    /// `Runtime.InvalidEvent` for invalid Base64.
    pub fn body(&self) -> Result<Body, Error> {
        let text = self.body.as_deref().unwrap_or_default();
        if !self.is_base64 {
            return Ok(text.into());
        }
        request::of_base64(text)
    }

    /// The whole `requestContext`.
    #[must_use]
    pub fn request_context(&self) -> &Value {
        &self.request_context
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.request_context.get(name)?.as_str()
    }
}

/// The answer to an event of a WebSocket API. Its text reaches the client only where the route has a
/// route response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    #[serde(rename = "statusCode")]
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

impl Answer {
    /// An answer without a text.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, body: None }
    }

    /// 200 with a text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            status: 200,
            body: Some(text.into()),
        }
    }
}
