//! Which programs are measured, and where scripts/bench has left them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::arch::Arch;
use crate::options::Peer;
use crate::programs::{Countable, GIVEN, Group, Missing, Places, Program, Row};

/// What a line of the table is made from.
struct Source {
    name: &'static str,
    group: Group,
    about: &'static str,
    /// The bootstrap, in dist or in what scripts/bench builds.
    bootstrap: Place,
    /// `_HANDLER`, and the file it stands for.
    handler: (&'static str, Option<&'static str>),
    countable: Countable,
    variables: &'static [&'static str],
    /// What to say when the bootstrap is not there.
    absent: &'static str,
}

#[derive(Clone, Copy)]
enum Place {
    Dist(&'static str),
    Built(&'static str),
}

const BENCH: &str = "not built; scripts/bench builds it";
const BUILD: &str = "not built; scripts/build builds it";
const HOST: &str = "built with the host's glibc only";
const OURS: fn(&'static str, &'static str) -> Source = |name, about| Source {
    name,
    group: Group::Ours,
    about,
    bootstrap: Place::Dist(name),
    handler: ("hello", None),
    countable: Countable::All,
    variables: &[],
    absent: BUILD,
};
const LAYER: fn(&'static str, &'static str, &'static str, &'static str) -> Source =
    |name, about, handler, file| Source {
        name,
        group: Group::Layer,
        about,
        bootstrap: Place::Dist("layer"),
        handler: (handler, Some(file)),
        countable: Countable::Nothing,
        variables: &[],
        absent: BUILD,
    };
const PEER: fn(&'static str, &'static str) -> Source = |name, about| Source {
    name,
    group: Group::Peer,
    about,
    bootstrap: Place::Built(name),
    handler: ("function.handler", None),
    countable: Countable::All,
    variables: &[],
    absent: BENCH,
};

/// A project that scripts/new has made, with a function that returns its event.
const TYPED: fn(&'static str, &'static str) -> Source = |name, about| Source {
    group: Group::Ours,
    handler: ("typed", None),
    absent: "not built; needs a toolchain with Rust's own musl std (rustup)",
    ..PEER(name, about)
};

/// The program that the allocators are compared to.
const ALLOCATOR: &str = "json-coldspark";
/// The same function on several allocators.
const JSON: fn(&'static str, &'static str) -> Source = |name, about| Source {
    group: Group::Allocator,
    handler: ("json", None),
    countable: Countable::Nothing,
    ..PEER(name, about)
};

/// The program that functions with a call are compared to.
const CALL: &str = "aws";
/// Functions that answer with an item of a table.
const SERVICE: fn(&'static str, &'static str) -> Source = |name, about| Source {
    group: Group::Service,
    handler: ("price", None),
    countable: Countable::Nothing,
    ..PEER(name, about)
};

fn sources() -> Vec<Source> {
    vec![
        Source {
            name: crate::FLOOR,
            group: Group::Floor,
            about: "no C library, raw system calls",
            ..PEER(crate::FLOOR, "")
        },
        Source {
            group: Group::Floor,
            ..PEER(
                "c-musl",
                "C, static musl: what a C library adds to the floor",
            )
        },
        OURS("hello", "recommended profile, mimalloc behind the arena"),
        OURS("hello-lean", "the same without mimalloc"),
        OURS("hello-ureq", "hello on the ureq client"),
        Source {
            absent: "not built; needs a toolchain with Rust's own musl std (rustup)",
            ..OURS("hello-fallback", "hello with Rust's own std, not rebuilt")
        },
        TYPED(
            "typed",
            "a function over serde types, of the template, with std rebuilt",
        ),
        TYPED(
            "typed-fallback",
            "the same as the template builds it: with Rust's own std",
        ),
        Source {
            countable: Countable::Pages,
            ..LAYER(
                "layer-worker",
                "the layer's bootstrap with a static worker in C",
                "worker:worker",
                "worker",
            )
        },
        LAYER(
            "layer-shell",
            "the layer's bootstrap with a bash function",
            "shell:function.handler",
            "function.sh",
        ),
        LAYER(
            "layer-exec",
            "the layer's bootstrap with a static program for each event",
            "exec:exec",
            "exec",
        ),
        PEER(
            "lambda_runtime",
            "lambda_runtime 1.5.0, our recipe, tokio's current_thread",
        ),
        Source {
            countable: Countable::Nothing,
            absent: HOST,
            ..PEER(
                "lambda_runtime-docs",
                "lambda_runtime 1.5.0 as cargo lambda builds it (dynamic glibc)",
            )
        },
        PEER("minlambda", "minlambda 0.2.0, our recipe"),
        PEER(
            "minlambda-docs",
            "minlambda 0.2.0 as its README says (musl, cargo's release profile)",
        ),
        PEER("rtlambda", "rtlambda 0.0.1, our recipe"),
        Source {
            countable: Countable::Nothing,
            absent: HOST,
            ..PEER(
                "rtlambda-docs",
                "rtlambda 0.0.1 as its README says (dynamic glibc)",
            )
        },
        Source {
            handler: ("function.handler", Some("function.sh")),
            countable: Countable::Nothing,
            ..PEER(
                "bash-curl",
                "bash and curl, as AWS's tutorial on custom runtimes shows",
            )
        },
        // The first is what the others are compared to.
        JSON(
            ALLOCATOR,
            "hello's allocator: the arena, mimalloc behind it",
        ),
        JSON("json-mimalloc", "mimalloc alone, built with the same flags"),
        JSON("json-musl", "musl's malloc alone"),
        JSON(
            "json-lean",
            "hello-lean's allocator: the arena, musl's malloc behind it",
        ),
        // The first is what the others are compared to.
        Source {
            bootstrap: Place::Dist("aws"),
            absent: BUILD,
            ..SERVICE(
                CALL,
                "the feature aws: ureq and rustls with ring; connects at its first event",
            )
        },
        Source {
            bootstrap: Place::Dist("aws"),
            absent: BUILD,
            variables: &["CONNECT=init"],
            ..SERVICE("aws-connected", "the same, connected in the init step")
        },
        SERVICE(
            "aws-sdk",
            "the official SDK on Context::block_on, our recipe: ring, chosen roots, no aws-config",
        ),
        SERVICE(
            "lambda_runtime-sdk",
            "lambda_runtime 1.5.0 with the SDK, as lean as aws-sdk: current_thread, ring, our recipe",
        ),
        Source {
            absent: HOST,
            ..SERVICE(
                "lambda_runtime-sdk-docs",
                "lambda_runtime 1.5.0 with the SDK as documented: aws-config, AWS-LC (dynamic glibc)",
            )
        },
    ]
}

/// The program that is slow and fat on purpose.
pub(crate) fn slow(places: &Places, arch: Arch) -> Row {
    row(&PEER("slow", "slow and fat on purpose"), places, arch)
}

/// All lines of an architecture's table; `only` keeps those names, and what they are
/// compared to.
pub(crate) fn list(places: &Places, arch: Arch, only: &[String]) -> Vec<Row> {
    let sources = sources();
    let wanted = sources.iter().filter(|source| {
        only.is_empty()
            || source.name == crate::FLOOR
            || only.iter().any(|name| name == source.name)
            || source.name == ALLOCATOR && only.iter().any(|name| name.starts_with("json-"))
            || source.name == CALL && only.iter().any(|name| calls(name))
    });
    wanted.map(|source| row(source, places, arch)).collect()
}

/// Whether the program of this name answers with a call.
fn calls(name: &str) -> bool {
    name.starts_with("aws") || name.starts_with("lambda_runtime-sdk")
}

/// The names that there are.
pub(crate) fn names() -> Vec<&'static str> {
    sources().iter().map(|source| source.name).collect()
}

/// A bootstrap that somebody has at hand.
pub(crate) fn other(peer: &Peer) -> Row {
    let name = &peer.name;
    let command: Vec<String> = peer.command.split_whitespace().map(str::to_owned).collect();
    let path = command.first().map(fs::canonicalize);
    let Some(Ok(path)) = path else {
        return Err(Missing {
            name: name.clone(),
            reason: format!(
                "its command, {}, is not an existing file",
                command.first().map_or("which is empty", String::as_str)
            ),
        });
    };
    let mut command = command;
    command[0] = path.display().to_string();
    Ok(Program {
        name: name.clone(),
        group: Group::Peer,
        about: GIVEN.to_owned(),
        command,
        task_root: path.parent().unwrap_or(Path::new("/")).to_path_buf(),
        files: vec![path],
        handler: peer.handler.clone(),
        variables: peer.variables.clone(),
        countable: Countable::Nothing,
    })
}

/// Where the handlers of the layer's programs are.
pub(crate) fn handlers(places: &Places, arch: Arch) -> PathBuf {
    places.built.join(arch.name()).join("handlers")
}

fn row(source: &Source, places: &Places, arch: Arch) -> Row {
    let (root, folder) = match source.bootstrap {
        Place::Dist(folder) => (&places.dist, folder),
        Place::Built(folder) => (&places.built, folder),
    };
    let bootstrap = root.join(arch.name()).join(folder).join("bootstrap");
    let handlers = handlers(places, arch);
    let mut files = vec![bootstrap];
    files.extend(source.handler.1.map(|file| handlers.join(file)));
    for file in &files {
        if !file.exists() {
            return Err(Missing {
                name: source.name.to_owned(),
                reason: source.absent.to_owned(),
            });
        }
    }
    Ok(Program {
        name: source.name.to_owned(),
        group: source.group,
        about: source.about.to_owned(),
        command: vec![files[0].display().to_string()],
        files,
        handler: source.handler.0.to_owned(),
        task_root: handlers,
        countable: source.countable,
        variables: source.variables.iter().map(|it| (*it).to_owned()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_the_floor_is_first() {
        let names = names();
        assert_eq!(names[0], crate::FLOOR);
        let unique: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
    }

    #[test]
    fn what_is_not_built_says_so() {
        let nowhere = Places {
            dist: PathBuf::from("/nonexistent"),
            built: PathBuf::from("/nonexistent"),
        };
        let rows = list(&nowhere, Arch::Arm64, &["hello".to_owned()]);
        let names: Vec<String> = rows.into_iter().map(|row| row.unwrap_err().name).collect();
        assert_eq!(names, [crate::FLOOR, "hello"]);
        let peer = Peer::new("x", "/nonexistent/bootstrap --quick");
        let reason = other(&peer).unwrap_err().reason;
        assert!(reason.contains("/nonexistent/bootstrap"), "{reason}");
    }

    #[test]
    fn a_peer_has_the_handler_and_the_variables_that_it_was_given() {
        let mut peer = Peer::new("x", "/bin/sh");
        assert_eq!(other(&peer).unwrap().handler, "function.handler");
        peer.handler = "orders.create".to_owned();
        peer.variables = vec!["STAGE=test".to_owned(), "TZ=Europe/Paris".to_owned()];
        let environment = other(&peer)
            .unwrap()
            .environment("h:1", Path::new("/var/task"));
        for expected in ["_HANDLER=orders.create", "STAGE=test", "TZ=Europe/Paris"] {
            assert!(environment.iter().any(|one| one == expected), "{expected}");
        }
        // What it was given takes the place of what is there.
        assert!(environment.iter().all(|one| one != "TZ=:UTC"));
    }
}
