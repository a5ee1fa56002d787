//! The layer's modules, in forms that targets can look at.

use std::path::{Component, Path};
use std::sync::LazyLock;

use crate::resolve::{self as layer, Target};
use crate::settings::Settings;
use crate::worker::protocol::Line;

/// A line of the worker protocol, parsed and written again.
pub fn worker_line(line: &[u8]) -> Option<String> {
    Some(match Line::parse(line)? {
        Line::Ready { requests } => {
            let words = [
                ("before-snapshot", requests.before_snapshot),
                ("after-restore", requests.after_restore),
                ("sent", requests.sent),
                ("shutdown", requests.shutdown),
                ("no-seed", requests.no_seed),
            ];
            let words = words.into_iter().filter(|(_, is_asked)| *is_asked);
            words.fold("ready".to_owned(), |line, (word, _)| line + " " + word)
        }
        Line::InitError { error_type } => format!("init-error {error_type}"),
        Line::HookDone => "done".to_owned(),
        Line::Response { event } => format!("response {event}"),
        Line::Chunk {
            event,
            length,
            content_type: None,
        } => format!("chunk {event} {length}"),
        Line::Chunk {
            event,
            length,
            content_type: Some(content_type),
        } => format!("chunk {event} {length} {content_type}"),
        Line::HookError { error_type } => format!("hook-error {error_type}"),
        Line::Error { event, error_type } => format!("error {event} {error_type}"),
    })
}

/// What is there for a handler to be found: a worker, an executable, a script.
static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    use std::os::unix::fs::PermissionsExt;
    let root = std::env::temp_dir().join(format!("coldspark-fuzz-{}", std::process::id()));
    let (task_root, layer_root) = (root.join("task"), root.join("opt"));
    for folder in [&task_root, &layer_root] {
        std::fs::create_dir_all(folder.join("a")).expect("the temporary folder can be written");
        for name in ["w.worker", "e", "f.sh", "a/g.sh"] {
            let file = folder.join(name);
            std::fs::write(&file, "#!/bin/sh\n").expect("it can be written");
            std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755))
                .expect("it can be changed");
        }
    }
    Settings {
        task_root,
        layer_root,
        init_timeout: None,
        deadline_margin: None,
    }
});

/// What a handler setting stands for. Panics if that is outside of both folders, or not there.
pub fn resolve(handler: &str) -> Result<(), String> {
    let settings = &*SETTINGS;
    let (path, function) = match layer::target(handler, settings) {
        Ok(Target::Worker(path) | Target::Exec(path) | Target::Stream(path)) => (path, None),
        Ok(Target::Shell { script, function }) => (script, Some(function)),
        Err(error) => return Err(error.message().to_owned()),
    };
    let inside = |root: &Path| {
        path.strip_prefix(root).is_ok_and(|rest| {
            rest.components()
                .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        })
    };
    assert!(
        inside(&settings.task_root) || inside(&settings.layer_root),
        "{handler:?} leads to {path:?}"
    );
    assert!(
        path.exists(),
        "{handler:?} leads to {path:?}, which is not there"
    );
    if let Some(function) = function {
        assert!(!function.is_empty() && !function.contains(['/', '.']));
        assert!(path.extension().is_some_and(|ending| ending == "sh"));
    }
    Ok(())
}

/// Why a file that begins so cannot be executed.
pub fn executable(beginning: &[u8]) -> Option<String> {
    crate::process::executable::problem(beginning)
}

/// The interpreter that an ELF file names.
pub fn elf_interpreter(elf: &[u8]) -> Option<std::path::PathBuf> {
    crate::process::executable::elf::interpreter(elf)
}
