//! The mistakes that the guide for troubleshooting shows, made: what comes is what it says.
//!
//! Each text in the guide stands behind a comment `<!-- seen: GROUP/NAME -->`, and NAME is a case
//! here. Needs AWS's Runtime Interface Emulator and static bootstraps; scripts/test sees to it.

mod common;
#[path = "troubleshooting/riddles.rs"]
mod riddles;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Rie, function, runner, variable};

const GUIDE: &str = include_str!("../src/guide/troubleshooting.md");

#[test]
#[ignore = "needs the Runtime Interface Emulator: run scripts/test"]
fn texts_of_lambda_are_what_the_emulator_says() {
    check("platform/", platform);
}

#[test]
#[ignore = "needs the Runtime Interface Emulator: run scripts/test"]
fn texts_of_a_function_in_rust_are_what_its_caller_sees() {
    check("rust/", rust);
}

#[test]
#[ignore = "needs the Runtime Interface Emulator: run scripts/test"]
fn texts_of_the_layer_are_what_the_caller_sees() {
    check("layer/", layer);
}

#[test]
fn texts_of_the_compiler_are_what_it_says() {
    let project = riddles::Project::new();
    check("compiler/", |case| project.check(case));
    project.check_mended();
}

/// Nobody finds an error type on a page that does not have it.
#[test]
fn every_error_type_of_the_runtime_is_in_the_guide() {
    let sources = [
        include_str!("../src/error.rs"),
        include_str!("../bootstrap/src/error/mod.rs"),
    ];
    let lines = sources.iter().flat_map(|source| source.lines());
    let types: Vec<_> = lines
        .filter_map(|line| line.trim().split_once("pub"))
        .filter_map(|(_, item)| item.split_once("const "))
        .map(|(_, constant)| constant)
        .filter_map(|constant| constant.split('"').nth(1))
        .collect();
    assert!(types.len() > 15, "{types:?}");
    for error_type in types {
        assert!(GUIDE.contains(error_type), "{error_type} is not there");
    }
}

/// A text of the guide: the name of its case, and its lines.
fn texts() -> Vec<(&'static str, Vec<&'static str>)> {
    let parts = GUIDE.split("<!-- seen: ").skip(1);
    parts
        .map(|part| {
            let (name, rest) = part.split_once(" -->\n```text\n").expect("a block of text");
            let (text, _) = rest.split_once("\n```").expect("its end");
            (name, text.lines().collect())
        })
        .collect()
}

/// Makes each mistake of the group, and looks for every line of the guide in what comes.
fn check(group: &str, make: impl Fn(&str) -> String) {
    let mut made = 0;
    for (name, lines) in texts() {
        let Some(case) = name.strip_prefix(group) else {
            continue;
        };
        let seen = make(case);
        for line in lines {
            assert!(shows(&seen, line), "{name}: no {line:?} in\n{seen}");
        }
        made += 1;
    }
    assert!(made > 4, "{group}: {made}");
    assert_eq!(GUIDE.matches("```text").count(), texts().len());
}

/// Whether a line of what was seen has the parts of the pattern, which `...` separates, in order.
fn shows(seen: &str, pattern: &str) -> bool {
    seen.lines().any(|line| {
        let mut rest = line;
        pattern.trim_end().split("...").all(|part| {
            let found = rest.find(part);
            if let Some(at) = found {
                rest = &rest[at + part.len()..];
            }
            found.is_some()
        })
    })
}

/// A bootstrap or a package in a folder of its own.
struct Folder(PathBuf);

