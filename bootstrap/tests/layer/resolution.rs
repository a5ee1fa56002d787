//! Every row of the table in layer/README.md.

use crate::common::{Function, Package, workers};

const SHELL: &str = "handler() { printf 'shell %s' \"$0\"; }\nsh() { printf 'function sh'; }\n";

/// Leaves a file beside itself when any of it is run or sourced.
const TRAP: &str = "#!/bin/bash\necho >\"${BASH_SOURCE[0]}.ran\"\nsh() { :; }\nhandler() { :; }\nworker() { :; }\n";

/// The handler is refused in the init phase, and no file of the package was run for it.
#[track_caller]
fn refused(handler: &str, package: Package, error_type: &str, texts: &[&str]) {
    let roots = [package.task(), package.layer()];
    let mut function = Function::start(handler, package);
    function.init_error(error_type, texts);
    for root in roots {
        let names = std::fs::read_dir(root).expect("the package").flatten();
        let names: Vec<_> = names.map(|entry| entry.file_name()).collect();
        let ran = |name: &std::ffi::OsString| name.to_string_lossy().ends_with(".ran");
        assert!(!names.iter().any(ran), "{handler}: {names:?}");
    }
}

/// What a handler of the package answers with.
fn answer(handler: &str, package: Package) -> String {
    Function::start(handler, package).invoke("{}").text()
}

fn worker(name: &str) -> String {
    workers::answering(&format!("printf 'worker {name}' >&6"))
}

fn exec(name: &str) -> String {
    workers::raw(&format!("printf 'exec {name}'"))
}

#[test]
fn the_prefix_worker_takes_an_executable_as_worker() {
    let package = Package::new().executable("bin/handler", worker("a"));
    assert_eq!(answer("worker:bin/handler", package), "worker a");
}

#[test]
fn the_prefix_exec_takes_an_executable_for_each_event() {
    let package = Package::new().executable("handler.worker", exec("a"));
    assert_eq!(answer("exec:handler.worker", package), "exec a");
}

#[test]
fn the_prefix_shell_takes_a_function_of_a_script() {
    let package = Package::new().file("lib/function.sh", 0o644, SHELL);
    let script = package.task().join("lib/function.sh");
    let expected = format!("shell {}", script.display());
    assert_eq!(answer("shell:lib/function.handler", package), expected);
}

#[test]
fn without_prefix_an_executable_is_run_for_each_event() {
    let package = Package::new().executable("handler", exec("a"));
    assert_eq!(answer("handler", package), "exec a");
}

#[test]
fn without_prefix_an_executable_that_ends_in_worker_is_a_worker() {
    let package = Package::new().executable("handler.worker", worker("a"));
    assert_eq!(answer("handler.worker", package), "worker a");
}

#[test]
fn without_prefix_a_function_of_a_script_is_a_shell_function() {
    let package = Package::new().file("function.sh", 0o644, SHELL);
    assert!(answer("function.handler", package).starts_with("shell "));
}

#[test]
fn without_prefix_an_executable_comes_before_a_function() {
    let package = Package::new()
        .executable("handler.sh", exec("a"))
        .executable("function.handler", exec("b"))
        .file("function.sh", 0o644, SHELL);
    assert_eq!(answer("function.handler", package), "exec b");
}

#[test]
fn without_prefix_a_script_of_that_name_is_executed_when_it_can_be() {
    let package = Package::new().executable("handler.sh", exec("a"));
    assert_eq!(answer("handler.sh", package), "exec a");
}

#[test]
fn what_the_package_has_not_comes_from_the_layer() {
    let package = Package::new().layer_file("bin/handler", 0o755, exec("layer"));
    assert_eq!(answer("bin/handler", package), "exec layer");
    let package = Package::new().layer_file("handler", 0o755, worker("layer"));
    assert_eq!(answer("worker:handler", package), "worker layer");
    let package = Package::new().layer_file("function.sh", 0o644, SHELL);
    assert!(answer("function.handler", package).contains("/opt/function.sh"));
}

#[test]
fn the_package_comes_before_the_layer() {
    let package = Package::new()
        .executable("handler", exec("package"))
        .layer_file("handler", 0o755, exec("layer"));
    assert_eq!(answer("exec:handler", package), "exec package");
    let package = Package::new().file("function.sh", 0o644, SHELL).layer_file(
        "function.handler",
        0o755,
        exec("layer"),
    );
    assert!(answer("function.handler", package).contains("/task/function.sh"));
}

#[test]
fn names_may_have_spaces_and_other_bytes() {
    let package = Package::new().executable("über the/hand'ler \"$x\"", exec("a"));
    assert_eq!(answer("exec:über the/hand'ler \"$x\"", package), "exec a");
    let package = Package::new().file("my $(id) script.sh", 0o644, SHELL);
    assert!(answer("my $(id) script.handler", package).contains("/my $(id) script.sh"));
}

