//! The bootstraps under AWS's own Runtime Interface Emulator.
//!
//! Needs `COLDSPARK_RIE`, the emulator's binary, and `COLDSPARK_TEST_BINARIES`; scripts/test sets
//! both. What the emulator answers in which case was measured, not documented.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// The emulator with one function; ends with the value.
struct Rie {
    process: Child,
    invoke: String,
    log: PathBuf,
}

impl Rie {
    fn start(name: &str, handler: &str, task_root: &str) -> Self {
        let [invoke, api] = free_ports();
        let log = env::temp_dir().join(format!("coldspark-rie-{invoke}.log"));
        let output = File::create(&log).expect("a log file");
        let mut command = Command::new(variable("COLDSPARK_RIE"));
        command.env_clear();
        command.env("AWS_LAMBDA_FUNCTION_TIMEOUT", "60");
        command.env("LAMBDA_TASK_ROOT", task_root);
        command.arg("--runtime-interface-emulator-address");
        command.arg(format!("127.0.0.1:{invoke}"));
        command.arg("--runtime-api-address");
        command.arg(format!("127.0.0.1:{api}"));
        if let Some(runner) = env::var_os("COLDSPARK_TEST_RUNNER").filter(|path| !path.is_empty()) {
            command.arg(runner);
        }
        command.arg(binaries().join(name).join("bootstrap"));
        command.arg(handler);
        command.stdin(Stdio::null());
        command.stdout(output.try_clone().expect("a second handle"));
        command.stderr(output);
        let process = command.spawn().expect("the emulator starts");
        let invoke = format!("http://127.0.0.1:{invoke}/2015-03-31/functions/function/invocations");
        Self {
            process,
            invoke,
            log,
        }
    }

    /// Invokes the function and gives the HTTP status and the body.
    fn invoke(&self, event: &[u8]) -> (u16, Vec<u8>) {
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
                Err(error) => panic!("{error}\n{}", self.log()),
            }
        }
        panic!("the emulator does not listen\n{}", self.log());
    }

    fn invoke_json(&self, event: &Value) -> (u16, Value) {
        let (status, body) = self.invoke(event.to_string().as_bytes());
        let json = serde_json::from_slice(&body).unwrap_or_else(|error| {
            let body = String::from_utf8_lossy(&body);
            panic!("{status} {body:?}: {error}\n{}", self.log())
        });
        (status, json)
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Rie {
    fn drop(&mut self) {
        // By SIGTERM it ends the function too.
        let _ = Command::new("kill")
            .arg(self.process.id().to_string())
            .status();
        let _ = self.process.wait();
        let _ = fs::remove_file(&self.log);
    }
}

fn variable(name: &str) -> OsString {
    env::var_os(name).unwrap_or_else(|| panic!("{name} is not set; run scripts/test"))
}

fn binaries() -> PathBuf {
    variable("COLDSPARK_TEST_BINARIES").into()
}

fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("its address").port())
}

fn orders() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/examples/orders")
}

#[test]
#[ignore = "needs the Runtime Interface Emulator: run scripts/test"]
fn hello_returns_its_events() {
    let rie = Rie::start("hello", "hello", "/");
    for event in [
        json!({}),
        json!({"a": [1, 2.5, "\u{1F980}"]}),
        json!("text"),
    ] {
        assert_eq!(rie.invoke_json(&event), (200, event));
    }
    let large = format!("\"{}\"", "x".repeat(6 * 1024 * 1024));
    let (status, body) = rie.invoke(large.as_bytes());
    assert_eq!((status, body.len()), (200, large.len()), "{}", rie.log());
    assert!(body == large.as_bytes());
    assert_eq!(rie.log().matches("INIT START").count(), 1, "{}", rie.log());
}

#[test]
#[ignore = "needs the Runtime Interface Emulator: run scripts/test"]
fn orders_answers_and_its_errors_keep_the_process() {
    let rie = Rie::start("orders", "orders.create", orders());
    let order = json!({"items": [{"article": "rope", "quantity": 2}]});
    for _ in 0..2 {
        let (status, receipt) = rie.invoke_json(&order);
        assert_eq!(status, 200, "{}", rie.log());
        assert_eq!(
            (&receipt["pieces"], &receipt["total"]),
            (&json!(2), &json!(700))
        );
        // The emulator gives a handler's error with status 200 and without a mark.
        let unknown = json!({"items": [{"article": "moon", "quantity": 1}]});
        let (status, error) = rie.invoke_json(&unknown);
        assert_eq!(
            (status, &error["errorType"]),
            (200, &json!("Order.UnknownArticle"))
        );
        let (status, error) = rie.invoke_json(&json!([]));
        assert_eq!(
            (status, &error["errorType"]),
            (200, &json!("Runtime.InvalidEvent"))
        );
    }
    assert_eq!(rie.log().matches("INIT START").count(), 1, "{}", rie.log());
}

#[test]
#[ignore = "needs the Runtime Interface Emulator: run scripts/test"]
fn a_failed_init_step_is_what_the_caller_sees() {
    let rie = Rie::start("orders", "orders.create", "/nowhere");
    let (status, error) = rie.invoke_json(&json!({}));
    assert_eq!(
        (status, &error["errorType"]),
        (502, &json!("Orders.NoPrices")),
        "{}",
        rie.log()
    );
    let message = error["errorMessage"].as_str().unwrap_or_default();
    assert!(message.contains("/nowhere/prices.json"), "{message}");
    assert!(rie.log().contains("exit status 1"), "{}", rie.log());
}

#[test]
#[ignore = "needs the Runtime Interface Emulator: run scripts/test"]
fn an_unknown_handler_is_what_the_caller_sees() {
    let rie = Rie::start("orders", "orders.cancel", orders());
    let (status, error) = rie.invoke_json(&json!({}));
    assert_eq!(
        (status, &error["errorType"]),
        (502, &json!("Runtime.NoSuchHandler"))
    );
    let message = error["errorMessage"].as_str().unwrap_or_default();
    for known in ["orders.cancel", "orders.create", "orders.price"] {
        assert!(message.contains(known), "{message}");
    }
}

#[test]
#[ignore = "needs the Runtime Interface Emulator: run scripts/test"]
fn the_largest_response_is_taken() {
    let rie = Rie::start("hello", "hello", "/");
    let largest = vec![b'1'; 6 * 1024 * 1024 + 100];
    let (status, body) = rie.invoke(&largest);
    assert_eq!((status, body.len()), (200, largest.len()), "{}", rie.log());
    assert_eq!(rie.invoke_json(&json!({"a": 1})), (200, json!({"a": 1})));
}
