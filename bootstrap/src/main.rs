//! The layer's `bootstrap`: runs the handler that a function's package holds, in any language.
//!
//! ```text
//! _HANDLER -> resolve -> worker | shell: Supervisor -> Worker (one process, many events)
//!                     -> exec | stream:  Exec      -> one process an event
//! ```
//!
//! `mode` puts them together; `sys` has the system calls and all unsafe code, `kind` the names of the errors.
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
mod printed;
mod program;
mod resolve;
mod settings;
mod shell;
mod stream;
mod supervisor;
mod sys;
mod trouble;
mod wait;
mod worker;

use coldspark::Runtime;

use crate::control::Hook;

coldspark::main!(
    Runtime::with_init(mode::start)
        .before_snapshot(|mode| mode::hook(mode, Hook::BeforeSnapshot))
        .after_restore(|mode| mode::hook(mode, Hook::AfterRestore))
        .any_stream(mode::handle)
);
