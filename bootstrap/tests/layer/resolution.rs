//! Every row of the table in layer/README.md.

use crate::common::{Function, Package, workers};

const SHELL: &str = "handler() { printf 'shell %s' \"$0\"; }\nsh() { printf 'function sh'; }\n";

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
fn without_prefix_a_file_that_cannot_be_executed_does_not_hide_a_function() {
    let package =
        Package::new()
            .file("function.handler", 0o644, "data")
            .file("function.sh", 0o644, SHELL);
    assert!(answer("function.handler", package).starts_with("shell "));
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
