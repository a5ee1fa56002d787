//! Processes of the function: their arguments and environment, whether a file can be executed, the waits for
//! them, and how their output becomes a response.

pub(crate) mod arguments;
pub(crate) mod content_type;
pub(crate) mod executable;
pub(crate) mod output;
pub(crate) mod response;
pub(crate) mod wait;
