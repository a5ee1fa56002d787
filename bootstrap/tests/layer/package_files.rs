//! Where handlers are looked for, and what modes and links of files mean.

use std::os::unix::fs::symlink;

use crate::common::{Function, Package, workers};

const NO_SUCH: &str = "Runtime.NoSuchHandler";
const INVALID: &str = "Runtime.InvalidHandler";

fn says(word: &str) -> String {
    workers::raw(&format!("printf '%s' {word}"))
}

#[test]
fn without_settings_the_package_is_in_var_task_and_the_layers_in_opt() {
    let function = Function::start_with("nosuch.handler", Package::new(), |command| {
        command.env_remove("LAMBDA_TASK_ROOT");
        command.env_remove("COLDSPARK_LAYER_ROOT");
    });
    let texts = [
        "no /var/task/nosuch.handler, no /opt/nosuch.handler, no /var/task/nosuch.sh, no /opt/nosuch.sh;",
        "put the file into the package, or correct the function's handler setting",
    ];
    function.assert_init_error(NO_SUCH, &texts);
}

#[test]
fn any_executable_bit_makes_an_executable() {
    for mode in [0o100, 0o010, 0o001, 0o755, 0o4755] {
        // The kernel asks for the bit of whoever runs it; as root, any of them.
        let package = Package::new().file("handler", mode | 0o444, says("ran"));
        let root = std::fs::metadata("/proc/self")
            .is_ok_and(|of| std::os::unix::fs::MetadataExt::uid(&of) == 0);
        if !root && mode & 0o100 == 0 {
            eprintln!("skipped: mode {mode:o} wants root");
            continue;
        }
        assert_eq!(
            Function::start("handler", package).invoke("{}").text(),
            "ran"
        );
    }
}

#[test]
fn a_mode_is_shown_with_its_special_bits_and_without_the_kind_of_file() {
    for (mode, shown) in [
        (
            0o644,
            "(mode 644); `chmod 755` it before it is put into the package",
        ),
        (0o600, "(mode 600);"),
        (0o4644, "(mode 4644);"),
        (0o1444, "(mode 1444);"),
    ] {
        for handler in ["handler", "exec:handler", "worker:handler"] {
            let package = Package::new().file("handler", mode, says("ran"));
            let texts = ["/task/handler is not executable ", shown];
            Function::start(handler, package).assert_init_error(INVALID, &texts);
        }
    }
}

/// SECURITY.md: a symbolic link of the package is followed, wherever it leads.
#[test]
fn a_symbolic_link_is_the_packages_own_choice() {
    let elsewhere = Package::new()
        .executable("program", says("elsewhere"))
        .file("f.sh", 0o644, "handler() { printf shell; }");
    for handler in ["exec:handler", "handler"] {
        let package = Package::new();
        symlink(
            elsewhere.task().join("program"),
            package.task().join("handler"),
        )
        .expect("a link");
        assert_eq!(
            Function::start(handler, package).invoke("{}").text(),
            "elsewhere"
        );
    }
    // A script, a folder, and a link of the layer that leads up from where it is.
    let package = Package::new();
    symlink(elsewhere.task().join("f.sh"), package.task().join("f.sh")).expect("a link");
    assert_eq!(
        Function::start("f.handler", package).invoke("{}").text(),
        "shell"
    );
    let package = Package::new();
    symlink(elsewhere.task(), package.layer().join("bin")).expect("a link");
    assert_eq!(
        Function::start("bin/program", package).invoke("{}").text(),
        "elsewhere"
    );
    let package = Package::new().executable("program", says("task"));
    symlink("../task/program", package.layer().join("up")).expect("a link");
    assert_eq!(
        Function::start("exec:up", package).invoke("{}").text(),
        "task"
    );
}

#[test]
fn a_symbolic_link_to_nothing_is_not_there() {
    for handler in ["exec:handler", "worker:handler", "handler"] {
        let package = Package::new();
        symlink("/nowhere/at/all", package.task().join("handler")).expect("a link");
        Function::start(handler, package).assert_init_error(NO_SUCH, &["is not there"]);
    }
}

/// The name itself may not lead out, whether or not something is there.
#[test]
fn a_name_that_leads_out_is_refused_where_a_file_is_there() {
    for handler in [
        "/bin/cat",
        "exec:/bin/cat",
        "worker:/bin/cat",
        "stream:/bin/cat",
        "exec:../opt/handler",
        "exec:lib/../../opt/handler",
        "shell:../opt/f.handler",
    ] {
        let package = Package::new()
            .file("lib/file", 0o644, "")
            .layer_file("handler", 0o755, says("ran"))
            .layer_file("f.sh", 0o644, "handler() { :; }");
        Function::start(handler, package).assert_init_error(INVALID, &["leads out of the package"]);
    }
}