impl Folder {
    fn new(case: &str) -> Self {
        // Groups run at the same time, and two of them may have a case of one name.
        static FOLDERS: AtomicUsize = AtomicUsize::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        let name = format!("coldspark-trouble-{process}-{number}-{case}");
        let path = env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str, mode: u32, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The body of an invocation's answer, and the emulator's log.
fn seen(rie: &Rie, event: &[u8]) -> String {
    let (_, body) = rie.invoke(event);
    format!("{}\n{}", String::from_utf8_lossy(&body), rie.log())
}

fn platform(case: &str) -> String {
    let folder = Folder::new(case);
    let script = |text: &str| folder.file("bootstrap", 0o755, text);
    let bootstrap = match case {
        "permission-denied" => folder.file("bootstrap", 0o644, "#!/bin/sh\n"),
        "exec-format" => folder.file("bootstrap", 0o755, foreign()),
        "no-such-file" => script("#!/bin/sh\r\nexit\r\n"),
        // The emulator panics when a process ends before it has noted that it started it.
        "exit-status" => script("#!/bin/sh\nsleep 0.2\nexit 3\n"),
        "exit-zero" => script("#!/bin/sh\nsleep 0.2\nexit 0\n"),
        "segmentation-fault" => script("#!/bin/sh\nsleep 0.2\nkill -SEGV $$\n"),
        "killed" => script("#!/bin/sh\nsleep 0.2\nkill -KILL $$\n"),
        "timed-out" => script("#!/bin/sh\nexec sleep 60\n"),
        // Takes an event, and ends.
        "exit-in-invoke" => script(
            "#!/bin/bash\nexec 5<>/dev/tcp/${AWS_LAMBDA_RUNTIME_API/://}\n\
             printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: api\\r\\n\\r\\n' >&5\n\
             read -r -u 5 status\nexit 7\n",
        ),
        _ => panic!("the guide has a case {case} that is not here"),
    };
    let rie = Rie::launch(|flags| {
        let mut command = Command::new(variable("COLDSPARK_RIE"));
        command.env(
            "AWS_LAMBDA_FUNCTION_TIMEOUT",
            if case == "timed-out" { "1" } else { "20" },
        );
        command.args(flags).arg(bootstrap).arg("handler");
        command
    });
    seen(&rie, b"{}")
}

/// This test as a program for a machine that does not exist.
fn foreign() -> Vec<u8> {
    const MACHINE: std::ops::Range<usize> = 18..20;
    let own = env::current_exe().expect("this test");
    let mut program = fs::read(own).expect("its bytes")[..4096].to_vec();
    program[MACHINE].copy_from_slice(&[0xfe, 0xca]);
    program
}

/// An order whose quantity is no number.
const QUANTITY: &str = r#"{"items": [{"article": "rope", "quantity": "two"}]}"#;

fn rust(case: &str) -> String {
    let orders = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/orders");
    let (name, handler, event) = match case {
        "no-such-handler" => ("orders", "orders.cancel", "{}"),
        "invalid-event" => ("orders", "orders.create", QUANTITY),
        "invalid-response" => ("fixture-functions", "map", "[[1]]"),
        "response-too-large" => ("fixture-functions", "bytes", "7000000"),
        "panic" => ("fixture-functions", "panic", "\"no such shelf\""),
        "missing-variable" => ("fixture-errors", "TABLE", "{}"),
        "by-hand" => return function("hello").spawn().wait().stderr,
        _ => panic!("the guide has a case {case} that is not here"),
    };
    seen(&Rie::start(name, handler, orders), event.as_bytes())
}

fn layer(case: &str) -> String {
    let folder = Folder::new(case);
    let worker = |text: &str| folder.file("app.worker", 0o755, text);
    let mut settings = Vec::new();
    let mut handler = "app.worker";
    match case {
        "no-such-handler" => folder.0.clone(),
        "not-executable" => folder.file("app.worker", 0o644, "#!/bin/sh\n"),
        "line-ends" => worker("#!/bin/bash\r\necho ready >&4\r\n"),
        "interpreter" => worker("#!/usr/bin/ruby-9\n"),
        "architecture" => folder.file("app.worker", 0o755, foreign()),
        "exit-status" => {
            handler = "app";
            folder.file("app", 0o755, "#!/bin/sh\necho no stock >&2\nexit 4\n")
        }
        "worker-exited" => {
            worker("#!/bin/bash\necho ready >&4\nread -r -u 3 line\necho no stock >&2\nexit 4\n")
        }
        "worker-protocol" => {
            worker("#!/bin/bash\necho ready >&4\nread -r -u 3 line\necho hello >&4\nsleep 60\n")
        }
        "handler-timeout" => {
            settings.push(("AWS_LAMBDA_FUNCTION_TIMEOUT", "2"));
            worker("#!/bin/bash\necho ready >&4\nsleep 60\n")
        }
        "init-timeout" => {
            settings.push(("COLDSPARK_INIT_TIMEOUT_MS", "200"));
            worker("#!/bin/bash\nsleep 60\n")
        }
        "byte-order-mark" => {
            handler = "f.f";
            folder.file("f.sh", 0o644, "\u{feff}f() { cat; }\n")
        }
        "wrapper" => {
            settings.push(("AWS_LAMBDA_EXEC_WRAPPER", "/opt/wrapper"));
            worker(
                "#!/bin/bash\necho ready >&4\nread -r -u 3 _ number\necho response $number >&4\n",
            )
        }
        "shell-ended" => {
            handler = "f.f";
            folder.file("f.sh", 0o644, "f() {\n    exit 0\n}\n")
        }
        "config-invalid" => {
            settings.push(("COLDSPARK_INIT_TIMEOUT_MS", "soon"));
            worker("#!/bin/bash\n")
        }
        _ => panic!("the guide has a case {case} that is not here"),
    };
    seen(&run_layer(&folder.0, handler, &settings), b"{}")
}

fn run_layer(package: &Path, handler: &str, settings: &[(&str, &str)]) -> Rie {
    let bootstrap: PathBuf = [
        OsString::from(env!("CARGO_MANIFEST_DIR")),
        "dist".into(),
        variable("COLDSPARK_TEST_ARCH"),
        "layer/bootstrap".into(),
    ]
    .iter()
    .collect();
    Rie::launch(|flags| {
        let mut command = Command::new(variable("COLDSPARK_RIE"));
        command
            .env("LAMBDA_TASK_ROOT", package)
            .envs(settings.iter().copied())
            .args(flags)
            .args(runner())
            .arg(bootstrap)
            .arg(handler);
        command
    })
}
