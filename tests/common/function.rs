//! One process of a function under test.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use coldspark_emulator::confine::{self, List, Others};
use coldspark_emulator::script::{Scripted, Step};

use super::Session;
use super::binaries::{bootstrap, note_failure, wait_until};

/// A function that is about to be started.
pub(crate) struct Function {
    command: Command,
    stderr: Option<Stdio>,
}

/// The function of that name, with `_HANDLER` set to it.
pub(crate) fn function(name: &str) -> Function {
    let function = Function {
        command: bootstrap(name),
        stderr: None,
    };
    match name {
        "orders" => function.handler("orders.price").env(
            "LAMBDA_TASK_ROOT",
            concat!(env!("CARGO_MANIFEST_DIR"), "/examples/orders"),
        ),
        _ => function.handler(name),
    }
}

impl Function {
    pub(crate) fn handler(self, name: &str) -> Self {
        self.env("_HANDLER", name)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Runs it in this folder.
    pub(crate) fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Runs it by a command, to which its own words are added as arguments.
    pub(crate) fn run_by(mut self, words: &[&str]) -> Self {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        command
            .arg(self.command.get_program())
            .args(self.command.get_args());
        command.env_clear();
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        self.command = command;
        self
    }

    /// Makes the kernel kill it at the first system call outside the list. With a runner there is no such
    /// filter.
    #[track_caller]
    pub(crate) fn confined(mut self, list: &List, others: Others) -> Self {
        let program = PathBuf::from(self.command.get_program());
        let confined = confine::confine(&mut self.command, &program, list, others);
        confined.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        self
    }

    /// Limits its descriptors to this number.
    pub(crate) fn with_descriptors(mut self, count: usize) -> Self {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("ulimit -n {count}; exec \"$0\" \"$@\"")]);
        shell.arg(self.command.get_program());
        shell.args(self.command.get_args());
        shell.env_clear();
        for (name, value) in self.command.get_envs() {
            shell.envs(value.map(|value| (name, value)));
        }
        self.command = shell;
        self
    }

    /// Logs into this instead of a file; the session then does not show the log.
    pub(crate) fn logging_to(mut self, stderr: impl Into<Stdio>) -> Self {
        self.stderr = Some(stderr.into());
        self
    }

    /// Starts it against a Runtime API that plays these steps.
    #[track_caller]
    pub(crate) fn start(self, steps: impl IntoIterator<Item = impl Into<Step>>) -> Session {
        self.start_with(Scripted::start(steps))
    }

    /// Starts it against this Runtime API.
    #[track_caller]
    pub(crate) fn start_with(self, api: Scripted) -> Session {
        let address = api.address();
        Session::new(self.start_at(address), api)
    }

    /// Starts it with an address of the Runtime API.
    #[track_caller]
    pub(crate) fn start_at(self, address: impl AsRef<OsStr>) -> Process {
        self.env("AWS_LAMBDA_RUNTIME_API", address).spawn()
    }

    /// Starts it without an address.
    #[track_caller]
    pub(crate) fn spawn(mut self) -> Process {
        let logs = Logs::new();
        let file = logs.file("stderr");
        self.command
            .stdin(Stdio::piped())
            .stdout(logs.file("stdout"))
            .stderr(self.stderr.take().unwrap_or(file.into()));
        match self.command.spawn() {
            Ok(child) => Process {
                child: RefCell::new(child),
                logs,
            },
            Err(error) => panic!("{:?}: {error}", self.command),
        }
    }
}

/// A running function. It ends when the value is dropped; a failing test shows its output.
pub(crate) struct Process {
    child: RefCell<Child>,
    logs: Logs,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) status: ExitStatus,
    pub(crate) stderr: String,
}

impl Process {
    /// Its standard error so far.
    pub(crate) fn stderr(&self) -> String {
        self.logs.read("stderr")
    }

    /// Its standard output so far.
    pub(crate) fn stdout(&self) -> String {
        self.logs.read("stdout")
    }

    /// Writes to its standard input, and closes that.
    #[track_caller]
    pub(crate) fn write_stdin(&self, text: &str) {
        let mut stdin = self.child.borrow_mut().stdin.take().expect("written once");
        stdin.write_all(text.as_bytes()).expect("it reads");
    }

    /// Writes to its standard input, even if the process has ended.
    pub(crate) fn offer_stdin(&self, text: &str) {
        if let Some(mut stdin) = self.child.borrow_mut().stdin.take() {
            let _ = stdin.write_all(text.as_bytes());
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.borrow().id()
    }

    /// Whether its first thread waits for something, twice in a row.
    pub(crate) fn is_sleeping(&self) -> bool {
        let waits = || {
            let stat = fs::read_to_string(format!("/proc/{}/stat", self.id()));
            stat.is_ok_and(|stat| stat.contains(") S "))
        };
        waits() && {
            thread::sleep(Duration::from_millis(50));
            waits()
        }
    }

    /// Sends it SIGTERM, as Lambda does before it ends an environment.
    #[track_caller]
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends it the signal of this name.
    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.borrow().id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Its exit status, once it has ended.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        self.child.borrow_mut().try_wait().expect("a child")
    }

    /// Waits until it ends by itself.
    #[track_caller]
    pub(crate) fn wait(&self) -> Exit {
        let mut ended = None;
        let has_ended = || {
            ended = self.ended();
            ended.is_some()
        };
        wait_until("the end of the process", has_ended, || self.stderr());
        Exit {
            status: ended.expect("it has ended"),
            stderr: self.stderr(),
        }
    }
}

impl Exit {
    /// It ended with status 1, and its log has each of these texts.
    #[track_caller]
    pub(crate) fn assert_failed_with(&self, texts: &[&str]) {
        assert_eq!(
            (self.status.code(), self.status.signal()),
            (Some(1), None),
            "exit status; stderr:\n{}",
            self.stderr
        );
        for text in texts {
            let has = self.stderr.contains(text);
            assert!(has, "stderr does not have {text:?}:\n{}", self.stderr);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        note_failure();
        let child = self.child.get_mut();
        let _ = child.kill();
        let status = child.wait();
        if thread::panicking() {
            let (stdout, stderr) = (self.stdout(), self.stderr());
            eprintln!("the function's process: {status:?}\n--- its stderr:\n{stderr}---");
            if !stdout.is_empty() {
                eprintln!("--- its stdout:\n{stdout}---");
            }
        }
    }
}

/// The files that a process writes to, which can be read at any time.
struct Logs {
    folder: PathBuf,
}

impl Logs {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("function-{}-{number}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).expect("a folder for logs");
        Self { folder }
    }

    fn file(&self, name: &str) -> File {
        File::create(self.folder.join(name)).expect("a log file")
    }

    fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.folder.join(name)).expect("the log file");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
