//! The layer where Lambda has it: its zip unpacked at /opt, a function at /var/task, found and
//! started by AWS's Runtime Interface Emulator, in a mount namespace of its own.
//!
//! Needs root, the layer's zip in dist/, `COLDSPARK_TEST_ARCH` and `COLDSPARK_RIE`; scripts/test
//! sees to it. The functions are scripts, so that the bootstrap may run under qemu.

mod common;

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use common::{Rie, variable};
use serde_json::{Value, json};

/// Arguments: the zip, the function's folder, a program that runs the bootstrap or nothing, and
/// the emulator with its flags.
const SCRIPT: &str = r#"
set -eu
mount --make-rprivate /
mount -t tmpfs opt /opt
mount -t tmpfs var /var
mkdir -p /var/task
python3 - "$1" <<'PY'
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as layer:
    for entry in layer.infolist():
        os.chmod(layer.extract(entry, "/opt"), entry.external_attr >> 16 & 0o777)
PY
cp -r "$2"/. /var/task
if [ -n "$3" ]; then
    mv /opt/bootstrap /opt/bootstrap.foreign
    # Elsewhere it may not be for the user that runs the bootstrap.
    cp "$3" /opt/runner
    printf '#!/bin/sh\nexec /opt/runner /opt/bootstrap.foreign\n' > /opt/bootstrap
    chmod 755 /opt/bootstrap
fi
shift 3
exec "$@"
"#;

fn layer(folder: &Path, handler: &str) -> Rie {
    layer_with(folder, handler, &[])
}

fn layer_with(folder: &Path, handler: &str, variables: &[(&str, &str)]) -> Rie {
    let zip = format!(
        "{}/dist/coldspark-{}.zip",
        env!("CARGO_MANIFEST_DIR"),
        variable("COLDSPARK_TEST_ARCH").to_string_lossy()
    );
    Rie::launch(|flags| {
        let mut command = Command::new("unshare");
        command
            .args(["-m", "sh", "-c", SCRIPT, "sh", &zip])
            .arg(folder);
        command.arg(std::env::var_os("COLDSPARK_TEST_RUNNER").unwrap_or_default());
        command.arg(variable("COLDSPARK_RIE")).args(flags);
        command
            .env("_HANDLER", handler)
            .env("LAMBDA_TASK_ROOT", "/var/task")
            .envs(variables.iter().copied());
        command
    })
}

fn example(name: &str, handler: &str) -> Rie {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    layer(&root.join("layer/examples").join(name), handler)
}

#[test]
#[ignore = "needs root and the layer's zip: run scripts/test"]
fn every_mode_answers_from_opt() {
    if !coldspark_emulator::root_for("a mount namespace") {
        return;
    }
    for (name, handler) in [
        ("bash", "handler.worker"),
        ("exec", "handler"),
        ("exec", "exec:handler"),
        ("shell", "function.handler"),
        ("shell", "shell:function.handler"),
    ] {
        let rie = example(name, handler);
        for who in ["World", "Zo\u{eb}", "again"] {
            let greeting = rie.invoke_json(&json!({ "name": who }));
            let expected = json!({ "greeting": format!("Hello, {who}!") });
            assert_eq!(greeting, (200, expected), "{handler}\n{}", rie.log());
        }
        let (_, error) = rie.invoke_json(&json!({}));
        assert!(error["errorType"].is_string(), "{handler}: {error}");
        let greeting = rie.invoke_json(&json!({ "name": "after" }));
        assert_eq!(
            greeting.1["greeting"],
            "Hello, after!",
            "{handler}\n{}",
            rie.log()
        );
        assert_eq!(rie.log().matches("INIT START").count(), 1, "{}", rie.log());
    }
}

#[test]
#[ignore = "needs root and the layer's zip: run scripts/test"]
fn a_handler_that_is_not_there_is_what_the_caller_sees() {
    if !coldspark_emulator::root_for("a mount namespace") {
        return;
    }
    let rie = example("bash", "worker:nowhere");
    let (status, error) = rie.invoke_json(&json!({}));
    assert_eq!(
        (status, &error["errorType"]),
        (502, &json!("Runtime.NoSuchHandler"))
    );
    let message = error["errorMessage"].as_str().unwrap_or_default();
    assert!(message.contains("nowhere"), "{message}");
}

