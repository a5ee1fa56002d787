//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

pub(crate) const HELP: &str = "\
coldspark-local --bootstrap PATH [options]: run a bootstrap on this machine as Lambda would.

The response goes to stdout. The function's log and Lambda's START, END and REPORT lines go
to stderr. Billed Duration includes the init phase, as on Lambda since August 2025.

  --bootstrap PATH   the executable to run
  --event FILE       the event's JSON, - for stdin; default: a built-in sample of an API
                     Gateway HTTP API event (payload version 2.0)
  --repeat N         send the event N times, to the same process while it lives (default 1)
  --serve            stay, and take events at the Invoke endpoint, until SIGINT or SIGTERM
  --port P           the endpoint's port on 127.0.0.1 (default 9000; 0 takes a free one)
  --http             with --serve: stand in front of the function as a function URL would, for curl
                     and browsers at http://127.0.0.1:9000/, streamed responses included. There is one
                     environment, so requests are answered one after the other
  --snapstart        run the SnapStart protocol: start a process for each environment, wait
                     until all are parked in GET restore/next, restore one after the other and
                     send each the event once; one response a line. Memory is not cloned here:
                     a process cannot be duplicated from outside, so each environment runs its
                     own init. scripts/verify-clones restores one snapshot on virtual machines.
  --restores N       how many environments (default 2, at most 100)

  --handler NAME     _HANDLER (default empty)
  --task-root DIR    LAMBDA_TASK_ROOT and working directory (default: the current directory)
  --env KEY=VALUE    a further environment variable; may be repeated. The function sees
                     Lambda's variables, the caller's AWS credentials (but not with
                     --snapstart, as on Lambda) and region, and these.
  --timeout SECONDS  after which the function is killed (default 30; on Lambda 3)
  --freeze           stop all processes of the function when its answer has come, until the next
                     event, as Lambda does at the latest when the next event is asked for
  --memory MB        told to the function and reported, not enforced (default 128)
  --help             this text

With --serve, from another terminal:

  curl -d '{}' http://127.0.0.1:9000/2015-03-31/functions/function/invocations
  aws lambda invoke --endpoint-url http://127.0.0.1:9000 --function-name function \\
      --cli-binary-format raw-in-base64-out --payload '{}' out.json

In the end the function is killed. As on Lambda it gets SIGTERM before that only if it has
registered an extension, half a second ahead.

Exit status: 0 the function answered, 1 it failed (error, init error, timeout, crash, a stream
that says it is an HTTP response and has no valid prelude, or with
--snapstart anything that keeps an environment from its event), 2 this tool was used wrongly.
With --serve: 0 when ended by SIGINT or SIGTERM.
";

/// A command line that makes sense in itself.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) bootstrap: PathBuf,
    pub(crate) event: Option<PathBuf>,
    pub(crate) handler: String,
    pub(crate) task_root: PathBuf,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) timeout: Duration,
    pub(crate) memory_mb: u32,
    pub(crate) freeze: bool,
    pub(crate) mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Repeat(u32),
    SnapStart { restores: u32 },
    Serve { port: u16, http: bool },
}

/// `None` asks for help.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Option<Options>, String> {
    parse_with(&mut Parser::from_args(arguments)).map_err(|error| error.to_string())
}

