//! The bytes of a prelude, for the fuzz targets.

use super::Prelude;

/// What stands before the body.
pub fn prelude_bytes(prelude: &Prelude) -> Vec<u8> {
    prelude.to_bytes()
}
