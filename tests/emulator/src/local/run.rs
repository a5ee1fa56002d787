//! Execution of a command line.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{ExitCode, exit};
use std::sync::Arc;
use std::thread;

use coldspark_emulator::api::MAX_EVENT;
use coldspark_emulator::emulator::{Invocation, Outcome, Sink};
use coldspark_emulator::function::{Function, Spec};
use coldspark_emulator::{function_url, invoke_api};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::options::{Mode, Options};
use crate::snapstart;

/// Written for this tool.
const SAMPLE_EVENT: &str = include_str!("../../events/http-api.json");

/// Runs to the end. An error means that the tool was used wrongly.
pub(crate) fn run(options: Options) -> Result<ExitCode, String> {
    check_port(&options)?;
    let spec = Spec {
        bootstrap: options.bootstrap,
        handler: options.handler,
        task_root: options.task_root,
        variables: options.variables,
        memory_mb: options.memory_mb,
        timeout: options.timeout,
        freeze: options.freeze,
        snap_start: matches!(options.mode, Mode::SnapStart { .. }),
        log: Arc::new(log),
    };
    let count = match options.mode {
        Mode::SnapStart { restores } => restores,
        Mode::Repeat(_) | Mode::Serve { .. } => 1,
    };
    let functions = (0..count).map(|_| Function::new(spec.clone()).map(Arc::new));
    let functions = functions.collect::<Result<Vec<_>, _>>();
    let functions = functions.map_err(|error| error.to_string())?;
    let function = &functions[0];
    let code = match options.mode {
        Mode::Repeat(count) => {
            let event = read_event(options.event.as_deref())?;
            on_signal(&functions, |signal| 128 + signal)?;
            repeat(function, &event, count)
        }
        Mode::SnapStart { .. } => {
            let event = read_event(options.event.as_deref())?;
            on_signal(&functions, |signal| 128 + signal)?;
            snapstart::run(&functions, &event)
        }
        Mode::Serve { port, http } => {
            on_signal(&functions, |_| 0)?;
            serve(function, port, http)
        }
    };
    end(&functions);
    code
}

/// The port of a web application must be free: another program on it would answer in its place.
fn check_port(options: &Options) -> Result<(), String> {
    let given = options.variables.iter().rev();
    let value = |name: &str| given.clone().find(|(known, _)| known == name);
    if !options.handler.starts_with("http:")
        && !given.clone().any(|(name, _)| name.starts_with("AWS_LWA_"))
    {
        return Ok(());
    }
    let named = value("AWS_LWA_PORT").or_else(|| value("PORT"));
    // The layer warns of one that is no number.
    let Ok(port) = named.map_or(Ok(8080), |(_, port)| port.parse()) else {
        return Ok(());
    };
    match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Err(format!(
            "another program listens on port {port}, which is the application's; end it, or choose \
             another port with --env AWS_LWA_PORT=..."
        )),
        Err(_) => Ok(()),
    }
}

/// Ends the environments as Lambda does; all have the same time.
fn end(functions: &[Arc<Function>]) {
    thread::scope(|scope| {
        for function in functions {
            scope.spawn(|| function.stop());
        }
    });
}

fn repeat(function: &Function, event: &[u8], count: u32) -> Result<ExitCode, String> {
    let mut failed = false;
    for _ in 0..count {
        let report = function.invoke(Invocation {
            sink: Some(Sink::new(print_part)),
            ..Invocation::new(event)
        });
        let report = report.map_err(|error| error.to_string())?;
        let is_error = report.outcome.is_error();
        if is_error && event == SAMPLE_EVENT.as_bytes() {
            log(b"coldspark-local: the event was the built-in sample of an HTTP API's; --event FILE gives another");
        }
        failed |= is_error || log_stream_error(&report.outcome);
        failed |= report.outcome.http_fault().is_some();
        if !print(report.payload()) {
            failed = true;
            break;
        }
    }
    Ok(status(failed))
}

/// Writes what has come of a streamed response.
fn print_part(bytes: &[u8]) {
    let mut stdout = io::stdout().lock();
    // A closed pipe is noticed when the response has ended.
    let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
}

/// Logs an error in the trailers of a stream; returns whether there was one.
fn log_stream_error(outcome: &Outcome) -> bool {
    let Some((error_type, json)) = outcome.stream_error() else {
        return false;
    };
    let json = String::from_utf8_lossy(&json);
    log(format!("coldspark-local: the stream ended with {error_type}: {json}").as_bytes());
    true
}

/// Writes a payload to stdout as one line; returns whether that worked, as a pipe to `head` may end.
pub(crate) fn print(mut payload: Vec<u8>) -> bool {
    if payload.last() != Some(&b'\n') {
        payload.push(b'\n');
    }
    io::stdout().lock().write_all(&payload).is_ok()
}

pub(crate) fn status(failed: bool) -> ExitCode {
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn serve(function: &Arc<Function>, port: u16, http: bool) -> Result<ExitCode, String> {
    let address = (Ipv4Addr::LOCALHOST, port).into();
    let (listen, path): (fn(_, _) -> _, _) = match http {
        true => (function_url::serve, ""),
        false => (
            invoke_api::serve,
            "2015-03-31/functions/function/invocations",
        ),
    };
    let bound = listen(address, Arc::clone(function)).map_err(|error| {
        format!("cannot listen on {address}: {error}; choose another with --port")
    })?;
    // Alone on its line, so that it can be copied, and read by a script.
    let bootstrap = function.bootstrap().display();
    log(format!("serving {bootstrap} until Ctrl-C; its URL:\nhttp://{bound}/{path}").as_bytes());
    loop {
        thread::park();
    }
}

/// Ends the functions' process groups, then this program, on SIGINT, SIGTERM or SIGHUP.
fn on_signal(functions: &[Arc<Function>], status: fn(i32) -> i32) -> Result<(), String> {
    let functions = functions.to_vec();
    let signals = Signals::new([SIGINT, SIGTERM, SIGHUP]);
    let mut signals = signals.map_err(|error| format!("cannot catch signals: {error}"))?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            end(&functions);
            exit(status(signal));
        }
    });
    Ok(())
}

fn read_event(path: Option<&Path>) -> Result<Vec<u8>, String> {
    let Some(path) = path else {
        return Ok(SAMPLE_EVENT.into());
    };
    let mut event = Vec::new();
    let (name, read) = if path == Path::new("-") {
        let stdin = io::stdin().lock().read_to_end(&mut event);
        ("from stdin".to_owned(), stdin.map(|_| event))
    } else {
        (path.display().to_string(), fs::read(path))
    };
    let event = read.map_err(|error| format!("cannot read event {name}: {error}"))?;
    if event.len() > MAX_EVENT {
        let size = event.len();
        return Err(format!(
            "event {name} has {size} bytes; Lambda takes at most {MAX_EVENT}"
        ));
    }
    invoke_api::check_json(&event).map_err(|why| format!("event {name} is not JSON: {why}"))?;
    Ok(event)
}

/// One write a line, so that lines of several threads stay whole.
pub(crate) fn log(line: &[u8]) {
    let line = [line, b"\n"].concat();
    // Without a stderr there is no other place for an error.
    let _ = io::stderr().lock().write_all(&line);
}
