//! `AWS_LWA_LAMBDA_RUNTIME_API_PROXY`. The emulator is the proxy; where the Runtime API is, nobody listens.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::{fs, io, thread};

use coldspark_emulator::port::free_port;
use coldspark_emulator::script::{Scripted, Step};

use crate::common::function::{bare_command, binary, runner};
use crate::common::web::{API, PROXY, address, behind_proxy, get, text};
use crate::common::{Function, Package, process, workers};

const SLEEP: &str = "exec sleep 600";

/// Whether the bootstrap is run by another program: it cannot start itself again there.
fn skipped() -> bool {
    if runner().is_some() {
        coldspark_emulator::skipped("the bootstrap runs by another program");
    }
    runner().is_some()
}

#[track_caller]
fn serves(function: &mut Function, app: &Scripted) {
    app.push(text("ok"));
    let answer = function.invoke(get("/").to_string()).text();
    assert!(answer.contains("\"body\":\"ok\""), "{answer}");
    let log = function.log();
    assert!(!log.contains(PROXY), "{log}");
}

/// Whatever makes the function a web application, also where no other setting of the Web Adapter is there.
#[test]
fn events_come_by_the_proxy() {
    if skipped() {
        return;
    }
    let command = &["bash", "-c", SLEEP][..];
    for (handler, words, wrapper, scheme) in [
        ("http:run.sh", &[][..], false, ""),
        ("http:run.sh", &[], false, "http://"),
        ("run.sh", &[], false, ""),
        ("run.sh", &["/var/lang/bin/node", "index.mjs"], true, ""),
        ("", command, false, ""),
        ("http:", command, false, ""),
    ] {
        let app = Scripted::start([text("ready")]);
        let package = Package::new().executable("run.sh", workers::raw(SLEEP));
        let mut function = Function::start_with(handler, package, |command| {
            behind_proxy(command, scheme);
            command.args(words).env("PORT", app.port().to_string());
            if wrapper {
                command.env("AWS_LAMBDA_EXEC_WRAPPER", binary());
            }
        });
        serves(&mut function, &app);
    }
}

#[test]
fn the_address_of_the_runtime_api_itself_changes_nothing() {
    let app = Scripted::start([text("ready")]);
    let package = Package::new().executable("run.sh", workers::raw(SLEEP));
    let mut function = Function::start_with("run.sh", package, |command| {
        command.env(PROXY, format!("http://{}", address(command)));
        command.env("PORT", app.port().to_string());
    });
    serves(&mut function, &app);
}

#[test]
fn errors_of_init_and_the_extension_go_by_the_proxy() {
    if skipped() {
        return;
    }
    let package = Package::new().executable("run.sh", workers::raw("echo broken >&2; exit 3"));
    let function = Function::start_with("http:run.sh", package, |command| {
        behind_proxy(command, "");
        command.env("PORT", free_port().to_string());
    });
    function.assert_init_error("Runtime.ApplicationExited", &["broken"]);
    // The layer's own settings come first.
    let nobody = format!("127.0.0.1:{}", free_port());
    let variables = [(PROXY, &*nobody), ("COLDSPARK_SHUTDOWN", "yes")];
    let function = Function::start_env("http:run.sh", Package::new(), &variables);
    function.assert_init_error("Runtime.ConfigInvalid", &["COLDSPARK_SHUTDOWN"]);

    let app = Scripted::start([text("ready")]);
    let package = Package::new().executable("run.sh", workers::raw(SLEEP));
    let mut function = Function::start_with("http:run.sh", package, |command| {
        behind_proxy(command, "");
        command.env("PORT", app.port().to_string());
        command.env("COLDSPARK_SHUTDOWN", "1");
    });
    serves(&mut function, &app);
    function.wait_until("asked by the extension", |function| {
        function.api.extension_requests().len() == 2
    });
}

/// The variables, arguments and descriptors of the application, and what the bootstrap has open.
fn seen(proxy: bool) -> (Vec<String>, Vec<u8>, [Vec<u32>; 2]) {
    let app = Scripted::start([text("ready")]);
    let package = Package::new();
    let mut api = String::new();
    let function = Function::start_with("", package, |command| {
        api = address(command);
        command.env("PORT", app.port().to_string());
        command.env("STAGE", "a=b\nc").env("EMPTY", "");
        command.args(["http:", "sh", "-c", "sleep 600; :", "", "two words"]);
        if proxy {
            behind_proxy(command, "");
        }
    });
    function.wait_idle();
    let worker = function.worker();
    let read = |name: &str| fs::read(format!("/proc/{worker}/{name}")).expect("of the process");
    let environment = String::from_utf8(read("environ")).expect("text");
    let port = format!("={}", app.port());
    let folder = function.package.task();
    let folder = folder.to_string_lossy();
    let parent = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
    let mut lines: Vec<String> = environment
        .split_terminator('\0')
        .filter(|line| !line.starts_with(PROXY))
        .map(|line| line.replace(&port, "=PORT").replace(parent, "FOLDER"))
        .map(|line| line.replace(&api, "ADDRESS"))
        .collect();
    lines.sort_unstable();
    let descriptors = [worker, function.pid()].map(process::own_descriptors);
    (lines, read("cmdline"), descriptors)
}

