//! The Extensions API, version 2020-01-01, as far as a runtime needs it: to be an internal
//! extension without events, which makes Lambda send SIGTERM before it ends the environment.
//!
//! Registration ends when the first `next` of the Runtime API comes, and init only ends when each
//! registered extension has asked for its next event. An extension that asks for no events gets no event, so
//! the reply to that is never read.
//!
//! Source: the Lambda developer guide, "Using the Lambda Extensions API to create extensions".

use super::error::Call;
use super::{ApiError, JSON, header};
use crate::client::{Reply, Request, Unread};
use crate::settings::Endpoint;

const API: &str = "/2020-01-01/extension/";
const NAME: (&str, &str) = ("Lambda-Extension-Name", "coldspark-shutdown");
const IDENTIFIER: &str = "Lambda-Extension-Identifier";

/// A registered extension.
pub(crate) struct Extension {
    endpoint: &'static Endpoint,
    identifier: String,
    /// Open as long as the extension waits.
    connection: Unread,
}

impl Extension {
    /// `POST extension/register`, then `GET extension/event/next`, whose reply is not waited for.
    pub(crate) fn register(endpoint: &'static Endpoint) -> Result<Self, ApiError> {
        let failed = |error| ApiError::Client(Call::Register, error);
        let mut connection = Unread::open(endpoint).map_err(failed)?;
        let mut reply = Reply::acknowledgement();
        let request = Request {
            path: [API, "register", ""],
            headers: &[NAME, (header::CONTENT_TYPE, JSON)],
            body: Some(b"{\"events\":[]}"),
        };
        connection.exchange(&request, &mut reply).map_err(failed)?;
        let identifier = reply.header(IDENTIFIER).map(String::from_utf8_lossy);
        let identifier = match identifier {
            Some(identifier) if reply.status == 200 => identifier.into_owned(),
            _ => return Err(ApiError::status(Call::Register, &reply)),
        };
        let mut extension = Self {
            endpoint,
            identifier,
            connection,
        };
        extension.ask().map_err(failed)?;
        Ok(extension)
    }

    /// Asks again on a new connection: no connection survives a snapshot. A failure is not logged, since
    /// Lambda knows the extension in any case.
    pub(crate) fn ask_again(&mut self) {
        if let Ok(connection) = Unread::open(self.endpoint) {
            self.connection = connection;
            let _ = self.ask();
        }
    }

    fn ask(&mut self) -> Result<(), crate::client::ClientError> {
        self.connection.send(&Request {
            path: [API, "event/next", ""],
            headers: &[(IDENTIFIER, &self.identifier)],
            body: None,
        })
    }
}
