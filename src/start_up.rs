//! Texts that start-up reads, in statics whose names src/start_up.ld lists, so that they share pages:
//! literals have no names, and would be spread over more pages.

macro_rules! texts {
    ($($(#[$about:meta])* $visible:vis $name:ident = $text:expr;)*) => {$(
        $(#[$about])*
        $visible static $name: &str = {
            static START_UP_TEXT: [u8; $text.len()] = match $text.as_bytes().first_chunk() {
                Some(bytes) => *bytes,
                None => unreachable!(),
            };
            match ::std::str::from_utf8(&START_UP_TEXT) {
                Ok(text) => text,
                Err(_) => unreachable!(),
            }
        };
    )*};
}
pub(crate) use texts;
