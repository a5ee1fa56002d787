//! What makes a function a web application, and what is started for it.

use coldspark_emulator::script::Scripted;

use crate::common::function::{bare_command, binary, runner};
use crate::common::web::{PROCESS, get, text};
use crate::common::{Function, Package, workers};

/// A server, and its port.
fn server() -> (Scripted, String) {
    let app = Scripted::start([text("ready")]);
    let port = app.port().to_string();
    (app, port)
}

/// Says which port it was told.
const TELL: &str = "echo \"port $PORT\" >>starts; exec sleep 600";

#[track_caller]
fn serves(mut function: Function, app: &Scripted, port: &str) {
    app.push(text("ok"));
    let answer = function.invoke(get("/").to_string()).text();
    assert!(answer.contains("\"body\":\"ok\""), "{answer}");
    let starts = function.package.task().join("starts");
    let told = format!(
        "port {port}
"
    );
    function.wait_until("told its port", |_| {
        std::fs::read_to_string(&starts).is_ok_and(|starts| starts == told)
    });
}

#[test]
fn the_prefix_or_a_setting_of_the_web_adapter_means_a_web_application() {
    for (handler, name) in [
        ("http:run.sh", "PORT"),
        ("run.sh", "AWS_LWA_PORT"),
        ("http:run.sh", "AWS_LWA_PORT"),
    ] {
        let (app, port) = server();
        let package = Package::new().executable("run.sh", workers::raw(TELL));
        let function = Function::start_env(handler, package, &[(name, &port)]);
        serves(function, &app, &port);
    }
}

#[test]
fn another_prefix_keeps_its_meaning() {
    let package = Package::new().executable("handler", workers::raw("cat"));
    let mut function = Function::start_env("exec:handler", package, &[("AWS_LWA_PORT", "1")]);
    assert_eq!(function.invoke("{}").text(), "{}");
}

#[test]
fn the_wrapper_of_a_managed_runtime_runs_the_handler() {
    if runner().is_some() {
        coldspark_emulator::skipped("the emulator of the processor stands in the wrapper's place");
        return;
    }
    let (app, port) = server();
    let package = Package::new().executable("run.sh", workers::raw(TELL));
    let function = Function::start_with("run.sh", package, |command| {
        command.env("AWS_LAMBDA_EXEC_WRAPPER", binary());
        command.env("PORT", &port);
        command.args(["/var/lang/bin/node", "--expose-gc", "index.mjs"]);
    });
    assert!(!function.log().contains("nothing runs it"));
    serves(function, &app, &port);
}

#[test]
fn an_images_command_is_wrapped() {
    for (words, variable) in [(&["http:"][..], "PORT"), (&[], "AWS_LWA_PORT")] {
        let (app, port) = server();
        let package = Package::new();
        let function = Function::start_with("", package, |command| {
            command.args(words).args(["bash", "-c", TELL]);
            command.env(variable, &port);
        });
        serves(function, &app, &port);
    }
}

#[test]
fn without_a_runtime_api_the_command_is_executed_itself() {
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = bare_command();
        command.args(arguments).env_remove("AWS_LAMBDA_RUNTIME_API");
        command.envs(variables.iter().copied());
        let output = command.output().expect("it runs");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    };
    let arguments = ["http:", "sh", "-c", "echo \"$0 $PORT\"; exit 7", "word"];
    assert_eq!(
        run(&arguments, &[("PORT", "99")]),
        (Some(7), "word 99\n".to_owned())
    );
    let adapter = [("AWS_LWA_PORT", "99")];
    assert_eq!(
        run(&["sh", "-c", "echo here"], &adapter),
        (Some(0), "here\n".to_owned())
    );
    let (status, _) = run(&["http:", "no-such-program"], &[]);
    assert_eq!(status, Some(1));
}

#[test]
fn what_cannot_be_started_is_an_init_error() {
    let package = Package::new().file("run.sh", 0o644, "#!/bin/bash\n");
    let function = Function::start("http:run.sh", package);
    function.assert_init_error("Runtime.InvalidHandler", &["run.sh", "not executable"]);
    let function = Function::start("http:none", Package::new());
    function.assert_init_error("Runtime.NoSuchHandler", &["none"]);
    let function = Function::start("http:", Package::new());
    function.assert_init_error("Runtime.NoSuchHandler", &["http:PATH"]);
    let function = Function::start_with("", Package::new(), |command| {
        command.args(["http:", "no-such-program"]);
    });
    function.assert_init_error("Runtime.NoSuchHandler", &["no-such-program", "PATH"]);
    let function = Function::start("http:../x", Package::new());
    function.assert_init_error("Runtime.InvalidHandler", &[".."]);
}

#[test]
fn without_a_setting_the_port_is_8080() {
    // Nothing may listen there on this machine, so only what the process is told is looked at.
    let package =
        Package::new().executable("run.sh", workers::raw("echo \"port $PORT\" >&2; exit 1"));
    let function = Function::start("http:run.sh", package);
    function.assert_init_error("Runtime.ApplicationExited", &["port 8080"]);
}

#[test]
fn the_process_has_the_functions_environment() {
    let (app, port) = server();
    let package = Package::new().executable("run.sh", workers::raw(PROCESS));
    let function =
        Function::start_env("http:run.sh", package, &[("PORT", &port), ("STAGE", "dev")]);
    function.wait_idle();
    let environment =
        std::fs::read(format!("/proc/{}/environ", function.worker())).expect("its environment");
    let environment = String::from_utf8_lossy(&environment).into_owned();
    assert!(environment.contains("STAGE=dev\0") && environment.contains(&format!("PORT={port}\0")));
    drop(app);
}
