//! A Runtime API that is slow to read: it reads an answer only when the test says so.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;

use coldspark_emulator::script;

use super::limit;

/// It gives one event to each connection that asks, registers extensions, and stops reading after the
/// first bytes of an answer.
pub(crate) struct SlowApi {
    address: String,
    begun: Mutex<Receiver<()>>,
    go_on: Arc<Mutex<Vec<Sender<()>>>>,
    read: Mutex<Receiver<Result<Vec<u8>, String>>>,
}

impl SlowApi {
    /// Starts with these events, of which each connection gets one.
    pub(crate) fn start(events: impl IntoIterator<Item = String>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let (has_begun, begun) = mpsc::channel();
        let (has_read, read) = mpsc::channel();
        let go_on = Arc::new(Mutex::new(Vec::new()));
        let senders = Arc::clone(&go_on);
        let events: Vec<_> = events.into_iter().collect();
        thread::spawn(move || {
            let mut extensions = Vec::new();
            for (number, event) in events.into_iter().enumerate() {
                let (mut stream, _) = listener.accept().expect("a connection");
                while head(&mut stream).contains("/extension/register") {
                    let registered =
                        script::status(200).header("Lambda-Extension-Identifier", "extension-1");
                    let _ = stream.write_all(&registered.to_bytes());
                    extensions.push(stream);
                    stream = listener.accept().expect("a connection").0;
                }
                let (sender, go_on) = mpsc::channel();
                senders.lock().expect("no panic").push(sender);
                let reader = Reader {
                    begun: has_begun.clone(),
                    go_on,
                    read: has_read.clone(),
                };
                thread::spawn(move || reader.serve(stream, number, &event));
            }
        });
        Self {
            address,
            begun: Mutex::new(begun),
            go_on,
            read: Mutex::new(read),
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Waits until so many answers have begun.
    #[track_caller]
    pub(crate) fn wait_for(&self, count: usize) {
        let begun = self.begun.lock().expect("no panic");
        for _ in 0..count {
            begun.recv_timeout(limit()).expect("an answer");
        }
    }

    /// Reads the answers to their ends from now on.
    pub(crate) fn go_on(&self) {
        for sender in &*self.go_on.lock().expect("no panic") {
            let _ = sender.send(());
        }
    }

    /// The body of an answer, or why it is incomplete.
    #[track_caller]
    pub(crate) fn answer(&self) -> Result<Vec<u8>, String> {
        let read = self.read.lock().expect("no panic");
        read.recv_timeout(limit()).expect("an answer")
    }
}

/// The thread that serves one connection.
struct Reader {
    /// Gets a word when an answer has begun.
    begun: Sender<()>,
    /// Brings a word when the rest is to be read.
    go_on: Receiver<()>,
    /// Gets the body, or why it is incomplete.
    read: Sender<Result<Vec<u8>, String>>,
}

impl Reader {
    fn serve(&self, mut stream: TcpStream, number: usize, event: &str) {
        let event = script::event(&format!("slow-{number}"), event);
        if stream.write_all(&event.to_bytes()).is_err() {
            return;
        }
        let head = head(&mut stream);
        let _ = self.begun.send(());
        let _ = self.go_on.recv();
        let lower = head.to_ascii_lowercase();
        let length = lower
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let Some(Ok(length)) = length.map(str::parse::<usize>) else {
            let _ = self.read.send(Err(format!("no length in {head:?}")));
            return;
        };
        let mut body = vec![0; length];
        let mut got = 0;
        while got < length {
            match stream.read(&mut body[got..]) {
                Ok(0) | Err(_) => {
                    let _ = self.read.send(Err(format!("{got} of {length} bytes")));
                    return;
                }
                Ok(more) => got += more,
            }
        }
        let _ = self.read.send(Ok(body));
        let _ = stream.write_all(&script::status(202).to_bytes());
        // Another request is left without a reply, until the process ends.
        let _ = stream.read(&mut [0]);
        let _ = stream.read_to_end(&mut Vec::new());
    }
}

/// Reads a head byte by byte, so that nothing behind it is read.
fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}