#[test]
fn the_application_finds_what_it_finds_without_a_proxy() {
    if skipped() {
        return;
    }
    let (direct, by_proxy) = (seen(false), seen(true));
    assert!(direct.0.contains(&"STAGE=a=b\nc".to_owned()), "{direct:?}");
    assert!(direct.0.contains(&format!("{API}=ADDRESS")), "{direct:?}");
    assert_eq!(direct.2[0], [0, 1, 2], "the application's descriptors");
    assert_eq!(direct, by_proxy);
}

/// Copies what comes from one connection into another, until the first one ends.
fn carry(from: &TcpStream, to: &TcpStream) {
    let [mut from, mut to] = [from, to].map(|stream| stream.try_clone().expect("a second handle"));
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}

#[test]
fn a_proxy_may_listen_later_than_the_bootstrap_starts() {
    if skipped() {
        return;
    }
    // It answers the readiness check when there is a step.
    let app = Scripted::start(Vec::<Step>::new());
    let proxy = format!("127.0.0.1:{}", free_port());
    let package = Package::new().executable("run.sh", workers::raw(SLEEP));
    let mut function = Function::start_with("http:run.sh", package, |command| {
        command.env("PORT", app.port().to_string());
        command.env(PROXY, &proxy);
    });
    function.wait_until("warned", |function| {
        function.log().contains("and nothing listens there")
    });
    let listener = TcpListener::bind(&proxy).expect("a free port");
    let api = function.api.address();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(&api).expect("the emulator");
            carry(&client, &server);
            carry(&server, &client);
        }
    });
    app.push(text("ready"));
    app.push(text("ok"));
    let answer = function.invoke(get("/").to_string()).text();
    assert!(answer.contains("\"body\":\"ok\""), "{answer}");
}

#[test]
fn a_proxy_where_nothing_listens_is_named_in_the_log() {
    if skipped() {
        return;
    }
    let app = Scripted::start([text("ready")]);
    let nobody = format!("127.0.0.1:{}", free_port());
    let package = Package::new().executable("run.sh", workers::raw(SLEEP));
    let mut function = Function::start_with("http:run.sh", package, |command| {
        command.env("PORT", app.port().to_string());
        command.env(PROXY, &nobody);
    });
    assert_eq!(function.status().code(), Some(1));
    let log = function.log();
    let expected =
        format!("{PROXY} is {nobody}, and nothing listens there yet; the bootstrap uses");
    assert!(log.contains(&expected), "{log}");
    assert!(log.contains("invocation/next: cannot connect"), "{log}");
    // An extension may be there to look at every event, so no event is fetched without it.
    assert!(function.api.requests().is_empty());
}

#[test]
fn an_address_that_cannot_be_used_is_a_warning() {
    let app = Scripted::start([text("ready")]);
    let package = Package::new().executable("run.sh", workers::raw(SLEEP));
    let port = app.port().to_string();
    let variables = [("PORT", &*port), (PROXY, "127.0.0.1:9002/events")];
    let mut function = Function::start_env("http:run.sh", package, &variables);
    app.push(text("ok"));
    assert!(
        function
            .invoke(get("/").to_string())
            .text()
            .contains("\"body\":\"ok\"")
    );
    let log = function.log();
    assert!(
        log.contains(&format!(
            "{PROXY} is \"127.0.0.1:9002/events\", and must be"
        )),
        "{log}"
    );
}

#[test]
fn a_function_that_is_no_web_application_ignores_it() {
    let package = Package::new().executable("handler", workers::raw("cat"));
    let nobody = format!("127.0.0.1:{}", free_port());
    let mut function = Function::start_env("exec:handler", package, &[(PROXY, &nobody)]);
    assert_eq!(function.invoke("{}").text(), "{}");
    assert!(!function.log().contains(PROXY));
}

#[test]
fn without_a_runtime_api_it_has_no_meaning() {
    let nobody = format!("127.0.0.1:{}", free_port());
    let mut command = bare_command();
    command.env_remove(API).env(PROXY, &nobody);
    let output = command
        .args(["sh", "-c", "echo here"])
        .output()
        .expect("it runs");
    assert_eq!(output.stdout, b"here\n");
    assert!(output.stderr.is_empty(), "{output:?}");
}
