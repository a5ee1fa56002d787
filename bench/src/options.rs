//! The command line of the harness; scripts/bench has what a person types.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

use crate::arch::Arch;

/// A command line that makes sense in itself.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) rounds: usize,
    pub(crate) only: Vec<String>,
    pub(crate) arches: Vec<Arch>,
    pub(crate) short: bool,
    pub(crate) memory_mb: Option<u64>,
    /// NAME, COMMAND
    pub(crate) peers: Vec<(String, String)>,
    pub(crate) compare: Option<PathBuf>,
    /// Default: bench/results of the repository.
    pub(crate) output: Option<PathBuf>,
    /// The repository.
    pub(crate) root: PathBuf,
    /// What scripts/bench has built and installed, and where programs are copied to.
    pub(crate) cache: PathBuf,
    /// Where qemu's emulators are.
    pub(crate) qemu: PathBuf,
    pub(crate) date: String,
    pub(crate) commit: String,
    pub(crate) versions: BTreeMap<String, String>,
}

/// Understands a command line.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Options, String> {
    parse_with(&mut Parser::from_args(arguments)).map_err(|error| error.to_string())
}

fn parse_with(parser: &mut Parser) -> Result<Options, lexopt::Error> {
    let mut options = Options {
        rounds: 200,
        only: Vec::new(),
        arches: Arch::ALL.to_vec(),
        short: false,
        memory_mb: None,
        peers: Vec::new(),
        compare: None,
        output: None,
        root: PathBuf::from("."),
        cache: PathBuf::new(),
        qemu: PathBuf::new(),
        date: "undated".to_owned(),
        commit: "unknown".to_owned(),
        versions: BTreeMap::new(),
    };
    while let Some(argument) = parser.next()? {
        let Arg::Long(name) = argument else {
            return Err(argument.unexpected());
        };
        let name = name.to_owned();
        match name.as_str() {
            "rounds" => {
                options.rounds = parser.value()?.parse()?;
                if options.rounds == 0 {
                    return Err("--rounds must be at least 1".into());
                }
            }
            "only" => options.only = names(&parser.value()?.string()?)?,
            "arch" => options.arches = arches(&parser.value()?.string()?)?,
            "short" => options.short = true,
            "memory" => {
                let memory = parser.value()?.parse()?;
                if !(128..=10_240).contains(&memory) {
                    return Err("--memory is 128 to 10240 MB".into());
                }
                options.memory_mb = Some(memory);
            }
            "peer" => {
                let (name, command) = pair(parser)?;
                if crate::sources::names().contains(&name.as_str()) {
                    return Err(format!("--peer: {name} is in the table already").into());
                }
                options.peers.push((name, command));
            }
            "compare" => options.compare = Some(parser.value()?.into()),
            "output" => options.output = Some(parser.value()?.into()),
            "root" => options.root = parser.value()?.into(),
            "cache" => options.cache = parser.value()?.into(),
            "qemu" => options.qemu = parser.value()?.into(),
            "date" => options.date = parser.value()?.string()?,
            "commit" => options.commit = parser.value()?.string()?,
            "version" => options.versions.extend([pair(parser)?]),
            _ => return Err(Arg::Long(&name).unexpected()),
        }
    }
    Ok(options)
}

fn pair(parser: &mut Parser) -> Result<(String, String), lexopt::Error> {
    let text = parser.value()?.string()?;
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err(format!("'{text}' is not NAME=VALUE").into()),
    }
}

fn names(text: &str) -> Result<Vec<String>, lexopt::Error> {
    let known = crate::sources::names();
    let names: Vec<String> = text.split(',').map(str::to_owned).collect();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(format!(
            "--only: no program '{name}'; there are {}",
            known.join(", ")
        )
        .into()),
        None => Ok(names),
    }
}

fn arches(text: &str) -> Result<Vec<Arch>, lexopt::Error> {
    if text == "all" {
        return Ok(Arch::ALL.to_vec());
    }
    let arch =
        Arch::parse(text).ok_or_else(|| format!("--arch is x86_64, arm64 or all, not '{text}'"))?;
    Ok(vec![arch])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Options, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn a_whole_line_is_understood() {
        let options = parsed(
            "--rounds 10 --only hello,minlambda --arch arm64 --short --memory 128 \
             --peer go=/tmp/go --compare old.json --output out --version rustc=1.95",
        )
        .unwrap();
        assert_eq!((options.rounds, options.short), (10, true));
        assert_eq!(options.only, ["hello", "minlambda"]);
        assert_eq!(options.arches, [Arch::Arm64]);
        assert_eq!(options.memory_mb, Some(128));
        assert_eq!(options.peers, [("go".to_owned(), "/tmp/go".to_owned())]);
        assert_eq!(options.versions["rustc"], "1.95");
    }

    #[test]
    fn nonsense_is_refused_with_its_name() {
        for (line, word) in [
            ("--only helo", "helo"),
            ("--arch riscv", "riscv"),
            ("--memory 64", "128 to 10240"),
            ("--peer go", "NAME=VALUE"),
            ("--peer hello=/tmp/x", "already"),
            ("--rounds 0", "at least 1"),
            ("--round 5", "--round"),
            ("x", "x"),
        ] {
            let error = parsed(line).unwrap_err();
            assert!(error.contains(word), "{line}: {error}");
        }
    }
}
