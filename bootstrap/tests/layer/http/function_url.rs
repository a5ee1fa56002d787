//! The examples behind the function URL of `scripts/run-local --serve --http`, as curl or a browser sees them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use coldspark_emulator::function::{Function, Spec};
use coldspark_emulator::port::free_port;
use coldspark_emulator::{function_url, skipped};

use super::real::has;
use crate::common::function::{binary, limit, runner};
use crate::common::{Package, workers};

/// The address of the function URL; None where the test cannot run.
fn served(example: &str, interpreter: &str, streams: bool) -> Option<SocketAddr> {
    if runner().is_some() || !has(interpreter) {
        skipped(&format!(
            "there is no {interpreter} for the binary under test"
        ));
        return None;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../layer/examples")
        .join(example);
    Some(url_of(root, streams))
}

/// The address of the function URL of the script `run.sh` in this folder.
fn url_of(root: PathBuf, streams: bool) -> SocketAddr {
    let mode = if streams {
        "response_stream"
    } else {
        "buffered"
    };
    let variables = [
        ("PATH", std::env::var("PATH").unwrap_or_default()),
        ("AWS_LWA_PORT", free_port().to_string()),
        ("AWS_LWA_INVOKE_MODE", mode.to_owned()),
    ];
    let function = Function::new(Spec {
        bootstrap: binary(),
        handler: "run.sh".to_owned(),
        task_root: root,
        variables: variables
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec(),
        memory_mb: 128,
        timeout: limit(),
        snap_start: false,
        freeze: false,
        log: Arc::new(|line: &[u8]| eprintln!("{}", String::from_utf8_lossy(line))),
    });
    let function = Arc::new(function.expect("a function"));
    function_url::serve((Ipv4Addr::LOCALHOST, 0).into(), function).expect("a function URL")
}

/// The whole response to a request.
fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the function URL");
    stream
        .set_read_timeout(Some(limit() + Duration::from_secs(1)))
        .expect("a limit");
    let (line, rest) = request.split_once("\r\n").unwrap_or((request, ""));
    let request = format!("{line} HTTP/1.1\r\nHost: local\r\nConnection: close\r\n{rest}\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).expect("a response");
    String::from_utf8_lossy(&response).into_owned()
}

fn greets(address: SocketAddr) {
    let page = ask(address, "GET /?a=b");
    assert!(
        page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("<form"),
        "{page}"
    );
    let form =
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\nname=Anna";
    let greeting = ask(address, &format!("POST /greet\r\n{form}"));
    assert!(greeting.contains("Hello, Anna!"), "{greeting}");
    let empty = ask(address, "POST /greet\r\nContent-Length: 0\r\n");
    assert!(empty.starts_with("HTTP/1.1 400 "), "{empty}");
}

#[test]
fn the_example_in_python_answers_a_function_url() {
    if let Some(address) = served("http-python", "python3", false) {
        greets(address);
    }
}

#[test]
fn the_example_in_node_answers_a_function_url() {
    for streams in [false, true] {
        let Some(address) = served("http-node", "node", streams) else {
            return;
        };
        greets(address);
        let page = ask(address, "GET /");
        assert!(page.contains("Set-Cookie: seen=1; Path=/\r\n"), "{page}");
        let image = ask(address, "GET /dot.gif");
        assert!(
            image.contains("Content-Type: image/gif") && image.contains("GIF89a"),
            "{image}"
        );
        let again = "POST /greet\r\nCookie: seen=1\r\nContent-Length: 6\r\n\r\nname=A";
        assert!(ask(address, again).contains("Hello again, A!"));
        let ticks = ask(address, "GET /ticks");
        assert!(
            ticks.contains("data: 1\n\n") && ticks.contains("data: 3\n\n"),
            "{ticks}"
        );
        let chunks = ticks.matches("data: ").count();
        assert_eq!(chunks, 3);
        assert_eq!(
            ticks.contains("Transfer-Encoding: chunked"),
            streams,
            "{ticks}"
        );
    }
}

#[test]
fn a_stream_that_is_cut_has_no_end() {
    let server = r#"
import http.server, os
class Application(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        if self.path == "/":
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"4\r\nhalf\r\n")
        if self.path == "/cut":
            os._exit(1)
        self.wfile.write(b"0\r\n\r\n")
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Application).serve_forever()
"#;
    if runner().is_some() || !has("python3") {
        return skipped("there is no python3 for the binary under test");
    }
    let script = workers::raw(&format!("exec python3 -c '{server}'"));
    let package = Package::new().executable("run.sh", script);
    let address = url_of(package.task(), true);
    let whole = ask(address, "GET /whole");
    assert!(whole.ends_with("\r\n4\r\nhalf\r\n0\r\n\r\n"), "{whole}");
    let cut = ask(address, "GET /cut");
    assert!(cut.ends_with("\r\n4\r\nhalf\r\n"), "{cut}");
}
