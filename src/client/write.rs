//! The head of a request.

use super::Request;
use crate::settings::path_prefix;
use crate::start_up::texts;

texts! {
    TO_HOST = " HTTP/1.1\r\nHost: ";
    USER_AGENT = concat!("\r\nUser-Agent: coldspark/", env!("CARGO_PKG_VERSION"), "\r\n");
    METHOD_GET = "GET ";
    METHOD_POST = "POST ";
    pub(super) LINE_END = "\r\n";
}

/// Writes the head of a request up to its own headers. Headers for the length of a body and the empty line are
/// the caller's.
#[inline]
pub(super) fn head(head: &mut Vec<u8>, request: &Request<'_>, authority: &str) {
    let mut put = |part: &str| head.extend_from_slice(part.as_bytes());
    put(match request.body {
        Some(_) => METHOD_POST,
        None => METHOD_GET,
    });
    if cfg!(debug_assertions) {
        // In release builds it is empty, and the call would cost each request.
        put(path_prefix());
    }
    request.path.iter().for_each(|part| put(part));
    put(TO_HOST);
    put(authority);
    put(USER_AGENT);
    for (name, value) in request.headers {
        put(name);
        put(": ");
        put(value);
        put(LINE_END);
    }
}

/// Writes a decimal number; std's formatting would bring its machinery into the first request.
pub(super) fn number(buffer: &mut Vec<u8>, mut number: usize) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    buffer.extend_from_slice(&digits[at..]);
}
