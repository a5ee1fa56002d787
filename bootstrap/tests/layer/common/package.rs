//! A function's package and a layer, as folders.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// Two folders, `task` and `opt`, that are gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Package {
    root: PathBuf,
}

impl Package {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("package-{}-{number}", process::id());
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let package = Self { root };
        for folder in [package.task(), package.layer()] {
            fs::create_dir_all(folder).expect("a folder for the package");
        }
        package
    }

    pub(crate) fn task(&self) -> PathBuf {
        self.root.join("task")
    }

    pub(crate) fn layer(&self) -> PathBuf {
        self.root.join("opt")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    /// Everything that the bootstrap of this package has logged so far.
    pub(crate) fn logged(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log()).expect("the log")).into_owned()
    }

    /// A file of the package with these permissions.
    pub(crate) fn file(self, name: &str, mode: u32, content: impl AsRef<[u8]>) -> Self {
        write(&self.task().join(name), mode, content.as_ref());
        self
    }

    /// An executable of the package.
    pub(crate) fn executable(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.file(name, 0o755, content)
    }

    /// A file of the layer with these permissions.
    pub(crate) fn layer_file(self, name: &str, mode: u32, content: impl AsRef<[u8]>) -> Self {
        write(&self.layer().join(name), mode, content.as_ref());
        self
    }
}

impl Drop for Package {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn write(path: &Path, mode: u32, content: &[u8]) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for the file");
    fs::write(path, content).expect("the file");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its permissions");
}
