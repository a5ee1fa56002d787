//! AWS's Runtime Interface Emulator. Its answers were measured; they are not documented.

use std::env;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::binaries::runner;
use super::free_port;

/// What the emulator panics with when a function has exited before it noted that it had started
/// it: about one failed init in a few hundred is that fast.
const TOO_FAST: &str = "it should have been created just after it was execed";
const TIMEOUT: &str = "AWS_LAMBDA_FUNCTION_TIMEOUT";

/// The emulator with one function; it ends when the value is dropped.
pub(crate) struct Rie {
    running: Mutex<Running>,
    invoke: String,
    log: PathBuf,
}

struct Running {
    command: Command,
    process: Child,
}

impl Rie {
    /// Starts the emulator with a bootstrap and its `_HANDLER`.
    pub(crate) fn start(name: &str, handler: &str, task_root: &str) -> Self {
        Self::launch(|flags| {
            let mut command = Command::new(variable("COLDSPARK_RIE"));
            command.env_clear();
            command.env("LAMBDA_TASK_ROOT", task_root);
            command.args(flags);
            command.args(runner());
            command.arg(
                PathBuf::from(variable("COLDSPARK_TEST_BINARIES"))
                    .join(name)
                    .join("bootstrap"),
            );
            command.arg(handler);
            command
        })
    }

    /// Starts the command that the closure makes from the emulator's flags.
    pub(crate) fn launch(make: impl FnOnce(&[String]) -> Command) -> Self {
        let [invoke, api] = [(); 2].map(|()| free_port());
        let log = env::temp_dir().join(format!("coldspark-rie-{invoke}.log"));
        let output = OpenOptions::new().append(true).create(true).open(&log);
        let output = output.expect("a log file");
        let mut command = make(&[
            "--runtime-interface-emulator-address".to_owned(),
            format!("127.0.0.1:{invoke}"),
            "--runtime-api-address".to_owned(),
            format!("127.0.0.1:{api}"),
        ]);
        if command.get_envs().all(|(name, _)| name != TIMEOUT) {
            command.env(TIMEOUT, "60");
        }
        command.stdin(Stdio::null());
        command.stdout(output.try_clone().expect("a second handle"));
        command.stderr(output);
        let process = command.spawn().expect("the emulator starts");
        let invoke = format!("http://127.0.0.1:{invoke}/2015-03-31/functions/function/invocations");
        Self {
            running: Mutex::new(Running { command, process }),
            invoke,
            log,
        }
    }

    /// Starts the emulator again if it has ended by [`TOO_FAST`]; returns whether it had.
    fn restart_after_crash(&self) -> bool {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        // It closes its connections before it has ended.
        for _ in 0..100 {
            if running.process.try_wait().expect("its status").is_none() {
                thread::sleep(Duration::from_millis(20));
                continue;
            }
            if !self.log().contains(TOO_FAST) {
                return false;
            }
            eprintln!("the emulator has crashed: {TOO_FAST}; started again");
            fs::write(&self.log, "").expect("an empty log");
            running.process = running.command.spawn().expect("the emulator starts");
            return true;
        }
        false
    }

    /// Invokes the function and returns the HTTP status and the body.
    pub(crate) fn invoke(&self, event: &[u8]) -> (u16, Vec<u8>) {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        for _ in 0..600 {
            match agent.post(&self.invoke).send(event) {
                Ok(mut response) => {
                    let limit = 16 * 1024 * 1024;
                    let body = response.body_mut().with_config().limit(limit).read_to_vec();
                    let body = body.unwrap_or_else(|error| panic!("{error}\n{}", self.log()));
                    return (response.status().as_u16(), body);
                }
                // It needs a moment until it listens.
                Err(ureq::Error::Io(error))
                    if error.kind() == std::io::ErrorKind::ConnectionRefused =>
                {
                    thread::sleep(Duration::from_millis(50));
                }
                Err(_) if self.restart_after_crash() => {}
                Err(error) => panic!("{error}\n{}", self.log()),
            }
        }
        panic!("the emulator does not listen\n{}", self.log());
    }

    pub(crate) fn invoke_json(&self, event: &Value) -> (u16, Value) {
        let (status, body) = self.invoke(event.to_string().as_bytes());
        let json = serde_json::from_slice(&body).unwrap_or_else(|error| {
            let body = String::from_utf8_lossy(&body);
            panic!("{status} {body:?}: {error}\n{}", self.log())
        });
        (status, json)
    }

    /// Ends the emulator, which ends the environment first, and returns its log.
    pub(crate) fn terminate(&self) -> String {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let id = running.process.id().to_string();
        let _ = Command::new("kill").arg(id).status();
        let _ = running.process.wait();
        self.log()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Rie {
    fn drop(&mut self) {
        // By SIGTERM it ends the function too.
        let running = self.running.get_mut();
        let process = &mut running.unwrap_or_else(PoisonError::into_inner).process;
        let _ = Command::new("kill").arg(process.id().to_string()).status();
        let _ = process.wait();
        let _ = fs::remove_file(&self.log);
    }
}

/// An environment variable that scripts/test sets.
pub(crate) fn variable(name: &str) -> OsString {
    env::var_os(name).unwrap_or_else(|| panic!("{name} is not set; run scripts/test"))
}
