//! Requests of an internal extension. They take no steps: registration is granted unless the script
//! refuses it, and the call for an event waits.

use std::collections::HashSet;
use std::sync::Arc;

use super::Scripted;
use super::shared::Shared;
use crate::http::{Connection, Head, Request};

const API: &str = "/2020-01-01/extension/";

/// The requests of extensions, and how they are answered.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    requests: Vec<Request>,
    /// The status with which registrations are refused, if they are.
    refusal: Option<u16>,
}

impl Extensions {
    pub(super) fn connections(&self) -> usize {
        let connections = self.requests.iter().map(|request| request.connection);
        connections.collect::<HashSet<_>>().len()
    }
}

impl Scripted {
    /// The requests of an internal extension so far.
    #[must_use]
    pub fn extension_requests(&self) -> Vec<Request> {
        self.shared.lock().extensions.requests.clone()
    }

    /// From now on extensions are refused with this status.
    #[must_use]
    pub fn refusing_extensions(self, status: u16) -> Scripted {
        self.shared.lock().extensions.refusal = Some(status);
        self
    }
}

pub(super) fn is_extension_call(head: &Head) -> bool {
    head.path.contains(API)
}

/// Serves one request; returns whether the connection goes on.
pub(super) fn request(shared: &Arc<Shared>, connection: &mut Connection, head: Head) -> bool {
    let body = connection.read_body(&head, usize::MAX);
    let registers = head.method == "POST";
    let request = Request::new(connection.number(), head, body);
    let mut state = shared.lock();
    state.extensions.requests.push(request);
    let status = state.extensions.refusal.unwrap_or(200);
    drop(state);
    if !registers {
        shared.await_end();
        return false;
    }
    let reply = super::status(status).header("Lambda-Extension-Identifier", "extension-1");
    connection.write(&reply.to_bytes()).is_ok()
}
