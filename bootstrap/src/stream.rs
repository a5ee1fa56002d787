//! A response that is passed on while it is made.

use std::io::Write;

use coldspark::stream::Writer;

use crate::deadline::Deadline;

/// The content type of a response that begins with an HTTP prelude (Lambda developer guide,
/// "Building a custom runtime").
const HTTP: &str = "application/vnd.awslambda.http-integration-response";
/// What a worker says for it.
const HTTP_WORD: &str = "http";

/// A response that has begun to be passed on.
pub(crate) struct Stream<'a, 'w> {
    response: &'a mut Writer<'w>,
    deadline: Deadline,
    /// Nobody reads any more.
    pub(crate) abandoned: bool,
}

impl<'a, 'w> Stream<'a, 'w> {
    /// Of this content type, which has been looked at. Nothing is sent before the first byte.
    pub(crate) fn new(
        response: &'a mut Writer<'w>,
        content_type: Option<&str>,
        deadline: Deadline,
    ) -> Self {
        if let Some(content_type) = content_type {
            let content_type = if content_type == HTTP_WORD {
                HTTP
            } else {
                content_type
            };
            // It is printable ASCII, and nothing was sent, so there is no error.
            let _ = coldspark::layer::any_content_type(response, content_type);
        }
        response.give_up_at(deadline.at);
        Self {
            response,
            deadline,
            abandoned: false,
        }
    }

    /// Called when the response is made as a whole: sending the rest of it may take until the
    /// deadline itself.
    pub(crate) fn is_made(&mut self) {
        self.response.give_up_at(self.deadline.end);
    }

    /// Sends the bytes at once, and waits while nobody reads them, until the event is given up.
    /// What nobody will read is dropped; the library tells why when the response ends.
    pub(crate) fn pass(&mut self, bytes: &[u8]) {
        if self.abandoned {
            return;
        }
        let passed = self.response.write_all(bytes);
        self.abandoned = passed.and_then(|()| self.response.flush()).is_err();
    }
}

impl Drop for Stream<'_, '_> {
    fn drop(&mut self) {
        // How it ends, with an error or without, is told after the event was given up.
        self.is_made();
    }
}

/// Whether this says how a response is to be understood: a content type in one word, or that it
/// begins with a prelude.
pub(crate) fn is_content_type(word: &str) -> bool {
    let graphic = word.bytes().all(|byte| byte.is_ascii_graphic());
    graphic && (word == HTTP_WORD || word.contains('/'))
}
