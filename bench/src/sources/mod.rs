//! Which programs are measured, and where scripts/bench has left them.

mod calls;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use crate::arch::Arch;
use crate::options::Peer;
use crate::programs::{Countable, Group, Missing, Places, Program, Row};
pub(crate) use calls::CALL;
use table::{ALLOCATOR, Place, Source, peer, sources};

/// The program that is slow and fat on purpose.
pub(crate) fn slow(places: &Places, arch: Arch) -> Row {
    row(&peer("slow", "slow and fat on purpose"), places, arch)
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
    });
    wanted.map(|source| row(source, places, arch)).collect()
}

/// The floor, and the programs that answer with a call of a service; `only` keeps those names, and what
/// they are compared to.
pub(crate) fn list_calls(places: &Places, arch: Arch, only: &[String]) -> Vec<Row> {
    let mut rows = list(places, arch, &[crate::FLOOR.to_owned()]);
    let calls = calls::sources();
    let wanted = calls.iter().filter(|source| {
        only.is_empty() || source.name == CALL || only.iter().any(|name| name == source.name)
    });
    rows.extend(wanted.map(|source| row(source, places, arch)));
    rows
}

/// The names that there are, of those with a call of a service or of the others.
pub(crate) fn names(calls: bool) -> Vec<&'static str> {
    let sources = if calls { calls::sources() } else { sources() };
    sources.iter().map(|source| source.name).collect()
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
        about: "given by --peer".to_owned(),
        command,
        task_root: path.parent().unwrap_or(Path::new("/")).to_path_buf(),
        files: vec![path],
        handler: peer.handler.clone(),
        variables: peer.variables.clone(),
        countable: Countable::Unknown,
        exchange: None,
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
        exchange: source.exchange,
        variables: source.variables.iter().map(|it| (*it).to_owned()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_the_floor_is_first() {
        let mut names = names(false);
        assert_eq!(names[0], crate::FLOOR);
        names.extend(super::names(true));
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
