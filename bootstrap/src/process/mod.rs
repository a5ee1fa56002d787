//! Processes of the function: what they are started from, how they are waited for, and how what they
//! print becomes a response.

pub(crate) mod arguments;
pub(crate) mod executable;
pub(crate) mod output;

pub(crate) mod response;
pub(crate) mod wait;
