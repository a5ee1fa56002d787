//! A web application behind the layer, and a function URL in front of it.

use std::env;
use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use coldspark_emulator::emulator::Invocation;
use coldspark_emulator::function::{Function, Spec};
use coldspark_emulator::port::free_port;
use coldspark_emulator::under_test::{limit, runner};
use coldspark_emulator::{function_url, skipped};
use serde_json::Value;

/// The folder of the applications, in this repository.
pub(crate) const APPLICATIONS: &str = "bootstrap/tests/web/applications";
/// Bytes that are no text; in Base64 they fill an event of 6 MB.
pub(crate) const UPLOAD: usize = 4_600_000;
/// The header of a posted form.
pub(crate) const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
/// The setting by which responses are streamed.
pub(crate) const STREAMS: (&str, &str) = ("AWS_LWA_INVOKE_MODE", "response_stream");

/// Where Node looks for packages.
const MODULES: &str = "node_modules";

/// The folder of what `scripts/setup frameworks` installs, or nothing, which this says.
pub(crate) fn tools() -> Option<PathBuf> {
    let tools = env::var_os("COLDSPARK_WEB").filter(|tools| !tools.is_empty());
    if tools.is_none() {
        skipped(
            "COLDSPARK_WEB does not say where scripts/setup frameworks has put the applications",
        );
        return None;
    }
    tools.map(PathBuf::from)
}

/// A path of this repository; one that is absolute stays as it is.
pub(crate) fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The layer's binary, or a script that runs it under its runner.
fn bootstrap() -> PathBuf {
    let Some(runner) = runner() else {
        return binary();
    };
    static SCRIPT: OnceLock<PathBuf> = OnceLock::new();
    let script = SCRIPT.get_or_init(|| {
        let script = Path::new(env!("CARGO_TARGET_TMPDIR")).join("web-bootstrap");
        let (runner, binary) = (runner.display(), binary());
        let line = format!("exec {runner} {} \"$@\"", binary.display());
        write_script(&script, &line);
        script
    });
    script.clone()
}

fn write_script(path: &Path, line: &str) {
    fs::write(path, format!("#!/bin/sh\n{line}\n")).expect("a script");
    fs::set_permissions(path, Permissions::from_mode(0o755)).expect("its mode");
}

fn binary() -> PathBuf {
    let binary = match env::var_os("COLDSPARK_TEST_BINARIES").filter(|folder| !folder.is_empty()) {
        Some(folder) => Path::new(&folder).join("layer/bootstrap"),
        None => PathBuf::from(env!("CARGO_BIN_EXE_bootstrap")),
    };
    fs::canonicalize(binary).expect("the layer's binary")
}

/// An application that is served. Its folder goes with it.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    function: Arc<Function>,
    folder: PathBuf,
}

impl Site {
    /// The application of a folder of this repository as a managed runtime has it: the layer is the wrapper
    /// (`AWS_LAMBDA_EXEC_WRAPPER`), and the handler is its script `run.sh`.
    /// Under a runner it is not, since that would stand in the wrapper's place: there the handler has its prefix.
    pub(crate) fn wrapped(folder: &str, variables: &[(&str, &str)]) -> Option<Self> {
        if runner().is_some() {
            return Self::start(folder, "http:run.sh", variables);
        }
        let wrapper = binary().display().to_string();
        let mut variables = variables.to_vec();
        variables.push(("AWS_LAMBDA_EXEC_WRAPPER", &wrapper));
        Self::start(folder, "run.sh", &variables)
    }

    /// The program `app` of a folder, compiled for this machine. Under a runner, whose binary may be of another
    /// architecture and would refuse it, a script starts it.
    pub(crate) fn of_program(folder: &str, variables: &[(&str, &str)]) -> Option<Self> {
        if runner().is_none() {
            return Self::start(folder, "http:app", variables);
        }
        write_script(&Path::new(folder).join("run.sh"), "exec ./app");
        Self::start(folder, "http:run.sh", variables)
    }