#[test]
fn a_file_that_is_there_is_meant_and_nothing_else_is_run_for_it() {
    let invalid = "Runtime.InvalidHandler";
    let texts = [
        "/task/handler.sh",
        "(mode 644)",
        "chmod 755",
        "handler.FUNCTION",
    ];
    let package = Package::new().file("handler.sh", 0o644, TRAP);
    refused("handler.sh", package, invalid, &texts);
    let data = [
        "/task/function.handler",
        "(mode 644)",
        "shell:function.handler",
    ];
    let package =
        Package::new()
            .file("function.handler", 0o644, "data")
            .file("function.sh", 0o644, TRAP);
    refused("function.handler", package, invalid, &data);
    // A worker that lost its mode, beside a script with a function of that name.
    let texts = ["/task/a.worker", "(mode 644)"];
    let package = Package::new()
        .file("a.worker", 0o644, TRAP)
        .file("a.sh", 0o644, TRAP);
    refused("a.worker", package, invalid, &texts);
    // What the package has hides what a layer has.
    let texts = ["/task/handler", "(mode 644)"];
    let package = Package::new()
        .file("handler", 0o644, TRAP)
        .layer_file("handler", 0o755, TRAP);
    refused("handler", package, invalid, &texts);
    let package = Package::new()
        .file("function.handler", 0o600, TRAP)
        .layer_file("function.sh", 0o644, TRAP)
        .layer_file("function.handler", 0o755, TRAP);
    refused("function.handler", package, invalid, &["(mode 600)"]);
    let package = Package::new()
        .layer_file("lib/function.handler", 0o644, TRAP)
        .layer_file("lib/function.sh", 0o644, TRAP);
    let texts = ["/opt/lib/function.handler", "(mode 644)"];
    refused("lib/function.handler", package, invalid, &texts);
}

#[test]
fn a_prefix_chooses_between_a_file_and_a_function() {
    let package = || {
        Package::new()
            .file("function.handler", 0o644, "data")
            .file("function.sh", 0o644, SHELL)
            .executable("b.handler", exec("b"))
            .file("b.sh", 0o644, SHELL)
    };
    assert!(answer("shell:function.handler", package()).starts_with("shell "));
    assert!(answer("shell:b.handler", package()).starts_with("shell "));
    assert_eq!(answer("b.handler", package()), "exec b");
    assert_eq!(answer("exec:b.handler", package()), "exec b");
    for handler in [
        "exec:function.handler",
        "worker:function.handler",
        "stream:function.handler",
    ] {
        refused(
            handler,
            package(),
            "Runtime.InvalidHandler",
            &["(mode 644)"],
        );
    }
}

#[test]
fn a_directory_hides_no_function() {
    let package = Package::new()
        .file("function.handler/data", 0o644, "")
        .file("function.sh", 0o644, SHELL);
    assert!(answer("function.handler", package).starts_with("shell "));
}

#[test]
fn a_script_is_no_function_of_itself() {
    for mode in [0o644, 0o755] {
        let package = Package::new().file("handler.sh", mode, TRAP);
        let texts = ["names a script and no function", "shell:NAME.FUNCTION"];
        refused("shell:handler.sh", package, "Runtime.NoSuchHandler", &texts);
    }
}

#[test]
fn a_bootstrap_is_no_handler() {
    for handler in [
        "bootstrap",
        "exec:bootstrap",
        "worker:bootstrap",
        "stream:bootstrap",
    ] {
        for package in [
            Package::new().layer_file("bootstrap", 0o755, TRAP),
            Package::new().executable("bootstrap", TRAP),
        ] {
            let texts = [
                "bootstrap\" (_HANDLER)",
                "asks Lambda for events itself",
                "handler http:NAME",
            ];
            refused(handler, package, "Runtime.InvalidHandler", &texts);
        }
    }
    let package = Package::new().executable("bin/bootstrap", exec("a"));
    assert_eq!(answer("bin/bootstrap", package), "exec a");
}

#[test]
fn a_file_that_bash_would_misread_is_not_sourced() {
    for (mark, text) in [
        ("\u{feff}#!/bin/bash\n", "byte order mark"),
        ("\u{feff}", "byte order mark"),
        ("#!/bin/bash\r\n", "Unix line ends"),
        ("\r\n", "Unix line ends"),
        ("\u{7f}ELF", "no shell script"),
    ] {
        let script = format!("{mark}{TRAP}");
        let package = Package::new().file("function.sh", 0o644, script);
        let texts = ["/task/function.sh", text];
        refused(
            "function.handler",
            package,
            "Runtime.InvalidHandler",
            &texts,
        );
    }
    for handler in ["exec:handler", "worker:handler", "handler"] {
        let package = Package::new().executable("handler", format!("\u{feff}{TRAP}"));
        let texts = ["/task/handler", "byte order mark before #!"];
        refused(handler, package, "Runtime.InvalidHandler", &texts);
    }
}
