//! The chunked coding: what comes in pieces is what comes at once, and what is coded is decoded.
#![no_main]

use coldspark::fuzzing::Decoder;
use libfuzzer_sys::fuzz_target;

/// Decodes in pieces of this size; gives the body, how much belonged to the coding, whether it
/// came to its end.
fn decode(coded: &[u8], size: usize) -> (Vec<u8>, Result<usize, &'static str>, bool) {
    let mut decoder = Decoder::default();
    let mut body = Vec::new();
    let mut used = 0;
    for piece in coded.chunks(size) {
        match decoder.decode(piece, &mut body) {
            Ok(of_piece) => {
                assert!(of_piece <= piece.len());
                used += of_piece;
                if decoder.is_done() {
                    break;
                }
                assert_eq!(of_piece, piece.len());
            }
            Err(reason) => return (body, Err(reason), false),
        }
    }
    (body, Ok(used), decoder.is_done())
}

/// Codes a body in chunks of this size.
fn encode(body: &[u8], size: usize) -> Vec<u8> {
    let mut coded = Vec::new();
    for chunk in body.chunks(size) {
        coded.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        coded.extend_from_slice(chunk);
        coded.extend_from_slice(b"\r\n");
    }
    coded.extend_from_slice(b"0\r\n\r\n");
    coded
}

fuzz_target!(|data: &[u8]| {
    let Some((knob, data)) = coldspark_fuzz::knob(data) else {
        return;
    };
    let size = 1 + knob % 32;
    let whole = decode(data, data.len().max(1));
    assert_eq!(decode(data, size), whole);
    assert!(whole.0.len() <= data.len());
    if let (body, Ok(used), _) = &whole {
        // A part is never refused, and its body is the beginning of the whole one.
        let cut = knob * used / 256;
        let part = decode(&data[..cut], cut.max(1));
        assert_eq!(part.1, Ok(cut));
        assert!(!part.2 && body.starts_with(&part.0));
    }
    if knob & 128 != 0 {
        let coded = encode(data, size);
        assert_eq!(decode(&coded, 7), (data.to_vec(), Ok(coded.len()), true));
    }
});
