//! A function URL in front of a [`Function`], for curl and browsers: requests become events of payload
//! format 2.0, answers become responses, streamed ones while they are made.
//!
//! Source: the Lambda developer guide, "Invoking Lambda function URLs". Not there: TLS, CORS settings,
//! IAM.

mod event;
mod response;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use serde_json::{Value, json};

use crate::emulator::{Invocation, Sink};
use crate::function::Function;
use crate::http::{Connection, Reply, Request, listen};
use event::event;
use response::{headers, reply, without_prelude};

/// Largest body of a request: Lambda's limit for the event, without what Base64 adds.
const MAX_BODY: usize = 6 * 1024 * 1024;
/// The bytes between a prelude and the body.
const PRELUDE_END: [u8; 8] = [0; 8];

/// Listens on `address` and passes requests to `function`, on threads of its own until the program
/// ends. Gives the address, with the port chosen when it was 0.
///
/// # Errors
/// When the address cannot be bound.
pub fn serve(address: SocketAddr, function: Arc<Function>) -> io::Result<SocketAddr> {
    listen::serve(address, function, connection)
}

fn connection(mut connection: Connection, function: &Arc<Function>) {
    listen::each_request(&mut connection, MAX_BODY, |connection, head, body| {
        if body.size > MAX_BODY as u64 {
            return connection.write(&Reply::new(413).to_bytes());
        }
        let is_head = head.method == "HEAD";
        let event = event(&Request::new(0, head, body));
        answer(connection, function, &event, is_head)
    });
}

/// Invokes the function, and passes its answer on.
fn answer(
    connection: &mut Connection,
    function: &Arc<Function>,
    event: &Value,
    is_head: bool,
) -> io::Result<()> {
    let (sender, parts) = mpsc::sync_channel(1);
    let invocation = Invocation {
        // If the client is gone, the rest is dropped.
        sink: Some(Sink::new(move |bytes: &[u8]| {
            drop(sender.send(bytes.to_vec()))
        })),
        ..Invocation::new(event.to_string())
    };
    let function = Arc::clone(function);
    let invoked = thread::spawn(move || function.invoke(invocation));
    let streamed = stream(connection, &parts, is_head);
    drop(parts);
    let report = invoked
        .join()
        .map_err(|_| io::Error::other("the invocation panicked"))?;
    match streamed? {
        Streamed::Begun => {}
        Streamed::Nothing => return connection.write(&reply(report, is_head)),
        Streamed::Kept(bytes) => {
            return connection.write(&without_prelude(report, bytes, is_head));
        }
    }
    // Without its last chunk the client sees that the answer is not whole.
    let whole = report
        .is_ok_and(|report| !report.outcome.is_error() && report.outcome.stream_error().is_none());
    if !whole {
        return Err(io::Error::other("the stream was cut"));
    }
    match is_head {
        true => Ok(()),
        false => connection.write(b"0\r\n\r\n"),
    }
}

/// How far a streamed response was passed on.
enum Streamed {
    /// All of it, but for the last chunk.
    Begun,
    /// These bytes came, which might have been the beginning of a prelude. Nothing was sent.
    Kept(Vec<u8>),
    /// No byte came.
    Nothing,
}

/// Passes a streamed response on, but for its last chunk.
fn stream(
    connection: &mut Connection,
    parts: &Receiver<Vec<u8>>,
    is_head: bool,
) -> io::Result<Streamed> {
    let mut kept = Vec::new();
    let mut begun = false;
    while let Ok(part) = parts.recv() {
        if begun {
            chunk(connection, &part, is_head)?;
            continue;
        }
        let end = append(&mut kept, &part);
        let prelude = match end {
            Some(end) => serde_json::from_slice(&kept[..end]).unwrap_or_default(),
            // Without one it is a body; a prelude begins with a brace.
            None if kept.first() == Some(&b'{') => continue,
            None => json!({"headers": {"content-type": "application/octet-stream"}}),
        };
        let mut bytes = headers(&prelude);
        bytes.push_str("Transfer-Encoding: chunked\r\n\r\n");
        connection.write(bytes.as_bytes())?;
        let rest = end.map_or(&kept[..], |end| &kept[end + PRELUDE_END.len()..]);
        chunk(connection, rest, is_head)?;
        begun = true;
    }
    Ok(match (begun, kept.is_empty()) {
        (true, _) => Streamed::Begun,
        (false, true) => Streamed::Nothing,
        (false, false) => Streamed::Kept(kept),
    })
}

/// Appends a part to a stream's bytes, in which no prelude had ended before it. Gives where one ends now.
fn append(kept: &mut Vec<u8>, part: &[u8]) -> Option<usize> {
    // Of the bytes that were searched before, only the last can belong to an end.
    let searched = kept.len().saturating_sub(PRELUDE_END.len() - 1);
    kept.extend_from_slice(part);
    kept[searched..]
        .windows(PRELUDE_END.len())
        .position(|bytes| bytes == PRELUDE_END)
        .map(|at| searched + at)
}

fn chunk(connection: &mut Connection, bytes: &[u8], is_head: bool) -> io::Result<()> {
    if bytes.is_empty() || is_head {
        return Ok(());
    }
    let size = format!("{:x}\r\n", bytes.len());
    connection.write(&[size.as_bytes(), bytes, b"\r\n"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_prelude_is_found_in_whatever_parts_it_comes() {
        let stream = b"{\"statusCode\":200}\0\0\0\0\0\0\0\0\0body";
        for split in 0..stream.len() {
            let (first, second) = stream.split_at(split);
            let mut kept = Vec::new();
            let end = append(&mut kept, first).or_else(|| append(&mut kept, second));
            assert_eq!(end, Some(18), "{split}");
        }
        let mut kept = Vec::new();
        let ends = stream.iter().map(|byte| append(&mut kept, &[*byte]));
        assert_eq!(
            ends.take(26).collect::<Vec<_>>(),
            [&[None; 25][..], &[Some(18)]].concat()
        );
    }
}
