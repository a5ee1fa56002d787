//! A server in the place of an AWS service: HTTP or TLS, with answers as it is told.
//!
//! It is small on purpose: requests have a `Content-Length` or no body, and connections are kept.
//!
//! ```
//! use aws_server::{Reply, Server};
//!
//! let server = Server::start(None, |request| Reply::json(200, &format!("{:?}", request.path)));
//! # use std::io::{Read, Write};
//! # let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
//! # stream.write_all(b"GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
//! # let mut answer = String::new();
//! # stream.read_to_string(&mut answer).unwrap();
//! # assert!(answer.ends_with("\"/a\""));
//! // ... calls that go to server.address() ...
//! assert_eq!(server.requests()[0].method, "GET");
//! ```

mod http;
mod tls;

pub use http::{Reply, Request};
pub use tls::Tls;

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Chooses the reply to a request.
pub type Choose = dyn Fn(&Request) -> Reply + Send + Sync;

/// A running server. It ends with the value.
pub struct Server {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    tls: Option<Tls>,
    choose: Box<Choose>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    requests: Vec<Request>,
    open: Vec<TcpStream>,
    connections: usize,
    ended: bool,
}

impl Server {
    /// Starts it on a port of loopback, with TLS if that is given.
    ///
    /// # Panics
    /// Without a port.
    #[must_use]
    pub fn start(
        tls: Option<Tls>,
        choose: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::on("127.0.0.1:0", tls, choose)
    }

    /// Starts the server at this address.
    ///
    /// # Panics
    /// When it is taken.
    #[must_use]
    pub fn on(
        address: &str,
        tls: Option<Tls>,
        choose: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).expect("the address is free");
        let address = listener.local_addr().expect("its address");
        let state = Arc::new(State {
            tls,
            choose: Box::new(choose),
            seen: Mutex::default(),
        });
        let accepting = Arc::clone(&state);
        thread::spawn(move || accepting.accept(&listener));
        Self { address, state }
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The URL by which a client finds it: that of `localhost` with TLS, for which its certificates
    /// are.
    #[must_use]
    pub fn url(&self) -> String {
        match self.state.tls {
            Some(_) => format!("https://localhost:{}", self.address.port()),
            None => format!("http://{}", self.address),
        }
    }

    /// What has come so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.state.seen().requests.clone()
    }

    /// How many connections were accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.state.seen().connections
    }

    /// Waits for that many requests.
    ///
    /// # Panics
    /// When they do not come within a minute.
    #[must_use]
    pub fn wait_for(&self, count: usize) -> Vec<Request> {
        self.wait(|seen| seen.requests.len() >= count);
        self.requests()
    }

    /// Waits for that many connections.
    ///
    /// # Panics
    /// When they do not come within a minute.
    pub fn wait_for_connections(&self, count: usize) {
        self.wait(|seen| seen.connections >= count);
    }

    fn wait(&self, enough: impl Fn(&Seen) -> bool) {
        let until = Instant::now() + Duration::from_secs(60);
        while !enough(&self.state.seen()) {
            assert!(Instant::now() < until, "{:?}", self.requests());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Closes all connections that are open now.
    pub fn close_connections(&self) {
        for stream in self.state.seen().open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.seen().ended = true;
        self.close_connections();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { continue };
            let number = {
                let mut seen = self.seen();
                if seen.ended {
                    return;
                }
                seen.connections += 1;
                seen.open.extend(stream.try_clone());
                seen.connections
            };
            let _ = stream.set_nodelay(true);
            let state = Arc::clone(self);
            thread::spawn(move || {
                // What breaks is the client's to notice.
                let _ = match &state.tls {
                    Some(tls) => tls
                        .accept(stream.try_clone())
                        .and_then(|(mut tls, resumed)| {
                            let served = state.serve(&mut tls, number, resumed);
                            // The end of a TLS stream.
                            tls.conn.send_close_notify();
                            let _ = tls.flush();
                            served
                        }),
                    None => stream
                        .try_clone()
                        .and_then(|mut plain| state.serve(&mut plain, number, false)),
                };
                let _ = stream.shutdown(Shutdown::Both);
            });
        }
    }

    fn serve(
        &self,
        stream: &mut (impl Read + Write),
        number: usize,
        resumed: bool,
    ) -> io::Result<()> {
        while let Some(mut request) = http::read(stream)? {
            request.connection = number;
            request.resumed = resumed;
            let reply = (self.choose)(&request);
            let keeps = !request.closes();
            self.seen().requests.push(request);
            if !(reply.write(stream)? && keeps) {
                return Ok(());
            }
        }
        Ok(())
    }
}
