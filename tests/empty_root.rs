//! The bootstrap alone: in a root that holds nothing else, read-only, as an unprivileged user.
//!
//! Needs root, for the mount namespace, and a static bootstrap in `COLDSPARK_TEST_BINARIES`;
//! scripts/test asks for it.

mod common;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use coldspark_emulator::script::{self, Scripted};

/// Mounts a file system of its own over the folder, puts the files in, makes it read-only, and
/// starts the bootstrap as nobody (65534), with nothing of the host in sight.
const SCRIPT: &str = r#"
set -eu
mount --make-rprivate /
mount -t tmpfs -o mode=755 jail "$1"
cp "$2" "$1/bootstrap"
chmod 755 "$1/bootstrap"
program=/bootstrap
if [ -n "$3" ]; then
    cp "$3" "$1/runner"
    chmod 755 "$1/runner"
    program="/runner /bootstrap"
fi
mount -o remount,ro "$1"
exec chroot --userspec=65534:65534 "$1" $program
"#;

fn jail(name: &str) -> PathBuf {
    let folder = env::temp_dir().join(format!("coldspark-jail-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for the root");
    folder
}

#[test]
#[ignore = "needs root and a static bootstrap: run scripts/test"]
fn nothing_of_the_system_is_needed() {
    for (name, handler) in [("hello", "hello"), ("fixture-functions", "echo")] {
        let api = Scripted::start(
            [("one", "{\"a\":1}"), ("two", "{}")]
                .into_iter()
                .flat_map(|(id, event)| script::exchange(id, event)),
        );
        let root = jail(name);
        let binaries = env::var_os("COLDSPARK_TEST_BINARIES")
            .expect("COLDSPARK_TEST_BINARIES is not set; run scripts/test");
        let runner = env::var_os("COLDSPARK_TEST_RUNNER").unwrap_or_default();
        let mut child = Command::new("unshare")
            .args(["-m", "sh", "-c", SCRIPT, "sh"])
            .arg(&root)
            .arg(Path::new(&binaries).join(name).join("bootstrap"))
            .arg(runner)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .env("_HANDLER", handler)
            .stdin(Stdio::null())
            .spawn()
            .expect("unshare runs");
        let requests = api.wait_for(5, common::limit());
        let _ = child.kill();
        let _ = child.wait();
        fs::remove_dir(&root).expect("the root is empty outside the namespace");
        let paths: Vec<_> = requests
            .iter()
            .map(|request| request.path.as_str())
            .collect();
        assert_eq!(
            paths,
            [
                "/2018-06-01/runtime/invocation/next",
                "/2018-06-01/runtime/invocation/one/response",
                "/2018-06-01/runtime/invocation/next",
                "/2018-06-01/runtime/invocation/two/response",
                "/2018-06-01/runtime/invocation/next",
            ]
        );
    }
}
