//! A bootstrap alone: in a root that holds nothing else, read-only, as an unprivileged user, with
//! the descriptors, processes and memory of the smallest Lambda function.
//!
//! Needs root, for the mount namespace, static binaries in `COLDSPARK_TEST_BINARIES`, and the
//! layer's in dist/; scripts/test sees to it.

mod common;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use coldspark_emulator::script::{self, Scripted};

/// Mounts a file system of its own over the folder, puts the files in (`name=file`), makes it
/// read-only, and starts the bootstrap as nobody (65534) with the limits of Lambda, with nothing
/// of the host in sight. What is 128 MB is the address space: more than memory is counted.
const SCRIPT: &str = r#"
set -eu
root=$1 runner=$2
shift 2
mount --make-rprivate /
mount -t tmpfs -o mode=755 jail "$root"
for file; do
    cp "${file#*=}" "$root/${file%%=*}"
    chmod 755 "$root/${file%%=*}"
done
mkdir "$root/dev"
mknod -m 666 "$root/dev/null" c 1 3
limits="--nofile=1024:1024 --nproc=1024:1024"
program=/bootstrap
if [ -n "$runner" ]; then
    cp "$runner" "$root/runner"
    chmod 755 "$root/runner"
    program="/runner /bootstrap"
else
    # qemu reserves far more than the program that it runs.
    limits="$limits --as=134217728:134217728"
fi
mount -o remount,ro "$root"
exec prlimit $limits chroot --userspec=65534:65534 "$root" $program
"#;

/// A bootstrap in its root.
struct Jail {
    root: PathBuf,
    child: Child,
}

impl Jail {
    fn start(name: &str, files: &[(&str, PathBuf)], variables: &[(&str, &str)]) -> Self {
        let root = env::temp_dir().join(format!("coldspark-jail-{name}-{}", std::process::id()));
        fs::create_dir_all(&root).expect("a folder for the root");
        let runner = env::var_os("COLDSPARK_TEST_RUNNER").unwrap_or_default();
        let files = files
            .iter()
            .map(|(name, file)| format!("{name}={}", file.display()));
        let child = Command::new("unshare")
            .args(["-m", "sh", "-c", SCRIPT, "sh"])
            .arg(&root)
            .arg(runner)
            .args(files)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .spawn()
            .expect("unshare runs");
        Self { root, child }
    }
}

impl Drop for Jail {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // It is empty outside the namespace.
        let removed = fs::remove_dir(&self.root);
        assert!(removed.is_ok() || std::thread::panicking(), "{removed:?}");
    }
}

/// Small events and one of 6 MB, each of which comes back.
#[track_caller]
fn echoes(name: &str, files: &[(&str, PathBuf)], handler: &str) {
    let large = "x".repeat(6 * 1024 * 1024);
    let events = [("one", "{\"a\":1}"), ("large", &large), ("two", "{}")];
    let steps = events.into_iter();
    let api = Scripted::start(steps.flat_map(|(id, event)| script::exchange(id, event)));
    let _jail = Jail::start(
        name,
        files,
        &[
            ("AWS_LAMBDA_RUNTIME_API", &api.address()),
            ("_HANDLER", handler),
            ("LAMBDA_TASK_ROOT", "/"),
        ],
    );
    let requests = api.wait_for(7, common::limit());
    for (at, (id, event)) in events.into_iter().enumerate() {
        common::assert_next(&requests[2 * at]);
        let answer = &requests[2 * at + 1];
        assert_eq!(
            answer.path,
            format!("/2018-06-01/runtime/invocation/{id}/response")
        );
        assert!(
            answer.body == event.as_bytes(),
            "{name}: {} bytes",
            answer.body.len()
        );
    }
    common::assert_next(&requests[6]);
}

#[test]
#[ignore = "needs root and a static bootstrap: run scripts/test"]
fn nothing_of_the_system_is_needed() {
    if !coldspark_emulator::root_for("a mount namespace") {
        return;
    }
    for (name, handler) in [("hello", "hello"), ("fixture-functions", "echo")] {
        let binaries = PathBuf::from(common::variable("COLDSPARK_TEST_BINARIES"));
        let bootstrap = binaries.join(name).join("bootstrap");
        echoes(name, &[("bootstrap", bootstrap)], handler);
    }
}

#[test]
#[ignore = "needs root and static binaries: run scripts/test"]
fn the_layer_needs_its_handler_and_nothing_else() {
    if !coldspark_emulator::root_for("a mount namespace") {
        return;
    }
    let arch = PathBuf::from(common::variable("COLDSPARK_TEST_ARCH"));
    let layer = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("dist")
        .join(arch);
    let layer = layer.join("layer/bootstrap");
    // qemu leaves it to the kernel to start processes, so they are the machine's.
    let machine = match env::consts::ARCH {
        "aarch64" => "arm64",
        other => other,
    };
    let forms = PathBuf::from(common::variable("COLDSPARK_TEST_BINARIES"));
    let worker = forms
        .with_file_name(machine)
        .join("fixture-worker/bootstrap");
    let mut files = vec![("bootstrap", layer), ("handler", worker)];
    let script = env::temp_dir().join(format!("coldspark-handler-{}", std::process::id()));
    if common::runner().is_some() {
        // The layer refuses a handler that is a program for another architecture than its own;
        // into the interpreter of a script it does not look.
        fs::write(&script, "#!/program\n").expect("a script");
        files[1].0 = "program";
        files.push(("handler", script.clone()));
    }
    for handler in ["worker:handler", "exec:handler"] {
        echoes(&handler.replace(':', "-"), &files, handler);
    }
    let _ = fs::remove_file(script);
}
