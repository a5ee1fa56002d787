//! The handler setting: whatever it is, it leads to a file of the package or to an error.
#![no_main]

use coldspark_fuzz::resolve;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|handler: &str| {
    // The environment holds no zero byte.
    if handler.contains('\0') {
        return;
    }
    if let Err(message) = resolve(handler) {
        assert!(message.starts_with("the handler "));
    }
});
