//! The head of a reply: against its own prefixes, and against the parser of ureq.
#![no_main]

use std::cell::RefCell;

use coldspark::fuzzing::Heads;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static HEADS: RefCell<(Heads, Heads)> = RefCell::default();
}

/// Why the library refuses what ureq's parser of heads lets through.
const STRICTER: [&str; 4] = [
    "Content-Length is not a number",
    "two Content-Length headers that differ",
    "a Transfer-Encoding other than chunked",
    "both Content-Length and Transfer-Encoding",
];

fuzz_target!(|data: &[u8]| {
    let Some((knob, data)) = coldspark_fuzz::knob(data) else {
        return;
    };
    HEADS.with_borrow_mut(|(heads, others)| {
        let whole = heads.parse(data);
        if let Ok(Some(head)) = &whole {
            assert!(head.length <= data.len());
            // What follows the head changes nothing, and no part of it is enough.
            assert_eq!(others.parse(&data[..head.length]), whole);
            let cut = knob * head.length / 256;
            assert_eq!(others.parse(&data[..cut]), Ok(None));
            for (name, value) in heads.fields(data) {
                assert!(!name.is_empty() && !name.contains(&b':'));
                assert!(!value.iter().any(|byte| b"\r\n\0".contains(byte)));
                assert_eq!(value, value.trim_ascii());
            }
        } else if whole == Ok(None) {
            let cut = knob * data.len() / 256;
            assert_eq!(others.parse(&data[..cut]), Ok(None));
        }
        match (whole, ureq_proto::parser::try_parse_response::<1024>(data)) {
            (Ok(Some(ours)), Ok(Some((length, theirs)))) => {
                assert_eq!(
                    (ours.status, ours.length),
                    (theirs.status().as_u16(), length)
                );
                let theirs = theirs.headers();
                assert_eq!(heads.fields(data).count(), theirs.len());
                for (name, value) in heads.fields(data) {
                    let name = str::from_utf8(name).expect("a name is ASCII");
                    let mut values = theirs.get_all(name).iter();
                    assert!(values.any(|known| known.as_bytes().trim_ascii() == value));
                }
            }
            (Ok(None), Ok(None)) | (Err(_), Err(_)) => {}
            // Three digits under 100 are a status of no class, which ureq cannot hold.
            (Ok(Some(ours)), Err(_)) => assert!(ours.status < 100),
            (Err(reason), Ok(Some(_))) => assert!(STRICTER.contains(&reason), "{reason}"),
            (ours, theirs) => panic!("{ours:?} and {theirs:?}"),
        }
    });
});