#[test]
#[ignore = "needs root and the layer's zip: run scripts/test"]
fn a_worker_that_dies_costs_one_event() {
    if !coldspark_emulator::root_for("a mount namespace") {
        return;
    }
    let folder = std::env::temp_dir().join(format!("coldspark-dying-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let worker = folder.join("dying.worker");
    let source = "#!/bin/bash\necho ready >&4\nwhile read -r -u 3 _ number; do\n\
                  [[ $(</dev/fd/5) != *die* ]] || { echo last words >&2; kill -9 $$; }\n\
                  printf '\"alive\"' >&6; echo \"response $number\" >&4\ndone\n";
    fs::write(&worker, source).expect("the worker");
    fs::set_permissions(&worker, fs::Permissions::from_mode(0o755)).expect("its mode");
    let rie = layer(&folder, "dying.worker");
    let alive = (200, Value::from("alive"));
    assert_eq!(rie.invoke_json(&json!("go")), alive, "{}", rie.log());
    let (status, error) = rie.invoke_json(&json!("die"));
    assert_eq!(
        (status, &error["errorType"]),
        (200, &json!("Runtime.WorkerExited"))
    );
    let message = error["errorMessage"].as_str().unwrap_or_default();
    assert!(
        message.contains("SIGKILL") && message.contains("last words"),
        "{message}"
    );
    assert_eq!(rie.invoke_json(&json!("go")), alive, "{}", rie.log());
    fs::remove_dir_all(&folder).expect("the folder goes");
}

#[test]
#[ignore = "needs root and the layer's zip: run scripts/test"]
fn streamed_responses_are_taken_whole() {
    if !coldspark_emulator::root_for("a mount namespace") {
        return;
    }
    for (name, handler, expected) in [
        ("chunks", "handler.worker", "3\n2\n1\n"),
        (
            "stream",
            "stream:handler",
            "\0data: 3\n\ndata: 2\n\ndata: 1\n\n",
        ),
    ] {
        let rie = example(name, handler);
        for _ in 0..2 {
            let (status, body) = rie.invoke(b"{}");
            let text = String::from_utf8_lossy(&body);
            assert_eq!(status, 200, "{}", rie.log());
            assert!(text.ends_with(expected), "{text:?}\n{}", rie.log());
        }
        assert_eq!(rie.log().matches("INIT START").count(), 1, "{}", rie.log());
    }
}

#[test]
#[ignore = "needs root and the layer's zip: run scripts/test"]
fn workers_answer_side_by_side_on_managed_instances() {
    if !coldspark_emulator::root_for("a mount namespace") {
        return;
    }
    let folder = std::env::temp_dir().join(format!("coldspark-many-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let worker = folder.join("many.worker");
    // The emulator runs it as another user, who may write here.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("its mode");
    // Answers when a file of each of three workers is there.
    let source = "#!/bin/bash\ncd FOLDER\necho ready >&4\nwhile read -r -u 3 _ number; do\n\
                  : >in-$$; while set -- in-*; [ $# -lt 3 ]; do sleep 0.01; done\n\
                  printf '%s' $$ >&6; echo \"response $number\" >&4\ndone\n";
    let source = source.replace("FOLDER", &folder.to_string_lossy());
    fs::write(&worker, source).expect("the worker");
    fs::set_permissions(&worker, fs::Permissions::from_mode(0o755)).expect("its mode");
    let setting = [("AWS_LAMBDA_MAX_CONCURRENCY", "3")];
    let rie = layer_with(&folder, "many.worker", &setting);
    let ids: HashSet<Value> = thread::scope(|scope| {
        let rie = &rie;
        let callers = [(); 3].map(|()| {
            scope.spawn(move || {
                loop {
                    let (_, answer) = rie.invoke_json(&json!("go"));
                    // A poller may still be on its way to its first event.
                    if answer["errorType"] != "Runtime.Unavailable" {
                        return answer;
                    }
                    thread::sleep(Duration::from_millis(20));
                }
            })
        });
        callers
            .map(|caller| caller.join().expect("an answer"))
            .into()
    });
    assert_eq!(ids.len(), 3, "{ids:?}\n{}", rie.log());
    assert!(ids.iter().all(Value::is_number), "{ids:?}\n{}", rie.log());
    fs::remove_dir_all(&folder).expect("the folder goes");
}