    /// The application of a folder, and this handler.
    pub(crate) fn start(folder: &str, handler: &str, variables: &[(&str, &str)]) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let tools = tools()?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // Paths of sockets are short.
        let copy = env::temp_dir().join(format!("coldspark-web-{}-{number}", process::id()));
        let source = source(folder);
        copied(&source, &copy);
        let own = source.join(MODULES);
        let modules = match own.exists() {
            true => own,
            false => tools.join("web-node").join(MODULES),
        };
        symlink(modules, copy.join(MODULES)).expect("a link to Node's packages");
        let folders = ["web/bin", "web-bin", "bin"].map(|it| tools.join(it).display().to_string());
        let path = [
            &folders.join(":"),
            ":",
            &env::var("PATH").unwrap_or_default(),
        ]
        .concat();
        let mut all = vec![
            ("PATH".to_owned(), path),
            ("PORT".to_owned(), free_port().to_string()),
        ];
        let given = variables.iter().copied();
        all.extend(given.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let function = Function::new(Spec {
            bootstrap: bootstrap(),
            handler: handler.to_owned(),
            task_root: copy.clone(),
            variables: all,
            memory_mb: 1024,
            timeout: limit(),
            snap_start: false,
            freeze: false,
            log: Arc::new(|line: &[u8]| eprintln!("{}", String::from_utf8_lossy(line))),
        });
        let function = Arc::new(function.expect("a function"));
        let any = (Ipv4Addr::LOCALHOST, 0).into();
        let address = function_url::serve(any, Arc::clone(&function)).expect("a function URL");
        Some(Self {
            address,
            function,
            folder: copy,
        })
    }

    /// The response to a request: its head and its body. The headers end each with a line's end.
    pub(crate) fn ask(&self, line: &str, headers: &str, body: &[u8]) -> (String, Vec<u8>) {
        let mut stream = self.open(line, headers, body);
        let mut response = Vec::new();
        stream.read_to_end(&mut response).expect("a response");
        let end = response.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let body = response.split_off(end.expect("the head's end") + 4);
        let head = String::from_utf8_lossy(&response).into_owned();
        match head.contains("\r\nTransfer-Encoding: chunked\r\n") {
            true => (head, without_chunks(&body)),
            false => (head, body),
        }
    }

    /// The text of a page that must be there.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> String {
        let (head, body) = self.ask(&format!("GET {path}"), "", b"");
        let body = String::from_utf8_lossy(&body).into_owned();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}{body}");
        body
    }

    /// Sends a request; the response is still to be read.
    pub(crate) fn open(&self, line: &str, headers: &str, body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).expect("the function URL");
        let wait = Some(limit() + Duration::from_secs(1));
        stream.set_read_timeout(wait).expect("a limit");
        let length = match body.len() {
            0 => String::new(),
            length => format!("Content-Length: {length}\r\n"),
        };
        let head = format!(
            "{line} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n{headers}{length}\r\n"
        );
        stream.write_all(head.as_bytes()).expect("it reads");
        stream.write_all(body).expect("it reads");
        stream
    }

    /// A response whose last part the application makes only when the file `gate` is there, which is after its
    /// reader has the first one.
    #[track_caller]
    pub(crate) fn comes_in_parts(&self, line: &str, headers: &str, parts: [&str; 2]) {
        let [first, last] = parts;
        let mut response = self.open(line, headers, b"");
        let begin = read_until(&mut response, first);
        assert!(!begin.contains(last), "{begin}");
        fs::write(self.folder.join("gate"), "").expect("a file");
        let mut rest = String::new();
        response.read_to_string(&mut rest).expect("the rest");
        assert!(rest.contains(last), "{rest}");
    }

    /// The response to an event that is no request.
    #[track_caller]
    pub(crate) fn invoke(&self, event: &Value) -> Value {
        let report = self.function.invoke(Invocation::new(event.to_string()));
        let payload = report.expect("it starts").payload();
        let text = String::from_utf8_lossy(&payload).into_owned();
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.function.stop();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What a response has up to this text. The rest is still to be read.
#[track_caller]
fn read_until(response: &mut TcpStream, text: &str) -> String {
    let mut begin = String::new();
    while !begin.contains(text) {
        let mut byte = [0];
        assert_eq!(response.read(&mut byte).expect("a part"), 1, "{begin}");
        begin.push(char::from(byte[0]));
    }
    begin
}

/// The bytes of a chunked body.
fn without_chunks(mut body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(end) = body.iter().position(|byte| *byte == b'\r') {
        let size = String::from_utf8_lossy(&body[..end]).into_owned();
        let size = usize::from_str_radix(&size, 16).expect("a chunk's size");
        bytes.extend_from_slice(&body[end + 2..][..size]);
        body = &body[end + 2 + size + 2..];
    }
    bytes
}

/// Copies a folder with what is in it.
pub(crate) fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the application") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        // Hundreds of megabytes; the copy has a link to them.
        if from.join("package-lock.json").exists() && name == MODULES {
            continue;
        }
        let copy = to.join(name);
        match path.is_dir() {
            true => copied(&path, &copy),
            false => drop(fs::copy(&path, &copy).expect("a copy")),
        }
    }
}
