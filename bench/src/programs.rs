//! A program that is measured: its files, its command and its environment.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A program's relation to this project, which gives its colour in charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Group {
    Floor,
    Ours,
    Layer,
    Peer,
    /// Ours, or what it is compared with, for the sake of the allocator.
    Allocator,
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) group: Group,
    /// Its description in the table's notes.
    pub(crate) about: String,
    pub(crate) command: Vec<String>,
    /// The files that a function would ship: their size is measured, and they are cold in a cold start.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) handler: String,
    /// Further variables of its environment, NAME=VALUE.
    pub(crate) variables: Vec<String>,
    pub(crate) task_root: PathBuf,
    pub(crate) countable: Countable,
    /// The small event that it takes, and its answer, if it does not return its event.
    pub(crate) exchange: Option<Exchange>,
}

/// An event and its answer.
pub(crate) type Exchange = (&'static [u8], &'static [u8]);

/// How emulation can count a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Countable {
    /// All: it is one process without threads, started from one static file.
    All,
    /// The pages that its bootstrap touches. It also waits for a process of its own, and how often
    /// it looks differs from run to run.
    Pages,
    Nothing,
    /// The user gives the program, so it is not known what can be counted.
    Unknown,
}

/// A program, or why it is missing.
pub(crate) type Row = Result<Program, Missing>;

/// A program that is not measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Missing {
    pub(crate) name: String,
    pub(crate) reason: String,
}

/// Where things are.
pub(crate) struct Places {
    /// dist/ of the repository.
    pub(crate) dist: PathBuf,
    /// The builds of scripts/bench: `<arch>/<name>/...`.
    pub(crate) built: PathBuf,
}

impl Program {
    /// Copies the program into a folder of its own, written to disk, so that nothing else maps
    /// its files. A program of the user stays where it is, since it may need its surroundings.
    pub(crate) fn stage(mut self, folder: &Path) -> std::io::Result<Program> {
        if self.countable != Countable::Unknown {
            let folder = folder.join(&self.name);
            // A new folder, so that no file is a program that still runs.
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder)?;
            for file in &mut self.files {
                let copy = folder.join(file.file_name().unwrap_or_default());
                fs::copy(&*file, &copy)?;
                *file = copy;
            }
            self.command[0] = self.files[0].display().to_string();
            self.task_root = folder;
        }
        for file in &self.files {
            crate::cold::sync(file)?;
        }
        Ok(self)
    }

    /// The variables of Lambda that runtimes look at. `task_root` may be told otherwise, so that
    /// counts do not depend on where the repository lies.
    pub(crate) fn environment(&self, api: &str, task_root: &Path) -> Vec<String> {
        let mut variables = vec![
            "PATH=/usr/local/bin:/usr/bin:/bin:/opt/bin".to_owned(),
            "LANG=en_US.UTF-8".to_owned(),
            "TZ=:UTC".to_owned(),
            "AWS_REGION=eu-central-1".to_owned(),
            "AWS_DEFAULT_REGION=eu-central-1".to_owned(),
            "AWS_LAMBDA_FUNCTION_NAME=bench".to_owned(),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128".to_owned(),
            "AWS_LAMBDA_FUNCTION_VERSION=$LATEST".to_owned(),
            "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand".to_owned(),
            "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/bench".to_owned(),
            "AWS_LAMBDA_LOG_STREAM_NAME=2026/01/01/[$LATEST]0123456789abcdef".to_owned(),
            format!("_HANDLER={}", self.handler),
            format!("LAMBDA_TASK_ROOT={}", task_root.display()),
            "LAMBDA_RUNTIME_DIR=/var/runtime".to_owned(),
            format!("AWS_LAMBDA_RUNTIME_API={api}"),
        ];
        let name = |variable: &str| variable.split_once('=').map(|(name, _)| name.to_owned());
        variables.retain(|one| self.variables.iter().all(|more| name(more) != name(one)));
        variables.extend_from_slice(&self.variables);
        variables
    }
}
