//! From `_HANDLER` to the file that answers, and how. The rule is a table in layer/README.md.

use std::path::{Path, PathBuf};

use coldspark::{Error, internal};

use crate::error;
use crate::process::executable;
use crate::settings::Settings;
use crate::sys::read_ahead;

/// The ending of the names of executables that speak the worker protocol.
const WORKER_ENDING: &str = ".worker";

/// The file that Lambda starts, at the root of a package or layer.
const BOOTSTRAP: &str = "bootstrap";

/// What answers the function's events.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Worker(PathBuf),
    Exec(PathBuf),
    /// An executable whose output is passed on as it comes.
    Stream(PathBuf),
    Shell {
        script: PathBuf,
        function: String,
    },
}

/// The target that a handler, the value of `_HANDLER`, names.
pub(crate) fn target(handler: &str, settings: &Settings) -> Result<Target, Error> {
    let roots = [&*settings.task_root, &*settings.layer_root];
    if let Some(path) = handler.strip_prefix("worker:") {
        if read_ahead::handler_was_found() {
            check_name(handler, path)?;
            return Ok(Target::Worker(settings.task_root.join(path)));
        }
        file(handler, path, roots).map(Target::Worker)
    } else if let Some(path) = handler.strip_prefix("exec:") {
        file(handler, path, roots).map(Target::Exec)
    } else if let Some(path) = handler.strip_prefix("stream:") {
        file(handler, path, roots).map(Target::Stream)
    } else if let Some(name) = handler.strip_prefix("shell:") {
        let (path, function) = script(name).ok_or_else(|| {
            error(
                error::NO_SUCH_HANDLER,
                handler,
                "names no function; write shell:NAME.FUNCTION for a function of NAME.sh",
            )
        })?;
        if path == name {
            return Err(error(
                error::NO_SUCH_HANDLER,
                handler,
                "names a script and no function; write shell:NAME.FUNCTION for a function of \
                 NAME.sh, or without the prefix NAME.sh to execute it for each event",
            ));
        }
        file(handler, &path, roots).map(|script| Target::Shell { script, function })
    } else {
        unprefixed(handler, roots)
    }
}

/// The file of a web application.
pub(crate) fn web_application(
    handler: &str,
    path: &str,
    settings: &Settings,
) -> Result<PathBuf, Error> {
    file(handler, path, [&settings.task_root, &settings.layer_root])
}

fn unprefixed(handler: &str, roots: [&Path; 2]) -> Result<Target, Error> {
    check_inside(handler, handler)?;
    for root in roots {
        let path = root.join(handler);
        if executable::is_executable(&path) {
            refuse_bootstrap(handler, handler)?;
            return Ok(if handler.ends_with(WORKER_ENDING) {
                Target::Worker(path)
            } else {
                Target::Exec(path)
            });
        }
        // The handler means a file of this name, also when it cannot be executed: nothing else is run in
        // its place.
        if path.exists() && !path.is_dir() {
            return Err(not_executable(handler, &path, root));
        }
        if let Some((script, function)) = script(handler) {
            let script = root.join(script);
            if script.is_file() {
                return Ok(Target::Shell { script, function });
            }
        }
    }
    // What has the name is a directory, whose error says more.
    for root in roots {
        let path = root.join(handler);
        if path.exists() {
            executable::check(&path)?;
        }
    }
    let script = script(handler).map(|(script, _)| script);
    Err(not_found(
        handler,
        [Some(handler), script.as_deref()],
        roots,
    ))
}

/// The error of a file that has the handler's name and cannot be executed.
fn not_executable(handler: &str, path: &Path, root: &Path) -> Error {
    let Err(reason) = executable::check(path) else {
        // It has become executable since it was checked.
        return error(
            error::INVALID_HANDLER,
            handler,
            "was changed in the init phase",
        );
    };
    let shell = script(handler).filter(|(script, _)| root.join(script).is_file());
    let Some((script, function)) = shell else {
        return reason;
    };
    let other = match script.strip_suffix(".sh") {
        Some(name) if script == handler => format!("a function of it is named {name}.FUNCTION"),
        _ => format!("the function {function} of {script} is named shell:{handler}"),
    };
    Error::new(
        error::INVALID_HANDLER,
        format!("{}; {other}", reason.message()),
    )
}

/// Refuses a function's own bootstrap and the layer's: it would ask the Runtime API for the events
/// of this one.
fn refuse_bootstrap(handler: &str, name: &str) -> Result<(), Error> {
    if name != BOOTSTRAP {
        return Ok(());
    }
    Err(error(
        error::INVALID_HANDLER,
        handler,
        "names a bootstrap, which asks Lambda for events itself; set the function's handler to what \
         answers them: an executable of its package, or NAME.FUNCTION for a function of NAME.sh; a web \
         application is renamed, with the handler http:NAME",
    ))
}

/// The script and the function in `NAME.FUNCTION`.
fn script(name: &str) -> Option<(String, String)> {
    let (script, function) = name.rsplit_once('.')?;
    let whole = !script.is_empty() && !script.ends_with('/');
    (whole && !function.is_empty() && !function.contains('/'))
        .then(|| (format!("{script}.sh"), function.to_owned()))
}

/// The file of this name in the first of the folders that has one.
fn file(handler: &str, name: &str, roots: [&Path; 2]) -> Result<PathBuf, Error> {
    check_name(handler, name)?;
    let paths = roots.map(|root| root.join(name));
    let found = paths.into_iter().find(|path| path.exists());
    found.ok_or_else(|| not_found(handler, [Some(name), None], roots))
}

/// Refuses names that no handler may have.
fn check_name(handler: &str, name: &str) -> Result<(), Error> {
    check_inside(handler, name)?;
    refuse_bootstrap(handler, name)
}

/// Refuses names that could leave the folders in which handlers are looked for.
fn check_inside(handler: &str, name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(error(
            error::NO_SUCH_HANDLER,
            handler,
            "names nothing; set the function's handler to an executable of its package, or to \
             NAME.FUNCTION for a function of NAME.sh",
        ));
    }
    if !name.starts_with('/') && name.split('/').all(|part| part != "..") {
        return Ok(());
    }
    Err(error(
        error::INVALID_HANDLER,
        handler,
        "leads out of the package; name a file in it, without a leading / and without ..",
    ))
}

fn not_found(handler: &str, names: [Option<&str>; 2], roots: [&Path; 2]) -> Error {
    let mut text = String::from("is not there: no ");
    let names = names.into_iter().flatten();
    let paths = names.flat_map(|name| roots.map(|root| root.join(name)));
    for (index, path) in paths.enumerate() {
        if index > 0 {
            text.push_str(", no ");
        }
        text.push_str(&path.to_string_lossy());
    }
    text.push_str("; put the file into the package, or correct the function's handler setting");
    error(error::NO_SUCH_HANDLER, handler, &text)
}

fn error(kind: &'static str, handler: &str, text: &str) -> Error {
    let handler = internal::quoted(handler);
    Error::new(kind, format!("the handler {handler} (_HANDLER) {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_functions_are_split_at_the_last_dot() {
        let split = |name| script(name).map(|(script, function)| format!("{script} {function}"));
        assert_eq!(
            split("function.handler").as_deref(),
            Some("function.sh handler")
        );
        assert_eq!(split("a/b.c.d").as_deref(), Some("a/b.c.sh d"));
        for name in ["handler", ".handler", "handler.", "a.b/c", "a/.b", ""] {
            assert_eq!(split(name), None, "{name}");
        }
    }
}
