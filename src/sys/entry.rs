//! The C entry point that [`main!`](crate::main) makes for a bootstrap without std's start-up.

/// Defines the program's entry point, and the allocator, for a bootstrap.
///
/// The argument is an expression that gives a [`Runtime`](crate::Runtime). The crate must carry
/// `#![no_main]`: the entry point is then called by the C start-up code directly, which skips
/// std's own (about 40 us and 5 page faults in a microVM, measured). What std's start-up would
/// have done and a function can notice: `std::env::args()` is empty, and a stack overflow ends
/// the process by SIGSEGV without std's message.
///
/// ```no_run
/// #![no_main]
/// use coldspark::Runtime;
///
/// coldspark::main!(Runtime::new().raw("hello", |event, _| Ok(event.into())));
/// ```
///
/// A program that wants std's start-up, or an allocator of its own, writes
/// `fn main() { Runtime::new()....run() }` instead.
#[macro_export]
macro_rules! main {
    ($runtime:expr $(,)?) => {
        #[global_allocator]
        static COLDSPARK_ALLOCATOR: $crate::Allocator = $crate::Allocator;

        #[cfg_attr(test, allow(dead_code))]
        fn coldspark_main() -> ! {
            $runtime.run()
        }

        // The name must be plain `main`, for crt1; a crate with two of them does not link.
        #[cfg(not(test))]
        #[unsafe(no_mangle)]
        extern "C" fn main(
            _: ::core::ffi::c_int,
            _: *const *const ::core::ffi::c_char,
        ) -> ::core::ffi::c_int {
            coldspark_main()
        }
    };
}
