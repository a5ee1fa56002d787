//! A line of the worker protocol: what is understood, written again, is understood the same.
#![no_main]

use coldspark_fuzz::worker_line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    let Some(again) = worker_line(line) else {
        return;
    };
    assert!(!line.contains(&b'\n') && !line.contains(&b'\r') && !line.contains(&0));
    assert_eq!(worker_line(again.as_bytes()).as_deref(), Some(&*again));
    // Only the order of words, and zeros before a number, may have changed.
    let words = |text: &str| {
        let number = |word: &str| match word.trim_start_matches('0') {
            "" if !word.is_empty() => "0".to_owned(),
            rest if word.bytes().all(|byte| byte.is_ascii_digit()) => rest.to_owned(),
            _ => word.to_owned(),
        };
        let mut words: Vec<String> = text.split(' ').map(number).collect();
        words.sort();
        words
    };
    assert_eq!(
        words(&again),
        words(str::from_utf8(line).expect("a line is UTF-8"))
    );
});
