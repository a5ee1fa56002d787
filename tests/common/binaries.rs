//! The binaries under test: their paths and their build.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub(crate) use coldspark_emulator::under_test::{limit, note_failure, runner, wait_until};

/// The panic strategy of the binaries under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Unwind,
    Abort,
}

/// The client of the binaries under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    Own,
    Ureq,
}

pub(crate) fn profile() -> Profile {
    choice(
        "COLDSPARK_TEST_PROFILE",
        &[("unwind", Profile::Unwind), ("abort", Profile::Abort)],
    )
}

pub(crate) fn client() -> Client {
    choice(
        "COLDSPARK_TEST_CLIENT",
        &[("own", Client::Own), ("ureq", Client::Ureq)],
    )
}

/// The value that a variable chooses; the first one when it is not set.
fn choice<T: Copy>(variable: &str, values: &[(&str, T)]) -> T {
    let Ok(chosen) = env::var(variable) else {
        return values[0].1;
    };
    let mut values = values.iter();
    match values.find(|(name, _)| *name == chosen) {
        Some((_, value)) => *value,
        None => panic!("{variable} is {chosen:?}"),
    }
}

/// The file of a function.
pub(crate) fn bootstrap_file(name: &str) -> PathBuf {
    let binary = match env::var_os("COLDSPARK_TEST_BINARIES") {
        _ if ["opentelemetry", "s3", "sdk"].contains(&name) => {
            outside(name).expect("COLDSPARK_TEST_OUTSIDE")
        }
        Some(folder) => Path::new(&folder).join(name).join("bootstrap"),
        None => built().join(name),
    };
    assert!(
        binary.is_file(),
        "there is no function at {}",
        binary.display()
    );
    binary
}

/// An example outside of the workspace, if it was built and the variable names its folder.
pub(crate) fn outside(name: &str) -> Option<PathBuf> {
    let folder = env::var_os("COLDSPARK_TEST_OUTSIDE").map(PathBuf::from)?;
    Some(folder.join(name)).filter(|file| file.is_file())
}

/// The command that runs a function, with a minimal environment.
pub(crate) fn bootstrap(name: &str) -> Command {
    let binary = bootstrap_file(name);
    let mut command = match runner() {
        Some(runner) => {
            let mut command = Command::new(runner);
            command.arg(binary);
            command
        }
        None => Command::new(binary),
    };
    command.env_clear();
    command.envs(env::var_os("PATH").map(|path| ("PATH", path)));
    command
}

/// Builds the functions once, and returns their folder.
fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // cargo's folder for the output of tests is in its target folder.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let target = target.parent().expect("a target folder");
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
        cargo.args(["build", "--quiet", "--target-dir"]).arg(target);
        for package in [
            "aws", "hello", "orders", "queue", "stream", "web", "fixture",
        ] {
            cargo.args(["-p", package]);
            if client() == Client::Ureq {
                cargo.arg(format!("--features={package}/ureq"));
            }
        }
        let folder = match profile() {
            Profile::Unwind => "debug",
            Profile::Abort => {
                cargo.arg("--release");
                "release"
            }
        };
        let status = cargo.status().expect("cargo runs");
        assert!(status.success(), "{cargo:?}: {status}");
        target.join(folder)
    })
}
