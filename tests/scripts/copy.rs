//! A repository to run the scripts in, and expectations of what they say.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A copy of the repository by links, with a `dist` of its own.
pub(crate) struct Copy(pub(crate) PathBuf);

impl Copy {
    pub(crate) fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("scripts-{name}"));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).expect("a folder");
        let own = ["scripts", "dist", "target", ".git"];
        for entry in fs::read_dir(env!("CARGO_MANIFEST_DIR")).expect("the repository") {
            let entry = entry.expect("an entry");
            if !own.contains(&&*entry.file_name().to_string_lossy()) {
                symlink(entry.path(), root.join(entry.file_name())).expect("a link");
            }
        }
        // The scripts find the rest by where they are.
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
        fs::create_dir(root.join("scripts")).expect("a folder");
        for entry in fs::read_dir(scripts).expect("the scripts").flatten() {
            let to = root.join("scripts").join(entry.file_name());
            if entry.path().is_dir() {
                symlink(entry.path(), to).expect("a link");
            } else {
                fs::copy(entry.path(), to).expect("a script");
            }
        }
        Self(root)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("its folder");
        fs::write(&path, content).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode");
        path
    }

    pub(crate) fn run(
        &self,
        script: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> (bool, String) {
        // By bash: the system refuses to execute a file that another test's child still has open, as it inherited
        // it while the file was written ("text file busy").
        let output = Command::new("bash")
            .arg(self.0.join("scripts").join(script))
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output();
        let Output {
            status,
            stdout,
            stderr,
        } = output.expect("the script starts");
        let text = [stdout, stderr].concat();
        (
            status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Each of these parts is in the text.
#[track_caller]
pub(crate) fn says(text: &str, expected: &[&str]) {
    for part in expected {
        assert!(text.contains(part), "no {part:?} in: {text}");
    }
}
