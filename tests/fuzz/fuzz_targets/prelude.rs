//! The prelude of a streamed response: JSON and 8 NUL bytes, with what was put in.
#![no_main]

use coldspark::fuzzing::prelude_bytes;
use coldspark::http::{HeaderName, HeaderValue};
use coldspark::stream::Prelude;
use coldspark_fuzz::lines;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Some((status, data)) = data.split_first_chunk::<2>() else {
        return;
    };
    let status = u16::from_le_bytes(*status);
    let Ok(mut prelude) = Prelude::new(status) else {
        assert!(!(200..=599).contains(&status));
        return;
    };
    let Some(texts) = lines(data) else {
        return;
    };
    let (mut names, mut cookies) = (Vec::new(), Vec::new());
    for pair in texts.chunks(2) {
        let (name, value) = (pair[0], pair.get(1).copied().unwrap_or_default());
        let by_http =
            HeaderName::from_bytes(name.as_bytes()).is_ok() && HeaderValue::from_str(value).is_ok();
        match prelude.clone().header(name, value) {
            Ok(with) => {
                assert!(by_http, "{name:?} {value:?}");
                prelude = with;
                if name.eq_ignore_ascii_case("set-cookie") {
                    cookies.push(value);
                } else {
                    names.push((name, value));
                }
            }
            Err(_) => assert!(!by_http, "{name:?} {value:?}"),
        }
    }
    let bytes = prelude_bytes(&prelude);
    let json = bytes.strip_suffix(&[0; 8]).expect("it ends in 8 NUL bytes");
    assert!(!json.contains(&0));
    let read: Value = serde_json::from_slice(json).expect("it is JSON");
    assert_eq!(read["statusCode"], status);
    assert_eq!(read["cookies"], Value::from(cookies));
    let headers = read["headers"].as_object().expect("headers are an object");
    for (name, _) in &names {
        let mut known = headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let values = names
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let values: Vec<&str> = values.map(|(_, value)| *value).collect();
        assert_eq!(
            known.next().map(|(_, value)| value),
            Some(&Value::from(values.join(", ")))
        );
        assert!(known.next().is_none());
    }
});
