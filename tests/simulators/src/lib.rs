//! Functions under emulators of Lambda that others wrote: what ours hides, they may show.
//!
//! `COLDSPARK_TEST_BINARIES` is a folder with `<name>/bootstrap`; scripts/test sets it. The tests of
//! the crate lambda-simulator are beside this file, those of ministack in `under_ministack.py`.

use std::env;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lambda_simulator::{FreezeMode, InvocationState, Simulator};
use serde_json::Value;
use tokio::runtime::Runtime;

/// How long what should come at once is waited for. Only ever reached by a failure.
pub const LIMIT: Duration = Duration::from_secs(60);

/// A function's process with the simulator it talks to; both end with the value.
pub struct Environment {
    simulator: Option<Simulator>,
    runtime: Runtime,
    process: Child,
    log: PathBuf,
}

impl Environment {
    /// Starts the function of that name with this `_HANDLER` and these further variables. With
    /// `frozen` it is stopped when its answer was received, until the next event.
    #[track_caller]
    pub fn start(name: &str, handler: &str, frozen: bool, variables: &[(&str, &str)]) -> Self {
        let runtime = Runtime::new().expect("a runtime of tokio");
        let mode = if frozen {
            FreezeMode::Process
        } else {
            FreezeMode::None
        };
        let built = runtime.block_on(
            Simulator::builder()
                .function_name("function")
                .handler(handler)
                .invocation_timeout(LIMIT)
                .freeze_mode(mode)
                .build(),
        );
        let simulator = built.unwrap_or_else(|error| panic!("the simulator: {error}"));
        let port = simulator.addr().port();
        let log = env::temp_dir().join(format!("coldspark-simulator-{port}.log"));
        let output = std::fs::File::create(&log).expect("a log file");
        let binaries = env::var_os("COLDSPARK_TEST_BINARIES");
        let binaries = binaries.expect("COLDSPARK_TEST_BINARIES is set; run scripts/test");
        let process = Command::new(Path::new(&binaries).join(name).join("bootstrap"))
            .env_clear()
            .envs(simulator.lambda_env_vars())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle"))
            .stderr(output)
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        simulator.register_freeze_pid(process.id());
        Self {
            simulator: Some(simulator),
            runtime,
            process,
            log,
        }
    }

    fn simulator(&self) -> &Simulator {
        self.simulator.as_ref().expect("it has not ended")
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Queues an event and gives its id.
    pub fn submit(&self, event: Value) -> String {
        self.wait(self.simulator().enqueue_payload(event))
    }

    /// What became of an event.
    #[track_caller]
    pub fn outcome(&self, id: &str) -> InvocationState {
        let done = self.wait(self.simulator().wait_for_invocation_complete(id, LIMIT));
        done.unwrap_or_else(|error| panic!("{error}\n{}", self.log()))
    }

    /// The response to this event.
    #[track_caller]
    pub fn invoke(&self, event: Value) -> Value {
        let outcome = self.outcome(&self.submit(event));
        match outcome.response {
            Some(response) => response.payload,
            None => panic!("{:?}\n{}", outcome.error, self.log()),
        }
    }

    /// Type and message of the error that this event has.
    #[track_caller]
    pub fn fail(&self, event: Value) -> (String, String) {
        let outcome = self.outcome(&self.submit(event));
        match outcome.error {
            Some(error) => (error.error_type, error.error_message),
            None => panic!("{:?}\n{}", outcome.response, self.log()),
        }
    }

    /// Waits until the simulator has stopped the process.
    #[track_caller]
    pub fn wait_until_frozen(&self) {
        let frozen = self.wait(self.simulator().wait_for_frozen(LIMIT));
        frozen.unwrap_or_else(|error| panic!("{error}\n{}", self.log()));
    }

    /// How many extensions are registered.
    pub fn extensions(&self) -> usize {
        self.wait(self.simulator().extension_count())
    }

    /// The init error that was posted.
    pub fn init_error(&self) -> Option<String> {
        self.wait(self.simulator().get_init_error())
    }

    /// The exit status, when the process ends by itself.
    #[track_caller]
    pub fn exit(&mut self) -> ExitStatus {
        let until = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.process.try_wait().expect("a child") {
                return status;
            }
            assert!(Instant::now() < until, "it goes on\n{}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends SIGTERM.
    #[track_caller]
    pub fn terminate(&self) {
        let sent = Command::new("kill")
            .arg(self.process.id().to_string())
            .status();
        assert!(sent.expect("kill runs").success());
    }

    /// What the function has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Some(simulator) = self.simulator.take() {
            self.runtime.block_on(simulator.shutdown());
        }
        let _ = std::fs::remove_file(&self.log);
    }
}
