//! A name server that knows one name, so that a function has a look-up to make.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::thread;

/// Length of a message's header.
const HEADER: usize = 12;
/// The type of a question for an IPv4 address.
const A: [u8; 2] = [0, 1];

/// Answers every question for an IPv4 address with this one, until the process ends; for other types it
/// says that there is nothing, as for the IPv6 address of a service that has none.
pub(super) fn serve(socket: UdpSocket, address: Ipv4Addr) {
    thread::spawn(move || -> io::Result<()> {
        let mut message = [0; 512];
        loop {
            let (length, from) = socket.recv_from(&mut message)?;
            if let Some(reply) = reply(&message[..length], address) {
                socket.send_to(&reply, from)?;
            }
        }
    });
}

/// The reply to a message with one question (RFC 1035, section 4).
fn reply(message: &[u8], address: Ipv4Addr) -> Option<Vec<u8>> {
    let mut end = HEADER;
    // The labels of the name.
    loop {
        let length = usize::from(*message.get(end)?);
        end += 1 + length;
        if length == 0 {
            break;
        }
    }
    let question = message.get(HEADER..end + 4)?;
    let answers = u8::from(question.ends_with(&[A[0], A[1], 0, 1]));
    let mut reply = message[..2].to_vec();
    // A reply, by a server that recurses: one question, these answers, nothing else.
    reply.extend_from_slice(&[0x81, 0x80, 0, 1, 0, answers, 0, 0, 0, 0]);
    reply.extend_from_slice(question);
    if answers == 1 {
        // The name of the question, type A, class IN, valid for a minute, four bytes.
        reply.extend_from_slice(&[0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        reply.extend_from_slice(&address.octets());
    }
    Some(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(kind: u8) -> Vec<u8> {
        let mut message =
            b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03aws\x04test\x00".to_vec();
        message.extend_from_slice(&[0, kind, 0, 1]);
        message
    }

    #[test]
    fn an_address_is_given_and_there_is_no_other_record() {
        let address = Ipv4Addr::new(198, 18, 0, 1);
        let told = reply(&question(1), address).unwrap();
        assert!(told.starts_with(&[0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1]));
        assert!(told.ends_with(&address.octets()));
        let none = reply(&question(28), address).unwrap();
        assert_eq!(none[6..8], [0, 0]);
        assert_eq!(none.len(), question(28).len());
    }

    #[test]
    fn what_is_no_question_has_no_reply() {
        for message in [&b""[..], b"\x12\x34", &question(1)[..20]] {
            assert_eq!(reply(message, Ipv4Addr::LOCALHOST), None);
        }
    }
}
