//! The applications, and the stacks that stand between them and the Runtime API.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::arch::Arch;
use crate::options::{Options, Peer};
use crate::programs::Missing;
use crate::{cold, size};

/// A web application.
pub(super) struct Application {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// The executable, a file of its folder.
    pub(super) program: &'static str,
    pub(super) folder: PathBuf,
    /// It is started in one of so many rounds: slow ones less often.
    pub(super) every: usize,
    /// Whether it has the large answers, streams, and many connections at a time.
    pub(super) is_server: bool,
}

/// How an application is started: by itself, by a bootstrap, or beside an extension.
#[derive(Clone, Debug)]
pub(super) struct Stack {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) kind: Kind,
    /// NAME=VALUE, more variables of its environment.
    pub(super) variables: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Nothing: the benchmark asks the application itself.
    Alone,
    /// A bootstrap that starts the application.
    Layer(PathBuf),
    /// An extension beside the application. The application is started when the extension has registered
    /// itself, as Lambda does, or at the same time.
    Adapter { program: PathBuf, together: bool },
}

/// Bytes of a program, and of its zip.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Size {
    pub(super) bytes: u64,
    pub(super) zip_bytes: u64,
}

pub(super) const ALONE: &str = "alone";
pub(super) const LAYER: &str = "layer";
pub(super) const ADAPTER: &str = "lambda_web_adapter";
const TOGETHER: &str = "lambda_web_adapter-together";
/// As its documents build it.
pub(super) const DOCS: &str = "lambda_web_adapter-docs";

const APPLICATIONS: [&str; 3] = ["c", "node", "fastapi"];
const STACKS: [&str; 5] = [ALONE, LAYER, ADAPTER, TOGETHER, DOCS];

/// Whether the names of `--only` are those of applications and stacks, and those of `--peer` new ones.
pub(crate) fn check_names(only: &[String], peers: &[Peer]) -> Result<(), String> {
    let own = || APPLICATIONS.iter().chain(&STACKS).copied();
    if let Some(peer) = peers
        .iter()
        .find(|peer| own().any(|name| name == peer.name))
    {
        return Err(format!("--peer: {} is in the table already", peer.name));
    }
    let known: Vec<&str> = own().chain(peers.iter().map(|peer| &*peer.name)).collect();
    match only.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(format!(
            "--only with --web: no application or stack '{name}'; there are {}",
            known.join(", ")
        )),
        None => Ok(()),
    }
}

/// Whether `--only` leaves this one in: it names it, or no other application or no other stack.
fn is_wanted(options: &Options, name: &str) -> bool {
    let is_application = |name: &str| APPLICATIONS.contains(&name);
    let of_this_kind = |chosen: &&String| is_application(chosen) == is_application(name);
    let mut chosen = options.only.iter().filter(of_this_kind).peekable();
    chosen.peek().is_none() || chosen.any(|chosen| chosen == name)
}

/// The applications, copied to folders of their own.
pub(super) fn applications(options: &Options, folder: &Path) -> Result<Vec<Application>, String> {
    let built = options.cache.join("programs").join(Arch::host().name());
    let sources = options.root.join("bench/web");
    let list = [
        Application {
            name: "c",
            about: "a static server in C that answers at once",
            program: "server",
            folder: built.join("web"),
            every: 1,
            is_server: true,
        },
        Application {
            name: "node",
            about: "Node's own server, started by a script",
            program: "run.sh",
            folder: sources.join("node"),
            every: 1,
            is_server: false,
        },
        Application {
            name: "fastapi",
            about: "FastAPI on uvicorn, started by a script",
            program: "run.sh",
            folder: sources.join("fastapi"),
            every: 4,
            is_server: false,
        },
    ];
    let mut applications = Vec::new();
    for mut application in list {
        if !is_wanted(options, application.name) {
            continue;
        }
        let copy = folder.join(application.name);
        copied(&application.folder, &copy)?;
        application.folder = copy;
        applications.push(application);
    }
    Ok(applications)
}

/// A bootstrap that scripts/bench builds, and what is started with it.
struct Listed<'a> {
    name: &'static str,
    about: &'static str,
    /// The folder with the bootstrap.
    folder: PathBuf,
    kind: &'a dyn Fn(PathBuf) -> Kind,
}

