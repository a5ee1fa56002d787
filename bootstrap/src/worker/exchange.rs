//! The exchange with a worker: it gets an event or a hook, and answers, with what it streams in between.

use coldspark::stream::Writer;

use super::process::Worker;
use super::protocol::{self, Line, Task};
use super::shell_output::ShellOutput;
use crate::deadline::Deadline;
use crate::error::failure::{Failure, failed_to, violation};
use crate::process::response::{self, StreamedResponse};

/// How much of a streamed response is read at once.
const BLOCK: usize = 64 * 1024;

/// What a worker is given to answer, and how.
pub(crate) struct Exchange<'a, 'w> {
    pub(crate) task: Task,
    /// The event's bytes; empty for a hook.
    pub(crate) event: &'a [u8],
    /// The lines of its context.
    pub(crate) context: &'a str,
    /// The standard output of a shell function.
    pub(crate) shell_output: Option<&'a ShellOutput>,
    pub(crate) deadline: Deadline,
    /// Where a response may be streamed to.
    pub(crate) writer: Option<&'a mut Writer<'w>>,
}

impl Worker {
    /// Hands over an event or a hook, and waits for the answer. Returns the response, unless it was streamed.
    pub(crate) fn answer(
        &mut self,
        exchange: Exchange<'_, '_>,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let Exchange {
            task,
            event,
            context,
            shell_output,
            deadline,
            mut writer,
        } = exchange;
        let hand_over = failed_to("hand over the event");
        let mut output = shell_output
            .map(ShellOutput::new_pipe)
            .transpose()
            .map_err(&hand_over)?;
        self.event.set(event).map_err(&hand_over)?;
        self.context.set(context.as_bytes()).map_err(&hand_over)?;
        self.response.clear().map_err(&hand_over)?;
        let task_line = task.line();
        self.write_line(&task_line)?;
        let mut sent = 0;
        let mut stream: Option<StreamedResponse<'_, '_>> = None;
        loop {
            let reply = self.next_line(deadline.give_up_at, output.as_mut())?;
            match Line::parse(&reply).filter(|line| line.is_for(task)) {
                Some(Line::Response { .. } | Line::HookDone) => {
                    self.check_no_more_lines()?;
                    if let Some(mut stream) = stream {
                        let size = self.response.size();
                        let size = size.map_err(failed_to("read the response"))?;
                        stream.send_until_deadline();
                        self.send_part(&mut stream, sent, size)?;
                        return Ok(None);
                    }
                    let whole = match output {
                        Some(mut output) => {
                            output.read().map_err(failed_to("read the response"))?;
                            response::from_pipe(output)
                        }
                        None => response::from_file(&self.response),
                    };
                    return whole.map(Some);
                }
                Some(Line::Chunk {
                    event,
                    length,
                    content_type,
                }) => {
                    // More lines may have come than there is time for.
                    if deadline.has_come() {
                        return Err(Failure::TimedOut);
                    }
                    let start = sent;
                    sent = self.end_of_chunk(sent, length, &reply)?;
                    if let Some(writer) = writer.take() {
                        stream = Some(StreamedResponse::new(writer, content_type, deadline));
                    } else if content_type.is_some() {
                        return Err(violation(&reply, "when the response had begun"));
                    }
                    if let Some(stream) = &mut stream {
                        self.send_part(stream, start, sent)?;
                    }
                    if self.requests.sent {
                        self.write_line(&protocol::sent(event))?;
                    }
                }
                Some(Line::Error { error_type, .. } | Line::HookError { error_type }) => {
                    self.check_no_more_lines()?;
                    return Err(self.reported(error_type, sent));
                }
                _ => {
                    return Err(violation(
                        &reply,
                        &format!("as an answer to {}", task_line.trim_end()),
                    ));
                }
            }
        }
    }

    /// Sends the bytes of the response from `start` to `end`, and gives their memory back.
    fn send_part(
        &self,
        stream: &mut StreamedResponse<'_, '_>,
        start: u64,
        end: u64,
    ) -> Result<(), Failure> {
        let mut at = start;
        while at < end && !stream.reader_is_gone {
            let length = usize::try_from(end - at).unwrap_or(BLOCK).min(BLOCK);
            let block = self.response.part(at, length);
            let block = block.map_err(failed_to("read the response"))?;
            if block.is_empty() {
                return Err(Failure::Violation("cut its response".to_owned()));
            }
            stream.send(&block);
            let sent = at + block.len() as u64;
            self.response.release(at, sent);
            at = sent;
        }
        if at < end {
            self.response.release(at, end);
        }
        Ok(())
    }

    /// The position in the response at which a chunk of this length ends.
    fn end_of_chunk(&self, sent: u64, length: u64, line: &[u8]) -> Result<u64, Failure> {
        let size = self.response.size();
        let size = size.map_err(failed_to("read the response"))?;
        let sent = sent.checked_add(length).filter(|sent| *sent <= size);
        sent.ok_or_else(|| violation(line, &format!("when its response had only {size} bytes")))
    }
}
