//! A server in the place of S3 with one object of a gigabyte, which nobody holds in memory: its bytes are
//! made when they are read, and compared as they are written.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

pub(super) const BYTES: u64 = 1 << 30;
/// How long a copy may take, on a busy machine too.
pub(super) const LIMIT: Duration = Duration::from_secs(600);
/// The object is this many bytes again and again; a prime, so that a block in a wrong place is noticed.
const PERIOD: usize = 65_521;

pub(super) struct Server {
    address: SocketAddr,
    written: Receiver<Result<u64, String>>,
}

impl Server {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let (send, written) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let send = send.clone();
                // The function reports an error of the connection.
                thread::spawn(move || serve(stream, &send));
            }
        });
        Self { address, written }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for a copy, and returns its length, or the first difference.
    pub(super) fn wait(&self) -> Result<u64, String> {
        self.written.recv_timeout(LIMIT).expect("a copy in time")
    }
}

fn serve(stream: TcpStream, written: &Sender<Result<u64, String>>) -> io::Result<()> {
    let mut answer = stream.try_clone()?;
    let mut stream = BufReader::with_capacity(PERIOD, stream);
    let block = block();
    loop {
        let (mut line, mut length) = (String::new(), 0);
        if stream.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let is_read = line.starts_with("GET ");
        while line != "\r\n" {
            line.clear();
            stream.read_line(&mut line)?;
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        if is_read {
            write!(answer, "HTTP/1.1 200 OK\r\ncontent-length: {BYTES}\r\n\r\n")?;
            for begin in (0..BYTES).step_by(PERIOD) {
                let part = usize::try_from(BYTES - begin).unwrap_or(usize::MAX);
                answer.write_all(&block[..part.min(PERIOD)])?;
            }
        } else {
            let compared = compare(&mut stream, &block, length)?;
            answer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
            let _ = written.send(compared);
        }
    }
}

/// The bytes of a period.
fn block() -> Vec<u8> {
    (0..PERIOD)
        .map(|number| (number * 31 % 251) as u8)
        .collect()
}

/// Reads that many bytes, and compares them with the object's.
fn compare(from: &mut impl Read, block: &[u8], length: u64) -> io::Result<Result<u64, String>> {
    let mut read = vec![0; block.len()];
    let mut at = 0;
    while at < length {
        let part = block
            .len()
            .min(usize::try_from(length - at).unwrap_or(usize::MAX));
        from.read_exact(&mut read[..part])?;
        if read[..part] != block[..part] {
            return Ok(Err(format!("another byte behind {at}")));
        }
        at += part as u64;
    }
    Ok(Ok(length))
}
