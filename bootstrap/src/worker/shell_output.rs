//! The standard output of a shell function.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use coldspark::internal::MAX_RESPONSE;

use crate::process::output::OutputPipe;
use crate::sys::pipe;

/// The standard output of a shell function: a pipe of its own for each event, under a path that
/// stays the same. What an event leaves running writes into its own pipe, never into the next
/// event's response.
pub(crate) struct ShellOutput {
    /// The writing end of the pipe of the event in hand.
    write_end: OwnedFd,
    /// The number of that descriptor, by which the shell opens it in /proc.
    pub(super) number: String,
    /// Whether each event has a subshell.
    subshell: bool,
}

impl ShellOutput {
    pub(super) fn new(subshell: bool) -> io::Result<Self> {
        let (_, write_end) = pipe::from_child()?;
        let number = write_end.as_raw_fd().to_string();
        Ok(Self {
            write_end,
            number,
            subshell,
        })
    }

    /// What to do about an event that has ended the shell, or waits for what an earlier one left.
    pub(crate) fn advice(&self) -> &'static str {
        match self.subshell {
            true => "",
            false => {
                "; COLDSPARK_SHELL=subshell lets an event end its shell, and wait for its own jobs \
                 alone (layer/README.md)"
            }
        }
    }

    /// Puts a new pipe behind the path for the next event; returns its reading end.
    pub(crate) fn new_pipe(&self) -> io::Result<OutputPipe> {
        let (output, write_end) = pipe::from_child()?;
        pipe::replace(&self.write_end, write_end)?;
        Ok(OutputPipe::new(output, MAX_RESPONSE))
    }
}
