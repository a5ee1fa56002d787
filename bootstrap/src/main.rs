//! The layer's `bootstrap`: runs the handler that a function's package holds, in any language.
//!
//! ```text
//! _HANDLER -> resolve -> worker | shell: Supervisor -> Worker (one process, many events)
//!                     -> exec | stream:  Exec      -> one process an event
//!                     -> http:           Application -> one process, HTTP requests
//! ```
//!
//! A `pool` holds as many supervisors or executables as there are events at a time. `mode` puts everything
//! together, and `shutdown` ends the processes. `worker` and `exec` use `process` (how a process is started,
//! waited for and read) and `log` (what processes print); `error` has the error types, and `sys` the system
//! calls and all unsafe code.
#![cfg_attr(not(test), no_main)]

mod context;
mod deadline;
mod decimal;
mod error;
mod exec;
mod log;
mod mode;
mod pool;
mod process;
mod resolve;
mod settings;
mod shutdown;
mod sys;
mod worker;

// The last one: constants and code lie in this order in the binary, and other modes do not touch those of this one.
mod http;

use coldspark::Runtime;

use crate::worker::protocol::Hook;

coldspark::main!({
    sys::read_ahead::start();
    if sys::variable(settings::RUNTIME_API).is_none() {
        http::run_image_command();
    }
    Runtime::without_tracing(mode::start)
        .before_snapshot(|mode| mode::run_hook(mode, Hook::BeforeSnapshot))
        .after_restore(|mode| mode::run_hook(mode, Hook::AfterRestore))
        .on_shutdown(mode::shut_down)
        .concurrent()
        .any_stream(mode::handle)
});