/// The bootstraps, each copied to a folder of its own, and the missing ones.
pub(super) fn stacks(
    options: &Options,
    folder: &Path,
) -> Result<(Vec<Stack>, Vec<Missing>), String> {
    let arch = Arch::host().name();
    let built = |name: &str| options.cache.join("programs").join(arch).join(name);
    let layer = options.root.join("dist").join(arch).join("layer");
    let mut stacks = Vec::new();
    if is_wanted(options, ALONE) {
        stacks.push(stack(ALONE, "the application by itself", Kind::Alone));
    }
    let mut missing = Vec::new();
    let adapter = |together| move |program| Kind::Adapter { program, together };
    let listed = [
        Listed {
            name: LAYER,
            about: "the layer, handler `http:`",
            folder: layer,
            kind: &Kind::Layer,
        },
        Listed {
            name: ADAPTER,
            about: "Lambda Web Adapter 1.0.0-rc1 by our recipe",
            folder: built(ADAPTER),
            kind: &adapter(false),
        },
        Listed {
            name: TOGETHER,
            about: "the same, with the application started at the same time and not after it",
            folder: built(ADAPTER),
            kind: &adapter(true),
        },
        Listed {
            name: DOCS,
            about: "Lambda Web Adapter 1.0.0-rc1 as its makefile builds it",
            folder: built(DOCS),
            kind: &adapter(false),
        },
    ];
    for listed in listed {
        let name = listed.name;
        if name != LAYER && !is_wanted(options, name) {
            continue;
        }
        let file = listed.folder.join("bootstrap");
        if !file.exists() {
            missing.push(Missing {
                name: name.to_owned(),
                reason: format!(
                    "not built; scripts/bench --web builds it ({})",
                    file.display()
                ),
            });
            continue;
        }
        let program = staged(&file, &folder.join(name))?;
        stacks.push(stack(name, listed.about, (listed.kind)(program)));
    }
    for peer in &options.peers {
        if !is_wanted(options, &peer.name) {
            continue;
        }
        let file = fs::canonicalize(&peer.command)
            .map_err(|error| format!("--peer {}: {}: {error}", peer.name, peer.command))?;
        let program = staged(&file, &folder.join(&peer.name))?;
        let (about, kind) = match peer.handler.starts_with("http:") {
            true => ("a layer given by --peer", Kind::Layer(program)),
            false => ("a Web Adapter given by --peer", adapter(false)(program)),
        };
        let mut stack = stack(&peer.name, about, kind);
        stack.variables.clone_from(&peer.variables);
        stacks.push(stack);
    }
    if missing.iter().any(|one| one.name == LAYER) {
        return Err("the layer is not built; scripts/build --only layer builds it".to_owned());
    }
    Ok((stacks, missing))
}

fn stack(name: &str, about: &str, kind: Kind) -> Stack {
    Stack {
        name: name.to_owned(),
        about: about.to_owned(),
        kind,
        variables: Vec::new(),
    }
}

/// The sizes of the programs, by the names of their stacks.
pub(super) fn sizes(stacks: &[Stack]) -> Result<BTreeMap<String, Size>, String> {
    let mut sizes = BTreeMap::new();
    for stack in stacks {
        if let Kind::Layer(program) | Kind::Adapter { program, .. } = &stack.kind {
            let (bytes, zip_bytes) = size::of([program.as_path()])?;
            sizes.insert(stack.name.clone(), Size { bytes, zip_bytes });
        }
    }
    Ok(sizes)
}

/// Copies a file into a new folder, written to disk.
fn staged(file: &Path, folder: &Path) -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| format!("copying {}: {error}", file.display());
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).map_err(failed)?;
    let copy = folder.join("bootstrap");
    fs::copy(file, &copy).map_err(failed)?;
    cold::sync(&copy).map_err(failed)?;
    Ok(copy)
}

/// Copies the files of a folder.
fn copied(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| {
        let from = from.display();
        format!("{from}: {error}; scripts/bench --web builds what is not there")
    };
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if let Some(name) = path.file_name().filter(|_| path.is_file()) {
            fs::copy(&path, to.join(name)).map_err(failed)?;
        }
    }
    Ok(())
}
