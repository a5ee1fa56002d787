//! The standard output of a shell function.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use coldspark::internal::MAX_RESPONSE;

use crate::process::output::OutputPipe;
use crate::sys::pipe;

/// The standard output of a shell function: a pipe of its own for each event, under a path that
/// stays the same. What an event leaves running writes into its own pipe, never into the next
/// event's response.
pub(crate) struct Outlet {
    end: OwnedFd,
    /// Its number, by which the shell finds it in /proc.
    pub(super) number: String,
    /// Whether each event has a subshell.
    apart: bool,
}

impl Outlet {
    pub(super) fn new(apart: bool) -> io::Result<Self> {
        let (_, end) = pipe::from_child()?;
        let number = end.as_raw_fd().to_string();
        Ok(Self { end, number, apart })
    }

    /// What to do about an event that has ended the shell, or waits for what an earlier one left.
    pub(crate) fn advice(&self) -> &'static str {
        match self.apart {
            true => "",
            false => {
                "; COLDSPARK_SHELL=subshell lets an event end its shell, and wait for its own jobs \
                 alone (layer/README.md)"
            }
        }
    }

    /// Puts a new pipe behind the path; gives its reading end.
    pub(crate) fn fresh(&self) -> io::Result<OutputPipe> {
        let (output, end) = pipe::from_child()?;
        pipe::replace(&self.end, end)?;
        Ok(OutputPipe::new(output, MAX_RESPONSE))
    }
}
