//! The layer's reader of JSON: it takes what serde_json takes, and reads the same values.
#![no_main]

use coldspark_fuzz::web;
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

fuzz_target!(|bytes: &[u8]| {
    // Without looking at numbers and texts, which JSON's grammar allows more of than serde_json's types.
    let known = serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
    assert_eq!(
        web::json(bytes),
        known && std::str::from_utf8(bytes).is_ok()
    );
});
