//! Applications that their test compiles.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use coldspark_emulator::skipped;

use super::site::{APPLICATIONS, copied, source, tools};

/// A program of the tools, or else of the machine.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let mut folders = vec![tools()?.join("bin")];
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let found = folders
        .into_iter()
        .map(|it| it.join(name))
        .find(|it| it.exists());
    if found.is_none() {
        skipped(&format!(
            "scripts/setup frameworks has not installed {name}"
        ));
    }
    found
}

/// The folder in which an application is compiled.
fn folder_for(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("web-{name}"))
}

/// A new folder with the files of an application, for its compiler.
pub(crate) fn copy_of(name: &str) -> PathBuf {
    let folder = folder_for(name);
    let _ = fs::remove_dir_all(&folder);
    copied(&source(&format!("{APPLICATIONS}/{name}")), &folder);
    folder
}

#[track_caller]
pub(crate) fn compiles(command: &mut Command) {
    let output = command.output().expect("the compiler runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
}

/// A folder with the program `app`, which cargo makes of an application.
#[track_caller]
pub(crate) fn by_cargo(name: &str) -> Option<PathBuf> {
    tools()?;
    let built = folder_for(name);
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args(["build", "--quiet", "--locked", "--manifest-path"]);
    command
        .arg(source(&format!("{APPLICATIONS}/{name}/Cargo.toml")))
        .arg("--target-dir")
        .arg(&built);
    compiles(&mut command);
    let package = built.join("package");
    fs::create_dir_all(&package).expect("a folder");
    fs::copy(built.join("debug/web-application"), package.join("app")).expect("a copy");
    Some(package)
}
