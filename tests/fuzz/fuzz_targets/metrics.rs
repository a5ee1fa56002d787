//! A record of metrics: one line of JSON in which serde_json finds what was put in, or a refusal.
#![no_main]

use coldspark::metrics::{MAX_BYTES, MAX_VALUE, MIN_VALUE, Record, Unit};
use coldspark_fuzz::lines;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fuzz_target!(|data: &[u8]| {
    // The first bytes are a number, lines behind them names and values by turns.
    let Some((bits, rest)) = data.split_first_chunk::<8>() else {
        return;
    };
    let number = f64::from_bits(u64::from_le_bytes(*bits));
    let texts = lines(rest).unwrap_or_default();
    let [namespace, metric, dimension, value, property, text] =
        [0, 1, 2, 3, 4, 5].map(|at| texts.get(at).copied().unwrap_or_default());
    let record = Record::new(namespace)
        .metric(metric, Unit::Seconds, number)
        .metric(metric, Unit::Seconds, 1)
        .dimension(dimension, value)
        .property(property, text);
    let Ok(json) = record.to_json() else {
        return;
    };
    assert!(json.len() < MAX_BYTES && !json.contains(['\n', '\r']));
    let size = number.abs();
    assert!(size == 0.0 || (MIN_VALUE..=MAX_VALUE).contains(&size));
    // Names that are in it twice would be lost here.
    let read: Map<String, Value> = serde_json::from_str(&json).expect("it is an object");
    assert_eq!(read.len(), 4, "{json}");
    assert_eq!(read[metric], Value::from(vec![number, 1.0]));
    assert_eq!(read[dimension], value);
    assert_eq!(read[property], text);
    let about = &read["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(about["Namespace"], namespace);
    assert_eq!(about["Dimensions"][0][0], dimension);
    assert_eq!(about["Metrics"][0]["Name"], metric);
    assert_eq!(about["Metrics"][0]["Unit"], "Seconds");
    assert!(read["_aws"]["Timestamp"].is_u64());
    // The limits of CloudWatch, as its documentation has them.
    for name in [namespace, metric, dimension] {
        assert!((1..=255).contains(&name.len()) && name.is_ascii() && !name.starts_with(':'));
    }
    assert!((1..=1024).contains(&value.len()) && value.is_ascii());
});
