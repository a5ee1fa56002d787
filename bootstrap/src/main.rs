//! The layer's `bootstrap`: runs the handler that a function's package holds, in any language.
//!
//! ```text
//! _HANDLER -> resolve -> worker | shell: Supervisor -> Worker (one process, many events)
//!                     -> exec | stream:  Exec      -> one process an event
//! ```
//!
//! A `pool` has as many of them as there are events at a time. `mode` puts them together, `shutdown` ends them; `sys` has the system calls and all unsafe code, `kind` the names of the errors.
#![cfg_attr(not(test), no_main)]

mod check;
mod context;
mod control;
mod deadline;
mod exec;
mod intake;
mod kind;
mod log;
mod mode;
mod pool;
mod printed;
mod program;
mod resolve;
mod settings;
mod shell;
mod shutdown;
mod stream;
mod supervisor;
mod sys;
mod trouble;
mod wait;
mod worker;

use coldspark::Runtime;

use crate::control::Hook;

coldspark::main!({
    sys::read_ahead::begin();
    Runtime::with_init(mode::start)
        .before_snapshot(|mode| mode::hook(mode, Hook::BeforeSnapshot))
        .after_restore(|mode| mode::hook(mode, Hook::AfterRestore))
        .on_shutdown(mode::shut_down)
        .concurrent()
        .any_stream(mode::handle)
});
