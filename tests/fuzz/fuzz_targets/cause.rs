//! Errors on their way to Lambda: the JSON, the headers, the trailers and the cause for X-Ray.
#![no_main]

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use coldspark::Error;
use coldspark::fuzzing::{MAX_CAUSE, MAX_ERROR, cause_of, encode_base64, report, shortened};
use coldspark::http::HeaderValue;
use coldspark_fuzz::lines;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    assert_eq!(encode_base64(data), BASE64_STANDARD.encode(data));
    let Some((repeat, data)) = coldspark_fuzz::knob(data) else {
        return;
    };
    let Some(texts) = lines(data) else {
        return;
    };
    // Long texts out of short inputs.
    let times = match repeat {
        ..224 => 1,
        _ => (1 << (repeat & 15)).min(4 * 1024 / (data.len() + 1)).max(1),
    };
    let text = |index: usize| texts.get(index).copied().unwrap_or_default();
    let message = text(1).repeat(times);
    let frames = texts
        .iter()
        .skip(2)
        .map(|text| text.repeat(times))
        .collect();
    let error = Error::new(text(0).to_owned(), message.clone()).with_stack_trace(frames);

    let (header, json) = report(&error);
    assert!(HeaderValue::from_str(&header).is_ok() && !header.is_empty());
    let read: Value = serde_json::from_slice(&json).expect("it is JSON");
    assert_eq!(
        (read["errorType"].as_str(), read["errorMessage"].as_str()),
        (Some(text(0)), Some(&*message))
    );

    let cause = cause_of(&error);
    assert!(cause.len() <= MAX_CAUSE && cause.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
    let read: Value = serde_json::from_str(&cause).expect("it is JSON");
    let cut = read["exceptions"][0]["message"]
        .as_str()
        .expect("a cause has a message");
    assert!(message.starts_with(cut.strip_suffix("...").unwrap_or(cut)) || cut == message);

    let short = shortened(&error);
    assert!(short.len() <= MAX_ERROR);
    let read: Value = serde_json::from_slice(&short).expect("it is JSON");
    let cut = read["errorMessage"].as_str().expect("a text");
    let kept = cut.rsplit_once("... (cut: ").map_or(cut, |(kept, _)| kept);
    assert!(message.starts_with(kept) || cut == message);
});
