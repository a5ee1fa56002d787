//! The floor of the benchmark: a bootstrap without a C library, an allocator or std.
//!
//! It polls the Runtime API on one connection and answers every event with the event itself, with
//! one write for each request. No other program can do the same with less, so the benchmark's
//! ratios are against it. It is not a runtime: it trusts what it is sent.
#![no_std]
#![no_main]

mod sys;

use core::panic::PanicInfo;

const NEXT: &[u8] = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: api\r\n\r\n";
const BEFORE_ID: &[u8] = b"POST /2018-06-01/runtime/invocation/";
const BEFORE_LENGTH: &[u8] = b"/response HTTP/1.1\r\nHost: api\r\nContent-Length: ";
const ID: &[u8] = b"lambda-runtime-aws-request-id";
const LENGTH: &[u8] = b"content-length";

/// Free space before what is read, in which the response's head finds room.
const ROOM: usize = 512;
/// A head, and an event of 6 MB; pages that are never used cost nothing.
const SIZE: usize = ROOM + (16 << 10) + (6 << 20);

/// What went wrong; the exit status of the process.
#[derive(Clone, Copy)]
#[repr(i32)]
enum Failure {
    Address = 2,
    Connection = 3,
    Reply = 4,
}

/// Where `start` in sys.rs goes on; `api` is the address of the Runtime API.
fn run(api: &[u8], buffer: &mut [u8; SIZE]) -> Failure {
    let Some((ip, port)) = parse_address(api) else {
        return Failure::Address;
    };
    let Ok(socket) = sys::connect(ip, port) else {
        return Failure::Connection;
    };
    loop {
        let Err(failure) = exchange(socket, buffer) else {
            continue;
        };
        return failure;
    }
}

/// One event: polled for, answered, and the answer's reply read.
fn exchange(socket: usize, buffer: &mut [u8; SIZE]) -> Result<(), Failure> {
    send(socket, NEXT)?;
    let (body, length) = receive(socket, buffer)?;
    let mut id = [0; 64];
    let found = field(&buffer[ROOM..body], ID).ok_or(Failure::Reply)?;
    let id_length = found.len();
    id.get_mut(..id_length)
        .ok_or(Failure::Reply)?
        .copy_from_slice(found);

    // The response's head goes right before the event, so that one write sends both. It is
    // written from its end.
    let mut start = body;
    let mut put = |bytes: &[u8]| {
        start -= bytes.len();
        buffer[start..start + bytes.len()].copy_from_slice(bytes);
    };
    put(b"\r\n\r\n");
    let mut rest = length;
    loop {
        put(&[b'0' + (rest % 10) as u8]);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    put(BEFORE_LENGTH);
    put(&id[..id_length]);
    put(BEFORE_ID);
    send(socket, &buffer[start..body + length])?;
    receive(socket, buffer)?;
    Ok(())
}

fn send(socket: usize, mut bytes: &[u8]) -> Result<(), Failure> {
    while !bytes.is_empty() {
        let sent = sys::write(socket, bytes).map_err(|()| Failure::Connection)?;
        bytes = &bytes[sent..];
    }
    Ok(())
}

/// Reads one reply behind the free space; gives where its body starts and how long it is.
fn receive(socket: usize, buffer: &mut [u8; SIZE]) -> Result<(usize, usize), Failure> {
    let mut end = ROOM;
    let mut whole = None;
    loop {
        let got = sys::read(socket, &mut buffer[end..]).map_err(|()| Failure::Connection)?;
        if got == 0 {
            return Err(Failure::Connection);
        }
        end += got;
        if whole.is_none() {
            let head = &buffer[ROOM..end];
            if let Some(at) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                let length = field(&head[..at + 2], LENGTH).and_then(parse_number);
                whole = Some((ROOM + at + 4, length.ok_or(Failure::Reply)?));
            }
        }
        if let Some((body, length)) = whole
            && end >= body + length
        {
            return Ok((body, length));
        }
    }
}

/// The value of a header field in the lines of a head; `name` is in lower case.
fn field<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|&byte| byte == b'\n').find_map(|line| {
        let (field, value) = line.split_at_checked(name.len())?;
        let value = value.strip_prefix(b":")?;
        field.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
    })
}

/// `127.0.0.1:9001`.
fn parse_address(text: &[u8]) -> Option<([u8; 4], u16)> {
    let mut parts = text
        .split(|&byte| byte == b'.' || byte == b':')
        .map(parse_number);
    let mut ip = [0; 4];
    for byte in &mut ip {
        *byte = parts.next()??.try_into().ok()?;
    }
    Some((ip, parts.next()??.try_into().ok()?))
}

fn parse_number(digits: &[u8]) -> Option<usize> {
    digits.iter().try_fold(0usize, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| usize::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    sys::exit(1)
}
