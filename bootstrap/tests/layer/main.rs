//! The layer's real binary, driven through the Runtime API.
//!
//! Tested is cargo's own build, or `$COLDSPARK_TEST_BINARIES/layer/bootstrap`, run by
//! `$COLDSPARK_TEST_RUNNER` when that is set.

mod async_init;
mod common;
mod concurrency;
mod context;
mod deadlines;
mod environment;
mod exactly_once;
mod examples;
mod exec_mode;
mod exec_output;
mod faults;
mod faulty_processes;
mod faulty_workers;
mod http;
mod inherited;
mod init_errors;
mod isolation;
mod limits;
mod log_order;
mod logs;
mod old_kernel;
mod orphans;
mod own_end;
mod package_files;
mod partial_lines;
mod privilege;
mod random_kills;
mod resolution;
mod rough_platforms;
mod shared_descriptors;
mod shell_errors;
mod shell_mode;
mod shell_state;
mod shell_subshell;
mod shutdown;
mod shutdown_limits;
mod slow_readers;
mod snapstart;
mod start_up;
mod streaming;
mod supervision;
mod timeouts;
mod whole_lines;
mod worker_answers;
mod worker_protocol;
mod worker_races;
