//! Deliveries and receipts as bytes on a connection.

use std::io;
use std::net::Shutdown;

use super::plan::{Delivery, Plan, Receipt};
use crate::api;
use crate::http::{Connection, Reply};
use crate::script;

const INTERIM: &[u8] = b"HTTP/1.1 100 \r\n\r\nHTTP/1.1 103 \r\n\r\n";
const EXTRA: &[u8] = b"HTTP/1.1 500 \r\n\r\n";

/// Whether the server's direction of the connection is still open.
pub(super) type Open = bool;

/// Sends the event.
pub(super) fn deliver(connection: &mut Connection, plan: &Plan) -> io::Result<Open> {
    let event = script::event(&plan.id, plan.event());
    let event = event.set_header(api::INVOCATION_ID, &plan.nonce);
    let bytes = event.to_bytes();
    let head = bytes.len() - plan.event().len();
    let (parts, open): (Vec<Vec<u8>>, Open) = match &plan.delivery {
        // `Second` comes here when the first call was served.
        Delivery::Whole | Delivery::Second => (vec![bytes], true),
        Delivery::Pieces(offsets) => (pieces(&bytes, offsets), true),
        Delivery::Dribble => {
            // The head and the start of the body: a long event would take its time.
            let end = bytes.len().min(head + 50);
            let singles = bytes[..end].iter().map(|byte| vec![*byte]);
            (singles.chain([bytes[end..].to_vec()]).collect(), true)
        }
        Delivery::Chunks(size) => (vec![event.chunked(&[*size]).to_bytes()], true),
        Delivery::Interim => (vec![[INTERIM, &bytes].concat()], true),
        Delivery::Extra => (vec![[&bytes, EXTRA].concat()], true),
        Delivery::Last => (vec![event.header("Connection", "close").to_bytes()], true),
        Delivery::UntilEnd => (
            vec![event.without_header("Content-Length").to_bytes()],
            false,
        ),
        Delivery::Ended => (vec![bytes], false),
        Delivery::CutBody(hundredths) => {
            let end = head + (bytes.len() - head) * hundredths / 100;
            (vec![bytes[..end].to_vec()], false)
        }
        Delivery::CutHead => (vec![bytes[..head / 2].to_vec()], false),
    };
    send(connection, &parts, open)
}

/// Sends what the answer gets.
pub(super) fn acknowledge(connection: &mut Connection, receipt: &Receipt) -> io::Result<Open> {
    let taken = script::status(202);
    let bytes = taken.to_bytes();
    let (parts, open) = match receipt {
        Receipt::Status(code) => (vec![script::status(*code).to_bytes()], true),
        Receipt::Pieces(offset) => (pieces(&bytes, &[*offset]), true),
        Receipt::Interim => (vec![[INTERIM, &bytes].concat()], true),
        Receipt::Early => (vec![bytes], true),
        Receipt::Extra => (vec![[&bytes, EXTRA].concat()], true),
        Receipt::Last => (vec![taken.header("Connection", "close").to_bytes()], true),
        Receipt::Ended => (vec![bytes], false),
        Receipt::Nothing => (Vec::new(), false),
        Receipt::CutHead => (vec![bytes[..20].to_vec()], false),
        Receipt::Garbage => (vec![Reply::raw("no HTTP\r\n\r\n").to_bytes()], false),
    };
    send(connection, &parts, open)
}

/// Sends what comes before the answer was read.
pub(super) fn interrupt(connection: &mut Connection, receipt: &Receipt) -> io::Result<()> {
    match receipt {
        Receipt::Early => connection.write(INTERIM),
        _ => Ok(()),
    }
}

/// Gives no answer at all.
pub(super) fn end(connection: &mut Connection) -> io::Result<Open> {
    send(connection, &[], false)
}

fn send(connection: &mut Connection, parts: &[Vec<u8>], open: Open) -> io::Result<Open> {
    for part in parts.iter().filter(|part| !part.is_empty()) {
        connection.write(part)?;
    }
    if !open {
        // What the client sends meanwhile is still read.
        connection.stream().shutdown(Shutdown::Write)?;
    }
    Ok(open)
}

fn pieces(bytes: &[u8], offsets: &[usize]) -> Vec<Vec<u8>> {
    let mut ends: Vec<_> = offsets.iter().map(|offset| offset % bytes.len()).collect();
    ends.push(bytes.len());
    ends.sort_unstable();
    let mut start = 0;
    let parts = ends.into_iter().map(|end| {
        let part = bytes[start..end].to_vec();
        start = end;
        part
    });
    parts.collect()
}
