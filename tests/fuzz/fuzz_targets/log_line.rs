//! A line of the log in JSON: serde_json reads it, and finds what was written.
#![no_main]

use coldspark::fuzzing::{escaped, line};
use coldspark_fuzz::lines;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(message) = str::from_utf8(data) else {
        return;
    };
    let json = escaped(message, true);
    assert!(!json.bytes().any(|byte| byte < b' '));
    let read: String = serde_json::from_str(&format!("\"{json}\"")).expect("it is a string");
    assert_eq!(read, message);
    let plain = escaped(message, false);
    assert!(!plain.contains(['\n', '\r']));
    let texts = lines(data).unwrap_or_default();
    let (target, tenant) = (
        texts.first().copied().unwrap_or_default(),
        texts.get(1).copied().unwrap_or_default(),
    );
    let written = line("WARN", target, message, ["8f-50", tenant]);
    let (end, written) = written.split_last().expect("a line has an end");
    assert!(*end == b'\n' && !written.contains(&b'\n'));
    let read: Value = serde_json::from_slice(written).expect("it is JSON");
    let or_none = |text: &str| {
        if text.is_empty() {
            Value::Null
        } else {
            Value::from(text)
        }
    };
    assert_eq!(read["message"], message);
    assert_eq!(read["target"], or_none(target));
    assert_eq!(read["tenantId"], or_none(tenant));
    assert_eq!(read["requestId"], "8f-50");
    assert_eq!(read["level"], "WARN");
    assert!(
        read["timestamp"]
            .as_str()
            .is_some_and(|text| text.len() == 24)
    );
});
