//! One running application and the bootstrap or extension before it, from the start to the end.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use super::stacks::{Application, Kind, Stack};
use crate::api::{Api, Call, Request};
use crate::clock::Moment;
use crate::measure::one::{self, TIMEOUT};
use crate::process;
use crate::programs::{Countable, Group, Program};
use crate::spawn::{self, Launch};

/// The running processes. They end with this value.
pub(super) struct Running<'a> {
    pub(super) api: &'a mut Api,
    pub(super) started: Moment,
    /// The bootstrap or the extension, and the application if that is not its child.
    pub(super) processes: Vec<i32>,
    pub(super) port: u16,
    /// The application, while it waits until the extension has registered itself.
    waiting: Option<Launch>,
    log: &'a Path,
}

impl<'a> Running<'a> {
    /// Starts the first process of the stack, and the second one if the two start together.
    pub(super) fn start(
        api: &'a mut Api,
        application: &Application,
        stack: &Stack,
        variables: &[&str],
        log: &'a Path,
    ) -> Result<Self, String> {
        let port = free_port()?;
        let _ = std::fs::remove_file(log);
        let address = api.address()?;
        let launch = |command: &Path| {
            let program = program(application, command, port, variables);
            Launch {
                arguments: program.command.clone(),
                environment: program.environment(&address, &application.folder),
                log: log.to_owned(),
            }
        };
        let alone = launch(&application.folder.join(application.program));
        let (first, second, waiting) = match &stack.kind {
            Kind::Alone => (alone, None, None),
            Kind::Layer(bootstrap) => (launch(bootstrap), None, None),
            Kind::Adapter {
                program,
                together: true,
            } => (launch(program), Some(alone), None),
            Kind::Adapter { program, .. } => (launch(program), None, Some(alone)),
        };
        let first = first.start().map_err(|error| error.to_string())?;
        let mut running = Self {
            api,
            started: first.moment(),
            processes: vec![first.pid],
            port,
            waiting,
            log,
        };
        if let Some(second) = second {
            running.add(&second)?;
        }
        Ok(running)
    }

    fn add(&mut self, launch: &Launch) -> Result<(), String> {
        let started = launch.start().map_err(|error| error.to_string())?;
        self.processes.push(started.pid);
        Ok(())
    }

    /// The next call of the Runtime API, which has to be this one. Extensions are answered.
    pub(super) fn expect(&mut self, call: &Call) -> Result<Request, String> {
        let request = self.receive()?;
        one::expected(self.api, request, call)
    }

    /// The next call of the Runtime API.
    pub(super) fn receive(&mut self) -> Result<Request, String> {
        let until = Moment::now().after(TIMEOUT);
        loop {
            let mut ended = || ended(&self.processes);
            let Some(request) = self.api.receive(until, &mut ended)? else {
                return Err(format!("no call within {} s", TIMEOUT.as_secs()));
            };
            match request.call {
                Call::Register => {
                    self.api.accept_extension(&request)?;
                    if let Some(launch) = self.waiting.take() {
                        self.add(&launch)?;
                    }
                }
                // It has no reply: the environment lives.
                Call::ExtensionNext => {}
                _ => return Ok(request),
            }
        }
    }

    /// Waits for these bytes in a request; gives the moment when they were there.
    pub(super) fn receive_part(&mut self, part: &[u8]) -> Result<Moment, String> {
        let until = Moment::now().after(TIMEOUT);
        let mut ended = || ended(&self.processes);
        self.api.receive_part(part, until, &mut ended)
    }

    /// The process of the application: the only child of a bootstrap, or the last one that was started here.
    pub(super) fn application(&self) -> Result<i32, String> {
        let tree = match self.processes[..] {
            [bootstrap] => process::tree(bootstrap),
            _ => self.processes.clone(),
        };
        match tree[..] {
            [application] | [_, application] => Ok(application),
            _ => Err(format!(
                "of {} processes it is not known which one is the application",
                tree.len()
            )),
        }
    }

    /// Adds what the programs said last.
    pub(super) fn explained(&self, error: String) -> String {
        error + &spawn::last_words(self.log)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        for &process in &self.processes {
            spawn::end(process);
        }
        for &process in &self.processes {
            spawn::reap(process);
        }
        // Children of theirs die a moment later.
        std::thread::sleep(Duration::from_millis(1));
        self.api.reset();
    }
}

/// How one of the processes has ended, if one has.
fn ended(processes: &[i32]) -> Option<String> {
    processes.iter().find_map(|pid| spawn::ended(*pid))
}

fn program(application: &Application, command: &Path, port: u16, variables: &[&str]) -> Program {
    let path = std::env::var("PATH").unwrap_or_default();
    let own = [format!("PATH={path}"), format!("PORT={port}")];
    let variables = own
        .into_iter()
        .chain(variables.iter().map(|it| (*it).to_owned()));
    Program {
        name: application.name.to_owned(),
        group: Group::Layer,
        about: application.about.to_owned(),
        command: vec![command.display().to_string()],
        files: Vec::new(),
        handler: format!("http:{}", application.program),
        variables: variables.collect(),
        task_root: application.folder.clone(),
        countable: Countable::Nothing,
        exchange: None,
    }
}

/// A port that nobody listens on.
fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr());
    Ok(listener.map_err(|error| error.to_string())?.port())
}
