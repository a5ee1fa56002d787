//! A whole reply: in pieces of any size it is the same as at once, and the same as ureq reads.
#![no_main]

use coldspark::fuzzing::{Received, received};
use libfuzzer_sys::fuzz_target;
use ureq_proto::client::{Call, RecvBodyResult, RecvResponseResult, SendRequestResult};
use ureq_proto::http::{Request, Version};

/// What ureq's state machine reads: status and body. None: it refuses it, or misses something.
fn by_ureq(data: &[u8]) -> Option<(u16, Vec<u8>)> {
    let request = Request::get("http://h/").body(()).ok()?;
    let mut call = Call::new(request).ok()?.proceed();
    call.write(&mut [0; 256]).ok()?;
    let Ok(Some(SendRequestResult::RecvResponse(mut call))) = call.proceed() else {
        return None;
    };
    let mut at = 0;
    let response = loop {
        let (used, response) = call.try_response(&data[at..], false).ok()?;
        at += used;
        match response {
            Some(response) => break response,
            None if used == 0 => return None,
            None => {}
        }
    };
    // Where the two are meant to differ: a transfer coding in HTTP/1.0, which the library reads.
    let coded = response.headers().contains_key("transfer-encoding");
    if coded && response.version() == Version::HTTP_10 {
        return None;
    }
    let status = response.status().as_u16();
    // ureq gives it as the reply; the library, which never asks for it, waits for another one.
    if status == 101 {
        return None;
    }
    let mut body = Vec::new();
    match call.proceed()? {
        RecvResponseResult::RecvBody(mut call) => {
            let mut block = vec![0; data.len() + 1];
            loop {
                let (used, got) = call.read(&data[at..], &mut block).ok()?;
                at += used;
                body.extend_from_slice(&block[..got]);
                if used == 0 {
                    break;
                }
            }
            if !call.can_proceed() {
                return None;
            }
            match call.proceed()? {
                RecvBodyResult::Redirect(_) | RecvBodyResult::Cleanup(_) => {}
            }
        }
        RecvResponseResult::Redirect(_) | RecvResponseResult::Cleanup(_) => {}
    }
    Some((status, body))
}

/// Whether ureq must have read the same: chunk sizes with anything but digits are an extension
/// that it takes differently.
fn comparable(ours: &Received) -> bool {
    let named =
        |name: &str, (known, _): &(Vec<u8>, Vec<u8>)| known.eq_ignore_ascii_case(name.as_bytes());
    let chunked = ours
        .fields
        .iter()
        .any(|field| named("transfer-encoding", field));
    ours.status >= 100 && !chunked
}

fuzz_target!(|data: &[u8]| {
    let [first, second, data @ ..] = data else {
        return;
    };
    let (whole, left) = received(data, [usize::MAX; 2]);
    assert_eq!(left, 0);
    let sizes = [first, second].map(|byte| 1 + usize::from(byte % 64));
    let (pieces, _) = received(data, sizes);
    // Bytes behind the reply are seen only when they came with it, and what is wrong with a head
    // that is cut off only when there was a reason to parse it again.
    assert!(pieces.keep_alive || !whole.keep_alive);
    assert_eq!(pieces.error.is_some(), whole.error.is_some());
    let same = Received {
        keep_alive: whole.keep_alive,
        error: match &pieces.error {
            Some(_) if whole.status == 0 => whole.error.clone(),
            error => error.clone(),
        },
        body: match &whole.error {
            // Of what is announced to be too large, nothing more is awaited.
            Some(_) if whole.body.starts_with(&pieces.body) => whole.body.clone(),
            _ => pieces.body,
        },
        ..pieces
    };
    assert_eq!(same, whole);
    assert!(whole.body.len() <= data.len());
    let theirs = by_ureq(data);
    match (&whole.error, theirs) {
        (None, Some((status, body))) => {
            assert_eq!(whole.status, status);
            assert_eq!(whole.body, body);
        }
        (None, None) => assert!(
            !comparable(&whole) || whole.fields.is_empty() || interim(data) || old(data),
            "{whole:?}"
        ),
        (Some(_), _) => {}
    }
});

/// ureq refuses an interim reply that has headers, and answers 101 with itself.
fn interim(data: &[u8]) -> bool {
    data.windows(3)
        .any(|three| three[..2] == *b" 1" && three[2].is_ascii_digit())
}

/// Of HTTP/1.0.
fn old(data: &[u8]) -> bool {
    data.windows(8).any(|eight| eight == b"HTTP/1.0")
}
