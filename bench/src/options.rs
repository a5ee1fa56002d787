//! The command line of the harness; scripts/bench has the one for people.

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
    /// Only web applications, behind the layer and behind Lambda Web Adapter.
    pub(crate) web: bool,
    /// With `web`, on all cores and not on one.
    pub(crate) all_cores: bool,
    /// Only functions with a call of a service, with the floor.
    pub(crate) aws: bool,
    pub(crate) memory_mb: Option<u64>,
    pub(crate) peers: Vec<Peer>,
    pub(crate) compare: Option<PathBuf>,
    /// Default: bench/results of the repository.
    pub(crate) output: Option<PathBuf>,
    /// The repository.
    pub(crate) root: PathBuf,
    /// The folders with the builds and tools of scripts/bench, and the one where programs run.
    pub(crate) cache: PathBuf,
    /// Where qemu's emulators are.
    pub(crate) qemu: PathBuf,
    pub(crate) date: String,
    pub(crate) commit: String,
    pub(crate) versions: BTreeMap<String, String>,
}

/// A bootstrap that the user gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) command: String,
    pub(crate) handler: String,
    /// NAME=VALUE
    pub(crate) variables: Vec<String>,
}

impl Peer {
    pub(crate) fn new(name: impl Into<String>, command: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            command: command.into(),
            handler: "function.handler".to_owned(),
            variables: Vec::new(),
        }
    }
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
        web: false,
        all_cores: false,
        aws: false,
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
            "only" => {
                let names = parser.value()?.string()?;
                options.only = names.split(',').map(str::to_owned).collect();
            }
            "arch" => options.arches = arches(&parser.value()?.string()?)?,
            "short" => options.short = true,
            "web" => options.web = true,
            "all-cores" => options.all_cores = true,
            "aws" => options.aws = true,
            "memory" => {
                let memory = parser.value()?.parse()?;
                if !(128..=10_240).contains(&memory) {
                    return Err("--memory is 128 to 10240 MB".into());
                }
                options.memory_mb = Some(memory);
            }
            "peer" => {
                let (name, command) = pair(parser)?;
                if crate::sources::names(false).contains(&name.as_str()) {
                    return Err(format!("--peer: {name} is in the table already").into());
                }
                options.peers.push(Peer::new(name, command));
            }
            "peer-handler" => {
                let (name, handler) = pair(parser)?;
                named(&mut options.peers, &name, "--peer-handler")?.handler = handler;
            }
            "peer-env" => {
                let (name, variable) = pair(parser)?;
                if !variable.contains('=') {
                    return Err(format!("--peer-env: '{variable}' is not NAME=VALUE").into());
                }
                let peer = named(&mut options.peers, &name, "--peer-env")?;
                peer.variables.push(variable);
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
    if options.all_cores && !options.web {
        return Err("--all-cores goes with --web".into());
    }
    if options.web {
        crate::web::check_names(&options.only, &options.peers)?;
    } else {
        known(&options.only, options.aws)?;
    }
    if options.aws {
        if options.short || options.memory_mb.is_some() || !options.peers.is_empty() {
            return Err("--aws goes with --only, --rounds, --output and --compare".into());
        }
        // Times of programs of the other architecture would be those of an emulator.
        options.arches = vec![Arch::host()];
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

/// The peer of this name, which has to be given before.
fn named<'a>(
    peers: &'a mut [Peer],
    name: &str,
    option: &str,
) -> Result<&'a mut Peer, lexopt::Error> {
    let peer = peers.iter_mut().find(|peer| peer.name == name);
    peer.ok_or_else(|| format!("{option}: give --peer {name}=COMMAND before it").into())
}

fn known(names: &[String], calls: bool) -> Result<(), lexopt::Error> {
    let known = crate::sources::names(calls);
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(format!(
            "--only: no program '{name}'{}; there are {}",
            match (
                crate::sources::names(!calls).contains(&name.as_str()),
                calls
            ) {
                (false, _) => "",
                (true, false) => " without --aws",
                (true, true) => " with --aws",
            },
            known.join(", ")
        )
        .into()),
        None => Ok(()),
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
             --peer go=/tmp/go --peer-handler go=main --peer-env go=STAGE=a=b --compare old.json --output out --version rustc=1.95",
        )
        .unwrap();
        assert_eq!((options.rounds, options.short), (10, true));
        assert_eq!(options.only, ["hello", "minlambda"]);
        assert_eq!(options.arches, [Arch::Arm64]);
        assert_eq!(options.memory_mb, Some(128));
        let [peer] = &*options.peers else {
            panic!("{:?}", options.peers)
        };
        assert_eq!((&*peer.name, &*peer.command), ("go", "/tmp/go"));
        assert_eq!(
            (&*peer.handler, &*peer.variables),
            ("main", &["STAGE=a=b".to_owned()][..])
        );
        assert_eq!(options.versions["rustc"], "1.95");
    }

    #[test]
    fn web_has_names_of_its_own() {
        let options =
            parsed("--web --all-cores --peer old=/tmp/old --only node,layer,old").unwrap();
        assert!(options.web && options.all_cores);
        assert_eq!(options.only, ["node", "layer", "old"]);
    }

    #[test]
    fn calls_are_measured_on_this_machine() {
        let options = parsed("--only aws,lambda_runtime-sdk --aws --arch all").unwrap();
        assert!(options.aws && options.arches == [Arch::host()]);
    }

    #[test]
    fn nonsense_is_refused_with_its_name() {
        for (line, word) in [
            ("--only helo", "helo"),
            ("--only aws-sdk", "'aws-sdk' without --aws"),
            ("--aws --only hello", "'hello' with --aws"),
            ("--web --only hello", "no application or stack 'hello'"),
            ("--web --only node --peer alone=/tmp/x", "already"),
            ("--all-cores", "--web"),
            ("--aws --memory 128", "--aws goes with"),
            ("--arch riscv", "riscv"),
            ("--memory 64", "128 to 10240"),
            ("--peer go", "NAME=VALUE"),
            ("--peer hello=/tmp/x", "already"),
            ("--peer-handler go=main", "--peer go=COMMAND"),
            (
                "--peer go=/tmp/go --peer-env go=STAGE",
                "'STAGE' is not NAME=VALUE",
            ),
            ("--rounds 0", "at least 1"),
            ("--round 5", "--round"),
            ("x", "x"),
        ] {
            let error = parsed(line).unwrap_err();
            assert!(error.contains(word), "{line}: {error}");
        }
    }
}
