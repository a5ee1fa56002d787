//! The response of a process: sent while the process prints it, or as a whole at its end.

use std::io::Write;

use coldspark::internal::{MAX_RESPONSE, response_too_large};
use coldspark::stream::Writer;

use super::content_type;
use super::output::OutputPipe;
use crate::deadline::Deadline;
use crate::error::failure::{Failure, failed_to};
use crate::sys::scratch_file::ScratchFile;

/// A response that is sent while a process prints it.
pub(crate) struct StreamedResponse<'a, 'w> {
    response: &'a mut Writer<'w>,
    deadline: Deadline,
    pub(crate) reader_is_gone: bool,
}

impl<'a, 'w> StreamedResponse<'a, 'w> {
    /// Begins a response of this content type, which was checked before. Nothing is sent until the first
    /// byte is there.
    pub(crate) fn new(
        response: &'a mut Writer<'w>,
        content_type: Option<&str>,
        deadline: Deadline,
    ) -> Self {
        if let Some(content_type) = content_type {
            let content_type = content_type::from_word(content_type);
            // The type is printable ASCII, and nothing was sent yet, so there is no error.
            let _ = coldspark::internal::any_content_type(response, content_type);
        }
        response.give_up_at(deadline.give_up_at);
        Self {
            response,
            deadline,
            reader_is_gone: false,
        }
    }

    /// Called when the process has printed the whole response: sending the rest may take until the
    /// deadline itself.
    pub(crate) fn send_until_deadline(&mut self) {
        self.response.give_up_at(self.deadline.end);
    }

    /// Sends the bytes at once, and waits while they are not read, until the event is given up. If the
    /// reader is gone, they are dropped; the library says why when the response ends.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        if self.reader_is_gone {
            return;
        }
        let written = self.response.write_all(bytes);
        self.reader_is_gone = written.and_then(|()| self.response.flush()).is_err();
    }
}

impl Drop for StreamedResponse<'_, '_> {
    fn drop(&mut self) {
        // The end of the response, with an error or without, may be sent after the event was given up.
        self.send_until_deadline();
    }
}

/// The response that a process has printed into a pipe, if it is not too large.
pub(crate) fn from_pipe(output: OutputPipe) -> Result<Vec<u8>, Failure> {
    match output.over_limit {
        0 => Ok(output.bytes),
        over_limit => {
            let size = (output.bytes.len() + over_limit) as u64;
            Err(Failure::Reported(response_too_large(size)))
        }
    }
}

/// The response that a process has left in a file, if it is not too large.
pub(crate) fn from_file(file: &ScratchFile) -> Result<Vec<u8>, Failure> {
    let read = failed_to("read the response");
    let bytes = file.read(0, MAX_RESPONSE + 1).map_err(&read)?;
    if bytes.len() > MAX_RESPONSE {
        let size = file.size().map_err(&read)?;
        return Err(Failure::Reported(response_too_large(size)));
    }
    Ok(bytes)
}
