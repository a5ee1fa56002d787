//! Entry points of the fuzz targets: the bytes of a prelude.

use super::Prelude;

/// The bytes before the body.
pub fn prelude_bytes(prelude: &Prelude) -> Vec<u8> {
    prelude.to_bytes()
}
