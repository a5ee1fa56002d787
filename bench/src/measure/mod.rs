//! The measurements: `rounds` takes wall time, `trace` counts system calls, `count` counts what
//! emulation sees, `one` drives one program through its events for all of them.

pub(crate) mod count;
pub(crate) mod one;
pub(crate) mod rounds;
pub(crate) mod trace;
