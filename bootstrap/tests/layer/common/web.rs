//! A scripted web application: a process that the bootstrap starts, and a server in this test that
//! listens in its place.

use std::ffi::OsStr;
use std::process::Command;

use coldspark_emulator::http::{Reply, Request};
use coldspark_emulator::port::free_port;
use coldspark_emulator::script::{Scripted, Step};
use serde_json::{Value, json};

use super::function::limit;
use super::{Answer, Function, Package, process, workers};

/// The process that the server stands for; it ends when the file `die` is there.
pub(crate) const PROCESS: &str = "echo started >>starts; until [ -e die ]; do sleep 0.02; done; echo 'last words' >&2; rm die; exit 3";

/// The variables with the address of the Runtime API, and of what stands before it.
pub(crate) const API: &str = "AWS_LAMBDA_RUNTIME_API";
pub(crate) const PROXY: &str = "AWS_LWA_LAMBDA_RUNTIME_API_PROXY";

/// The address that the command has.
pub(crate) fn address(command: &Command) -> String {
    let value = command.get_envs().find(|(name, _)| *name == API);
    let value = value.and_then(|(_, value)| value).and_then(OsStr::to_str);
    value.expect("an address").to_owned()
}

/// Makes the emulator the proxy, and lets nobody listen where the Runtime API is.
pub(crate) fn behind_proxy(command: &mut Command, scheme: &str) {
    let proxy = scheme.to_owned() + &address(command);
    command.env(PROXY, proxy);
    command.env(API, format!("127.0.0.1:{}", free_port()));
}

/// The bootstrap, the application's process and its server.
pub(crate) struct Web {
    pub(crate) function: Function,
    pub(crate) app: Scripted,
}

/// An answer of the application with a body of this content type.
pub(crate) fn page(content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
    Reply::new(200)
        .header("Content-Type", content_type)
        .body(body)
}

/// The answer for a test that needs any answer.
pub(crate) fn text(body: &str) -> Reply {
    page("text/plain", body)
}

/// A function URL's event.
pub(crate) fn get(path: &str) -> Value {
    request("GET", path, "")
}

pub(crate) fn request(method: &str, path: &str, body: &str) -> Value {
    json!({
        "version": "2.0", "rawPath": path, "rawQueryString": "", "headers": {"host": "shop.example"},
        "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
        "body": body, "isBase64Encoded": false,
    })
}

impl Web {
    /// An application that has answered the readiness check.
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        Self::start_with(variables, [text("ready")])
    }

    /// An application with these answers, from the readiness check on.
    pub(crate) fn start_with(
        variables: &[(&str, &str)],
        steps: impl IntoIterator<Item = impl Into<Step>>,
    ) -> Self {
        Self::run(PROCESS, variables, steps, |_| {})
    }

    /// An application with its own process, and a command that the closure changes.
    pub(crate) fn run(
        process: &str,
        variables: &[(&str, &str)],
        steps: impl IntoIterator<Item = impl Into<Step>>,
        change: impl FnOnce(&mut Command),
    ) -> Self {
        let app = Scripted::start(steps);
        let port = app.port().to_string();
        let package = Package::new().executable("handler", workers::raw(process));
        let function = Function::start_with("http:handler", package, |command| {
            command.env("AWS_LWA_PORT", &port);
            command.envs(variables.iter().copied());
            change(command);
        });
        Self { function, app }
    }

    /// Sends an event, to which the application gives this answer.
    pub(crate) fn ask(&mut self, event: &Value, answer: impl Into<Step>) -> Answer {
        self.app.push(answer);
        self.function.invoke(event.to_string())
    }

    /// Sends an event, to which the application gives this answer; returns it as a front end reads it.
    #[track_caller]
    pub(crate) fn answer(&mut self, event: &Value, answer: impl Into<Step>) -> Value {
        let response = self.ask(event, answer).response();
        serde_json::from_slice(&response).expect("JSON for the front end")
    }

    /// The request that the application was sent for this event.
    #[track_caller]
    pub(crate) fn sent(&mut self, event: &Value) -> Request {
        let before = wait_for(&self.app, 1).len();
        let answer = self.answer(event, text("ok"));
        assert_eq!(answer["body"], "ok", "{answer}");
        let requests = self.app.requests();
        assert_eq!(requests.len(), before + 1);
        requests[before].clone()
    }

    /// Sends an event with a short time to go, when the bootstrap waits for one.
    #[track_caller]
    pub(crate) fn send_urgent(&mut self, event: &Value) {
        self.function.wait_idle();
        let event = super::function::urgent("urgent", &event.to_string(), 1500);
        self.function.send(event);
    }

    /// Waits until the process was started so often; never more often.
    #[track_caller]
    pub(crate) fn assert_starts(&self, count: usize) {
        let file = self.function.package.task().join("starts");
        let starts = || {
            std::fs::read_to_string(&file)
                .unwrap_or_default()
                .lines()
                .count()
        };
        self.function
            .wait_until("started so often", |_| starts() >= count);
        assert_eq!(starts(), count);
    }

    /// Ends the process, and waits for its end.
    #[track_caller]
    pub(crate) fn die(&self) {
        let pid = self.function.worker();
        let die = self.function.package.task().join("die");
        std::fs::write(die, "").expect("a file");
        let ended = |_: &Function| !process::is_running(pid);
        self.function.wait_until("the process has ended", ended);
    }
}

/// What was posted as a stream: the prelude as JSON, the body, and the error's type if there is one.
#[track_caller]
pub(crate) fn streamed(request: &Request) -> (Value, Vec<u8>, Option<String>) {
    assert_eq!(
        request.header("content-type"),
        Some("application/vnd.awslambda.http-integration-response"),
        "{request:?}"
    );
    let end = request.body.windows(8).position(|bytes| *bytes == [0; 8]);
    let end = end.expect("a prelude");
    let prelude = serde_json::from_slice(&request.body[..end]).expect("JSON of a prelude");
    let error = request.trailer("lambda-runtime-function-error-type");
    (
        prelude,
        request.body[end + 8..].to_vec(),
        error.map(str::to_owned),
    )
}

/// Waits until the bootstrap waits for an event.
#[track_caller]
pub(crate) fn idle(web: &Web) {
    web.function.wait_idle();
}

pub(crate) fn wait_for(app: &Scripted, count: usize) -> Vec<Request> {
    app.wait_for(count, limit())
}
