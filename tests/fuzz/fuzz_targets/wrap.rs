//! A line of another program: an object stays as it is, all else becomes one.
#![no_main]

use coldspark::fuzzing::is_object;
use coldspark::internal::wrap;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// How deep brackets lie in one another, at most, in a text that is JSON.
fn depth(text: &[u8]) -> i32 {
    let (mut depth, mut most, mut string, mut escaped) = (0, 0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if string => escaped = true,
            b'"' => string = !string,
            b'{' | b'[' if !string => depth += 1,
            b'}' | b']' if !string => depth -= 1,
            _ => {}
        }
        most = most.max(depth);
    }
    most
}

fuzz_target!(|line: &[u8]| {
    let by_serde = serde_json::from_slice::<Value>(line);
    let object = is_object(line);
    match &by_serde {
        Ok(value) => assert_eq!(object, value.is_object()),
        // serde_json refuses three things that the grammar allows: a surrogate without its
        // other half, a number that no float holds, and depth from its own limit on.
        Err(error) => {
            let reason = error.to_string();
            let allowed = ["surrogate", "out of range", "recursion limit", "hex escape"];
            let meant = allowed.iter().any(|what| reason.contains(what));
            assert!(!object || meant, "{reason}");
        }
    }
    if object {
        assert!(depth(line) <= 128);
    }
    if line.contains(&b'\n') {
        return;
    }
    let mut out = Vec::new();
    wrap(&mut out, line, ["8f-50", "t\"1"]);
    let (end, out) = out.split_last().expect("a line has an end");
    assert_eq!(*end, b'\n');
    if object {
        assert_eq!(out, line);
        return;
    }
    assert!(!out.contains(&b'\n'));
    let read: Value = serde_json::from_slice(out).expect("it is JSON");
    let text = String::from_utf8_lossy(line);
    assert_eq!(read["message"], *text);
    assert_eq!(
        (&read["requestId"], &read["tenantId"]),
        (&"8f-50".into(), &"t\"1".into())
    );
});
