//! The Extensions API: the registered extensions, and which have asked for their next event. It has no
//! sockets.
//!
//! As AWS's Runtime Interface Emulator does: registration ends when the runtime asks for its first
//! event (or for the restore), and the init phase lasts until each registered extension has asked
//! for an event as well. An extension that a program outside the runtime's process registers is
//! external; its name has to be in [`Config::external_extensions`](super::Config), because Lambda
//! knows it from the folder it starts it from. `SHUTDOWN` is not sent: nothing here starts
//! extensions, so nothing ends them.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};

use super::in_hand::InHand;
use super::refusal::Refusal;

/// How long Lambda waits between SIGTERM and SIGKILL when all extensions are internal.
const INTERNAL_GRACE: Duration = Duration::from_millis(500);
/// How long it waits with an external extension.
const EXTERNAL_GRACE: Duration = Duration::from_secs(2);
/// Lambda's limit.
const MAX_EXTENSIONS: usize = 10;

const NO_NAME: Refusal = Refusal::new(
    403,
    "Extension.InvalidExtensionName",
    "Empty extension name",
);
const BAD_BODY: Refusal = Refusal::new(
    403,
    "InvalidRequestFormat",
    "The body is not {\"events\":[...]}",
);
const BAD_EVENT: Refusal = Refusal::new(
    403,
    "Extension.InvalidEventType",
    "Events are INVOKE and, for external extensions, SHUTDOWN",
);
const CLOSED: Refusal = Refusal::new(
    403,
    "Extension.RegistrationClosed",
    "Extension registration closed already",
);
const SAME_NAME: Refusal = Refusal::new(
    403,
    "Extension.InvalidExtensionState",
    "Extension with this name already registered",
);
const TOO_MANY: Refusal = Refusal::new(
    403,
    "Extension.TooManyExtensions",
    "Extension limit (10) reached",
);
const NO_ID: Refusal = Refusal::new(
    403,
    "Extension.MissingExtensionIdentifier",
    "Missing Lambda-Extension-Identifier header",
);
const UNKNOWN: Refusal = Refusal::new(
    403,
    "Extension.UnknownExtensionIdentifier",
    "Unknown extension",
);
const ASKED_TWICE: Refusal = Refusal::new(
    403,
    "Extension.InvalidExtensionState",
    "The extension waits for its next event already",
);

#[derive(Debug)]
pub(super) struct Extensions {
    external: Vec<String>,
    registered: Vec<Extension>,
}

#[derive(Debug)]
struct Extension {
    id: String,
    name: String,
    external: bool,
    /// Whether it wants to be told of invocations.
    invoke: bool,
    /// Whether it has asked for an event that it has not got. Stays so when its connection ends.
    waiting: bool,
    events: VecDeque<Vec<u8>>,
}

impl Extensions {
    pub(super) fn new(external: Vec<String>) -> Extensions {
        Extensions {
            external,
            registered: Vec::new(),
        }
    }

    /// Registers an extension under a fresh id, unless registration is closed.
    pub(super) fn register(
        &mut self,
        name: Option<&str>,
        body: &[u8],
        id: &str,
        closed: bool,
    ) -> Result<(), Refusal> {
        let name = name.filter(|name| !name.is_empty()).ok_or(NO_NAME)?;
        let external = self.external.iter().any(|known| known == name);
        let invoke = wants_invoke(body, external)?;
        if closed {
            return Err(CLOSED);
        }
        if self.registered.iter().any(|other| other.name == name) {
            return Err(SAME_NAME);
        }
        if self.registered.len() == MAX_EXTENSIONS {
            return Err(TOO_MANY);
        }
        self.registered.push(Extension {
            id: id.to_owned(),
            name: name.to_owned(),
            external,
            invoke,
            waiting: false,
            events: VecDeque::new(),
        });
        Ok(())
    }

    /// The extension with this id asks for its next event.
    pub(super) fn asks(&mut self, id: Option<&str>) -> Result<(), Refusal> {
        let id = id.ok_or(NO_ID)?;
        let extension = self.find(id).ok_or(UNKNOWN)?;
        if extension.waiting {
            return Err(ASKED_TWICE);
        }
        extension.waiting = true;
        Ok(())
    }

    /// The next event for the extension with this id, if there is one.
    pub(super) fn take(&mut self, id: &str) -> Option<Vec<u8>> {
        let extension = self.find(id)?;
        let event = extension.events.pop_front()?;
        extension.waiting = false;
        Some(event)
    }

    /// Whether each has asked for its next event. Nothing else goes on until then.
    pub(super) fn are_ready(&self) -> bool {
        self.registered.iter().all(|extension| extension.waiting)
    }

    /// Tells those who want to know of an invocation.
    pub(super) fn invoked(&mut self, in_hand: &InHand, function_arn: &str) {
        let interested = self.registered.iter_mut().filter(|one| one.invoke);
        for extension in interested {
            let invocation = &in_hand.invocation;
            let event = json!({
                "eventType": "INVOKE",
                "deadlineMs": in_hand.deadline_ms(),
                "requestId": invocation.request_id,
                "invokedFunctionArn": function_arn,
                "tracing": {"type": "X-Amzn-Trace-Id", "value": invocation.trace_id},
            });
            extension.events.push_back(event.to_string().into_bytes());
        }
    }

    /// How long the runtime has between SIGTERM and SIGKILL; without an extension Lambda sends no
    /// SIGTERM.
    pub(super) fn grace(&self) -> Option<Duration> {
        let external = self.registered.iter().any(|extension| extension.external);
        match self.registered.len() {
            0 => None,
            _ if external => Some(EXTERNAL_GRACE),
            _ => Some(INTERNAL_GRACE),
        }
    }

    pub(super) fn clear(&mut self) {
        self.registered.clear();
    }

    fn find(&mut self, id: &str) -> Option<&mut Extension> {
        self.registered
            .iter_mut()
            .find(|extension| extension.id == id)
    }
}

/// Whether the body of a registration asks for `INVOKE`.
fn wants_invoke(body: &[u8], external: bool) -> Result<bool, Refusal> {
    let body: Value = serde_json::from_slice(body).map_err(|_| BAD_BODY)?;
    let events = match body.get("events") {
        None if body.is_object() => return Ok(false),
        Some(Value::Array(events)) => events,
        _ => return Err(BAD_BODY),
    };
    let mut invoke = false;
    for event in events {
        match event.as_str() {
            Some("INVOKE") => invoke = true,
            Some("SHUTDOWN") if external => {}
            _ => return Err(BAD_EVENT),
        }
    }
    Ok(invoke)
}
