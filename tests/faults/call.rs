//! The calls of the Runtime API, and a scene in which each is made.

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::{self, Step};
use serde_json::json;

use super::common::{Function, function};
use super::scene::Scene;

/// The id of the event that a fault concerns.
pub(super) const CASE: &str = "case";
/// The event's body, and its response.
pub(super) const BODY: &[u8] = b"some body";
/// The response to the event behind it.
pub(super) const AFTER: &[u8] = b"7";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Next,
    Response,
    Error,
    Streamed,
    InitError,
    RestoreNext,
    RestoreError,
}

impl Call {
    pub(super) const ALL: [Self; 7] = [
        Self::Next,
        Self::Response,
        Self::Error,
        Self::Streamed,
        Self::InitError,
        Self::RestoreNext,
        Self::RestoreError,
    ];

    pub(super) fn heading(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Response => "response",
            Self::Error => "error",
            Self::Streamed => "streamed response",
            Self::InitError => "init/error",
            Self::RestoreNext => "restore/next",
            Self::RestoreError => "restore/error",
        }
    }

    pub(super) fn of(heading: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|call| call.heading() == heading)
    }

    /// Whether it asks, and may be made again when no byte of the reply came.
    pub(super) fn asks(self) -> bool {
        matches!(self, Self::Next | Self::RestoreNext)
    }

    /// Whether it answers an event.
    pub(super) fn is_answer(self) -> bool {
        matches!(self, Self::Response | Self::Error | Self::Streamed)
    }

    /// Whether the process ends after it in any case.
    pub(super) fn is_last(self) -> bool {
        matches!(self, Self::InitError | Self::RestoreError)
    }

    /// The reply without a fault.
    pub(super) fn good(self) -> Reply {
        match self {
            Self::Next => script::event(CASE, BODY),
            // With a body, which it has not on Lambda, so that there is something to break.
            Self::RestoreNext => Reply::new(200).body("restored!"),
            _ => script::status(202),
        }
    }

    /// The function that makes the call as soon as it can.
    pub(super) fn scene(self) -> Scene {
        match self {
            Self::Next => bringing(functions("echo")),
            Self::Response => Scene::new(functions("echo"), [case(BODY)], AFTER),
            Self::Error => Scene::new(functions("parse"), [case(b"\"none\"")], b"\"7\""),
            Self::Streamed => streaming(&json!([{ "Write": "some body" }])),
            Self::InitError => Scene::new(function("fixture-init").handler("error"), [], b""),
            Self::RestoreNext => Scene::new(functions("echo").snap_start(), [], AFTER),
            Self::RestoreError => {
                let function = function("fixture-restore").handler("after 1 fails");
                let restored = script::status(200).into();
                Scene::new(function.snap_start(), [restored], b"")
            }
        }
    }

    /// The same with a handler that waits to be told, if the call is made behind a handler.
    pub(super) fn waiting(self) -> Scene {
        match self {
            Self::Next => bringing(functions("wait")),
            Self::Response => Scene::new(functions("wait"), [case(BODY)], AFTER),
            Self::Error => Scene::new(functions("wait"), [case(b"fail")], AFTER),
            Self::Streamed => streaming(&json!(["Await", { "Write": "some body" }])),
            other => other.scene(),
        }
    }
}

/// The event that a fault concerns.
pub(super) fn case(body: &[u8]) -> Step {
    script::event(CASE, body).into()
}

fn functions(handler: &str) -> Function {
    function("fixture-functions").handler(handler)
}

/// The call brings an event, whose answer is taken.
fn bringing(function: Function) -> Scene {
    let mut scene = Scene::new(function, [], AFTER);
    scene.after.insert(0, script::status(202).into());
    scene
}

fn streaming(event: &serde_json::Value) -> Scene {
    let function = function("fixture-stream").handler("script");
    let after = br#"[{"Whole":"7"}]"#;
    Scene::new(function, [case(event.to_string().as_bytes())], after)
}

trait SnapStart {
    fn snap_start(self) -> Self;
}

impl SnapStart for Function {
    fn snap_start(self) -> Self {
        self.env("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    }
}
