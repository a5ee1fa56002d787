//! Workers, which answer many events each: the protocol, a process that speaks it, the exchange of
//! one event, and a supervisor that always keeps a worker there. A shell function is a worker of bash.

mod errors;
mod exchange;
mod process;
pub(crate) mod program;
pub(crate) mod protocol;
pub(crate) mod shell;
mod shell_output;
pub(crate) mod supervisor;
