//! X-Ray's tracing header: what becomes a traceparent has the form that W3C's standard gives it.
#![no_main]

use coldspark::fuzzing::traceparent;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &str| {
    let Some(made) = traceparent(header) else {
        return;
    };
    let parts: Vec<&str> = made.split('-').collect();
    let [version, trace, parent, flags] = parts[..] else {
        panic!("{made} has {} parts", parts.len());
    };
    assert_eq!((version, trace.len(), parent.len()), ("00", 32, 16));
    assert!(flags == "00" || flags == "01");
    for id in [trace, parent] {
        assert!(
            id.bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        );
        assert!(id.bytes().any(|byte| byte != b'0'));
    }
    let header = header.to_ascii_lowercase();
    assert!(
        header.contains(parent) && header.contains(&trace[8..]) && header.contains(&trace[..8])
    );
});
