//! Events of tracing, with fields and spans, as lines in JSON.
#![no_main]

use std::sync::Once;

use coldspark::fuzzing::{last_line, subscribe};
use coldspark_fuzz::lines;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tracing::field::Empty;

fn set_up() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the fuzzer runs its inputs on this one thread, and this is before the first.
        unsafe { std::env::set_var("AWS_LAMBDA_LOG_FORMAT", "JSON") };
        subscribe();
    });
}

fuzz_target!(|data: &[u8]| {
    set_up();
    let [kind, number @ ..] = data else {
        return;
    };
    let Some((number, text)) = number.split_first_chunk::<8>() else {
        return;
    };
    let number = u64::from_le_bytes(*number);
    let Some(texts) = lines(text) else {
        return;
    };
    let text = |index: usize| texts.get(index).copied().unwrap_or_default();
    let (first, second, third) = (text(0), text(1), text(2));
    let float = f64::from_bits(number);
    let span = tracing::info_span!("order", first, later = Empty, "last \"field\"" = Empty);
    let some = (kind & 1 != 0).then_some(number);
    span.record("later", some);
    if kind & 2 != 0 {
        span.record("last \"field\"", second);
    }
    if kind & 4 != 0 {
        span.record("later", third);
    }
    let entered = (kind & 8 != 0).then(|| span.enter());
    tracing::warn!(number, float, signed = number as i64, flag = kind & 16 != 0, none = None::<u64>, first, debugged = ?second, shown = %third, "{third}");
    drop(entered);
    let written = last_line();
    let (end, written) = written.split_last().expect("a line has an end");
    assert!(*end == b'\n' && !written.contains(&b'\n'));
    let read: Value = serde_json::from_slice(written).expect("it is JSON");
    assert_eq!(read["message"], third);
    let fields = &read["fields"];
    assert_eq!(fields["number"], number);
    assert_eq!(fields["signed"], number as i64);
    assert_eq!(fields["flag"], kind & 16 != 0);
    assert_eq!(fields["first"], first);
    assert_eq!(fields["debugged"], format!("{second:?}"));
    assert_eq!(fields["shown"], third);
    assert!(fields.get("none").is_none());
    match fields["float"].as_f64() {
        Some(read) => assert_eq!(read, float),
        None => assert!(!float.is_finite() && fields["float"].is_string()),
    }
    if kind & 8 != 0 {
        let fields = &read["spans"][0]["fields"];
        assert_eq!(fields["first"], first);
        if kind & 2 != 0 {
            assert_eq!(fields["last \"field\""], second);
        }
    } else {
        assert!(read.get("spans").is_none());
    }
});
