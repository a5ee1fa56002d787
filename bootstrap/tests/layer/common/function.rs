//! One run of the layer's binary as a function's bootstrap.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::{self, Request, Scripted, Step};
pub(crate) use coldspark_emulator::under_test::{limit, runner, wait_until};
use serde_json::Value;

use super::answer::Answer;
use super::package::Package;
use super::process;

pub(crate) fn binary() -> PathBuf {
    match env::var_os("COLDSPARK_TEST_BINARIES").filter(|folder| !folder.is_empty()) {
        Some(folder) => Path::new(&folder).join("layer").join("bootstrap"),
        None => PathBuf::from(env!("CARGO_BIN_EXE_bootstrap")),
    }
}

/// The machine number in the ELF header of the binary under test.
pub(crate) fn machine() -> u8 {
    fs::read(binary()).expect("the binary")[18]
}

/// The answer to `next`: an event with a minute to go.
pub(crate) fn event(id: &str, body: impl Into<Vec<u8>>) -> Reply {
    script::event(id, body)
}

/// An event with this many milliseconds to go.
pub(crate) fn urgent(id: &str, body: &str, left: u64) -> Reply {
    script::event_within(Duration::from_millis(left), id, body)
}

/// The binary with nothing set, under its runner if there is one.
pub(crate) fn bare_command() -> Command {
    let Some(runner) = runner() else {
        return Command::new(binary());
    };
    let mut command = Command::new(runner);
    command.arg(binary());
    command
}

/// The binary as the bootstrap of this package.
pub(crate) fn command(handler: impl AsRef<OsStr>, package: &Package, address: &str) -> Command {
    let mut log = OpenOptions::new();
    let log = log
        .create(true)
        .append(true)
        .open(package.log())
        .expect("a log file");
    let mut command = bare_command();
    command.env_clear();
    command.envs(env::var_os("PATH").map(|path| ("PATH", path)));
    command.env("AWS_LAMBDA_RUNTIME_API", address);
    command.env("_HANDLER", handler.as_ref());
    command.env("LAMBDA_TASK_ROOT", package.task());
    command.env("COLDSPARK_LAYER_ROOT", package.layer());
    command.current_dir(package.task());
    command.stdin(Stdio::null());
    command.stdout(log.try_clone().expect("a second handle"));
    command.stderr(log);
    command
}

/// A running bootstrap.
pub(crate) struct Function {
    pub(crate) api: Scripted,
    pub(crate) package: Package,
    child: Child,
    invocations: usize,
}

impl Function {
    /// Starts the binary for this handler of the package.
    pub(crate) fn start(handler: &str, package: Package) -> Self {
        Self::start_with(handler, package, |_| {})
    }

    /// Starts it with environment variables.
    pub(crate) fn start_env(handler: &str, package: Package, variables: &[(&str, &str)]) -> Self {
        Self::start_with(handler, package, |command| {
            command.envs(variables.iter().copied());
        })
    }

    /// Starts it with a command that the closure changes before it runs.
    pub(crate) fn start_with(
        handler: impl AsRef<OsStr>,
        package: Package,
        change: impl FnOnce(&mut Command),
    ) -> Self {
        let api = Scripted::start(Vec::<Step>::new());
        let mut command = command(handler, &package, &api.address());
        change(&mut command);
        let child = command.spawn().expect("the bootstrap starts");
        Self {
            api,
            package,
            child,
            invocations: 0,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its only child.
    #[track_caller]
    pub(crate) fn worker(&self) -> u32 {
        let children = process::children(self.pid());
        assert_eq!(children.len(), 1, "{children:?}");
        children[0]
    }

    /// Everything that was logged so far.
    pub(crate) fn log(&self) -> String {
        self.package.logged()
    }

    /// Waits until the condition holds.
    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        wait_until(what, || holds(self), || self.log());
    }

    /// The last answer as it was posted.
    #[track_caller]
    pub(crate) fn posted(&self) -> Request {
        let requests = self.api.wait_for(2 * self.invocations, limit());
        let request = requests[2 * self.invocations - 1].clone();
        assert!(request.is_complete(), "{request:?}; {}", self.log());
        request
    }

    /// Waits until the bootstrap asks for the first or next event.
    #[track_caller]
    pub(crate) fn wait_idle(&self) {
        let requests = self.api.wait_for(2 * self.invocations + 1, limit());
        let last = &requests[2 * self.invocations];
        assert_eq!(
            last.method,
            "GET",
            "{} {}; {}",
            last.path,
            last.text(),
            self.log()
        );
    }

    /// Sends the bootstrap an event without waiting for the answer.
    pub(crate) fn send(&mut self, event: Reply) {
        self.send_answered(event, script::status(202));
    }

    /// Sends an event, to whose answer the Runtime API gives this reply.
    pub(crate) fn send_answered(&mut self, event: Reply, answer: impl Into<Step>) {
        self.api.push_all([event.into(), answer.into()]);
        self.invocations += 1;
    }

    /// Waits until the bootstrap ends by itself.
    #[track_caller]
    pub(crate) fn status(&mut self) -> ExitStatus {
        let package = &self.package;
        process::wait_for_end(&mut self.child, || package.logged())
    }

    /// The answer to the last event.
    #[track_caller]
    pub(crate) fn receive(&self) -> Answer {
        let requests = self.api.wait_for(2 * self.invocations, limit());
        let [next, answer] = &requests[2 * self.invocations - 2..2 * self.invocations] else {
            panic!("two requests");
        };
        assert_eq!(
            next.method,
            "GET",
            "{} {}; {}",
            next.path,
            next.text(),
            self.log()
        );
        Answer::of(answer)
    }

    #[track_caller]
    pub(crate) fn invoke_event(&mut self, event: Reply) -> Answer {
        self.send(event);
        self.receive()
    }

    /// One event with this body, under an id of its own.
    #[track_caller]
    pub(crate) fn invoke(&mut self, body: impl Into<Vec<u8>>) -> Answer {
        let id = format!("request-{}", self.invocations + 1);
        self.invoke_event(event(&id, body))
    }

    /// Expects that init fails with an error of this type, whose message holds these texts, and
    /// that the process then ends with status 1.
    #[track_caller]
    pub(crate) fn assert_init_error(mut self, expected: &str, texts: &[&str]) -> String {
        self.init_error(expected, texts)
    }

    /// The same; the package stays.
    #[track_caller]
    pub(crate) fn init_error(&mut self, expected: &str, texts: &[&str]) -> String {
        self.api.push(script::status(202));
        let request = &self.api.wait_for(1, limit())[0];
        assert!(
            request.path.ends_with("/init/error"),
            "{} {}",
            request.path,
            self.log()
        );
        let json: Value = serde_json::from_slice(&request.body).expect("JSON of an error");
        let message = json["errorMessage"].as_str().expect("a message").to_owned();
        assert_eq!(json["errorType"], expected, "{message}");
        for text in texts {
            assert!(message.contains(text), "no {text:?} in: {message}");
        }
        assert_eq!(self.child.wait().expect("its status").code(), Some(1));
        message
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        process::end(&mut self.child);
    }
}
