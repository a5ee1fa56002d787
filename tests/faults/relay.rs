//! A process between the function and its Runtime API: the part of a server that can be frozen.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;

use super::frozen::signal;

/// The variable that makes this program the relay, with the address that it passes bytes on to.
pub(super) const TARGET: &str = "COLDSPARK_TEST_RELAY";

/// A running relay; ends with the value.
pub(super) struct Relay {
    process: Child,
    address: String,
}

impl Relay {
    pub(super) fn start(target: &str) -> Self {
        let program = env::current_exe().expect("this program");
        let mut process = Command::new(program)
            .env(TARGET, target)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the relay starts");
        let mut address = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output)
            .read_line(&mut address)
            .expect("its address");
        Self {
            process,
            address: address.trim().to_owned(),
        }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn freeze(&self) {
        signal("STOP", self.process.id());
    }

    pub(super) fn thaw(&self) {
        signal("CONT", self.process.id());
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Is the relay until it is killed.
pub(super) fn run(target: &str) -> ! {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("{}", listener.local_addr().expect("its address"));
    io::stdout().flush().expect("somebody listens");
    loop {
        let (client, _) = listener.accept().expect("a connection");
        let server = TcpStream::connect(target).expect("the Runtime API");
        for (from, to) in [(&client, &server), (&server, &client)] {
            let from = from.try_clone().expect("a second handle");
            let to = to.try_clone().expect("a second handle");
            thread::spawn(move || {
                let _ = io::copy(&mut &from, &mut &to);
                let _ = to.shutdown(Shutdown::Write);
            });
        }
    }
}
