//! The smallest Runtime API that can be wrong about nothing: one event at a time, each answer
//! compared with what it must be. The emulator's queues and threads would take most of the time.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

const NEXT: &[u8] = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n";
const TAKEN: &[u8] = b"HTTP/1.1 202 Accepted\r\nContent-Length: 15\r\n\r\n{\"status\":\"OK\"}";
/// Longer requests are a mistake of the caller.
const MAX: usize = 64 * 1024;

pub(crate) struct Server {
    listener: TcpListener,
    stream: Option<TcpStream>,
    connections: u64,
    buffer: Vec<u8>,
    filled: usize,
    reply: Vec<u8>,
    event: String,
    response: String,
}

impl Server {
    pub(crate) fn new(listener: TcpListener, event: &str, response: &str) -> Self {
        Self {
            listener,
            stream: None,
            connections: 0,
            buffer: vec![0; MAX],
            filled: 0,
            reply: Vec::new(),
            event: event.to_owned(),
            response: response.to_owned(),
        }
    }

    pub(crate) fn connections(&self) -> u64 {
        self.connections
    }

    /// Waits until the bootstrap asks for an event.
    pub(crate) fn wait_for_poll(&mut self) -> Result<(), String> {
        let end = self.request()?;
        let polled = &self.buffer[..end];
        if !polled.starts_with(NEXT) {
            return Err(format!(
                "no call for an event: {}",
                String::from_utf8_lossy(polled)
            ));
        }
        self.drop_request(end);
        Ok(())
    }

    /// Hands out an event, checks the answer, and waits until the next one is asked for.
    pub(crate) fn invoke(&mut self, number: u64) -> Result<(), String> {
        let number = number.to_string();
        let body = self.event.replace('%', &number);
        self.reply.clear();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
             Lambda-Runtime-Aws-Request-Id: {number}\r\n\
             Lambda-Runtime-Deadline-Ms: 9999999999999\r\n\
             Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:123456789012:function:f\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.reply.extend_from_slice(head.as_bytes());
        self.send()?;
        let end = self.request()?;
        let answer = &self.buffer[..end];
        let line = format!("POST /2018-06-01/runtime/invocation/{number}/response HTTP/1.1\r\n");
        let body = self.response.replace('%', &number);
        let good = answer.starts_with(line.as_bytes())
            && answer.ends_with([b"\r\n\r\n", body.as_bytes()].concat().as_slice());
        if !good {
            return Err(format!(
                "event {number} was answered with {}",
                String::from_utf8_lossy(answer)
            ));
        }
        self.drop_request(end);
        self.reply.clear();
        self.reply.extend_from_slice(TAKEN);
        self.send()?;
        self.wait_for_poll()
    }

    fn send(&mut self) -> Result<(), String> {
        let stream = self.stream.as_mut().ok_or("there is no connection")?;
        stream
            .write_all(&self.reply)
            .map_err(|error| error.to_string())
    }

    /// Reads until there is a whole request, and says where it ends.
    fn request(&mut self) -> Result<usize, String> {
        loop {
            if let Some(end) = end(&self.buffer[..self.filled])? {
                return Ok(end);
            }
            let stream = match &mut self.stream {
                Some(stream) => stream,
                None => {
                    let accepted = self.listener.accept();
                    let (stream, _) = accepted.map_err(|error| error.to_string())?;
                    stream
                        .set_nodelay(true)
                        .map_err(|error| error.to_string())?;
                    self.connections += 1;
                    self.stream.insert(stream)
                }
            };
            match stream.read(&mut self.buffer[self.filled..]) {
                Ok(0) if self.filled == 0 => self.stream = None,
                Ok(0) => return Err("a request broke off or is too long".to_owned()),
                Ok(got) => self.filled += got,
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    fn drop_request(&mut self, end: usize) {
        self.buffer.copy_within(end..self.filled, 0);
        self.filled -= end;
    }
}

/// Where the first request ends, if all of it is there.
fn end(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some(head) = bytes.windows(4).position(|part| part == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes[..head]);
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = match length {
        None => 0,
        Some((_, length)) => length
            .trim()
            .parse()
            .map_err(|_| format!("a wrong length: {length:?}"))?,
    };
    let end = head + 4 + length;
    Ok((end <= bytes.len()).then_some(end))
}