fn parse_with(parser: &mut Parser) -> Result<Option<Options>, lexopt::Error> {
    let mut bootstrap = None;
    let (mut serve, mut http, mut port, mut repeat) = (false, false, None, None);
    let (mut snap_start, mut restores) = (false, None);
    let mut options = Options {
        bootstrap: PathBuf::new(),
        event: None,
        handler: String::new(),
        task_root: PathBuf::from("."),
        variables: Vec::new(),
        timeout: Duration::from_secs(30),
        memory_mb: 128,
        freeze: false,
        mode: Mode::Repeat(1),
    };
    while let Some(argument) = parser.next()? {
        let Arg::Long(name) = argument else {
            match argument {
                Arg::Short('h') => return Ok(None),
                other => return Err(other.unexpected()),
            }
        };
        match name {
            "help" => return Ok(None),
            "bootstrap" => bootstrap = Some(parser.value()?.into()),
            "event" => options.event = Some(parser.value()?.into()),
            "handler" => options.handler = parser.value()?.string()?,
            "task-root" => options.task_root = parser.value()?.into(),
            "env" => options
                .variables
                .push(variable(&parser.value()?.string()?)?),
            "timeout" => options.timeout = parser.value()?.parse_with(seconds)?,
            "memory" => {
                options.memory_mb = parser.value()?.parse_with(|v| positive(v, "--memory"))?
            }
            "repeat" => repeat = Some(parser.value()?.parse_with(|v| positive(v, "--repeat"))?),
            "serve" => serve = true,
            "http" => http = true,
            "freeze" => options.freeze = true,
            "snapstart" => snap_start = true,
            "restores" => restores = Some(parser.value()?.parse_with(environments)?),
            "port" => {
                port = Some(parser.value()?.parse_with(|v| {
                    v.parse::<u16>()
                        .map_err(|_| "--port wants a number up to 65535")
                })?)
            }
            _ => return Err(argument.unexpected()),
        }
    }
    options.bootstrap = bootstrap.ok_or("--bootstrap is missing")?;
    if snap_start && serve {
        let why = "--serve makes no sense with --snapstart, which sends each restored environment \
            one event and ends";
        return Err(why.into());
    }
    if snap_start && repeat.is_some() {
        return Err("--repeat makes no sense with --snapstart; see --restores".into());
    }
    if restores.is_some() && !snap_start {
        return Err("--restores makes sense only with --snapstart".into());
    }
    if http && !serve {
        return Err("--http makes sense only with --serve".into());
    }
    options.mode = match (serve, port, repeat) {
        (true, _, Some(_)) => return Err("--repeat makes no sense with --serve".into()),
        (true, ..) if options.event.is_some() => {
            return Err("--event makes no sense with --serve".into());
        }
        (true, port, None) => Mode::Serve {
            port: port.unwrap_or(9000),
            http,
        },
        (false, Some(_), _) => return Err("--port makes sense only with --serve".into()),
        (false, None, _) if snap_start => Mode::SnapStart {
            restores: restores.unwrap_or(2),
        },
        (false, None, repeat) => Mode::Repeat(repeat.unwrap_or(1)),
    };
    Ok(Some(options))
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !text.contains('\0') => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err(format!("--env '{text}' is not KEY=VALUE")),
    }
}

/// Lambda's own range ends at 900.
fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse::<f64>().ok();
    let seconds = seconds.filter(|seconds| *seconds > 0.0 && *seconds <= 900.0);
    seconds
        .map(Duration::from_secs_f64)
        .ok_or("--timeout wants seconds, more than 0 and at most 900")
}

fn positive(text: &str, option: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("{option} wants a whole number from 1"))
}

/// Each is a process and a few threads, all at once.
fn environments(text: &str) -> Result<u32, &'static str> {
    let number = text.parse().ok();
    let number = number.filter(|number| (1..=100).contains(number));
    number.ok_or("--restores wants a whole number from 1 to 100")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Result<Option<Options>, String> {
        parse(text.split_whitespace().map(OsString::from))
    }

    #[test]
    fn defaults_are_those_of_the_help() {
        let options = line("--bootstrap b").unwrap().unwrap();
        assert_eq!(options.mode, Mode::Repeat(1));
        assert_eq!(options.timeout, Duration::from_secs(30));
        assert_eq!(options.memory_mb, 128);
        assert_eq!(options.handler, "");
        assert!(line("--help").unwrap().is_none());
        let served = line("--bootstrap=b --serve").unwrap().unwrap();
        assert_eq!(
            served.mode,
            Mode::Serve {
                port: 9000,
                http: false
            }
        );
        let restored = line("--bootstrap b --snapstart").unwrap().unwrap();
        assert_eq!(restored.mode, Mode::SnapStart { restores: 2 });
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("", "--bootstrap is missing"),
            ("--bootstrap", "missing argument"),
            ("--bootstrap b c", "unexpected argument"),
            ("--bootstrap b --frob", "--frob"),
            ("--bootstrap b --env X", "KEY=VALUE"),
            ("--bootstrap b --timeout 0", "--timeout"),
            ("--bootstrap b --timeout NaN", "--timeout"),
            ("--bootstrap b --repeat 0", "--repeat"),
            ("--bootstrap b --memory x", "--memory"),
            ("--bootstrap b --port 1", "only with --serve"),
            ("--bootstrap b --http", "only with --serve"),
            ("--bootstrap b --serve --port 99999", "--port"),
            ("--bootstrap b --serve --repeat 2", "no sense"),
            ("--bootstrap b --serve --event e", "no sense"),
            (
                "--bootstrap b --snapstart --serve",
                "--serve makes no sense",
            ),
            ("--bootstrap b --snapstart --repeat 2", "see --restores"),
            ("--bootstrap b --snapstart --port 1", "only with --serve"),
            ("--bootstrap b --snapstart --restores 0", "from 1 to 100"),
            ("--bootstrap b --snapstart --restores 101", "from 1 to 100"),
            ("--bootstrap b --restores 2", "only with --snapstart"),
        ] {
            let why = line(text).unwrap_err();
            assert!(why.contains(part), "{text}: {why}");
        }
    }
}
