//! The handling of one event: its request, the answer, and the response.

use coldspark::internal::{HTTP_CONTENT_TYPE, Head, MAX_RESPONSE, warn};
use coldspark::stream::Writer;
use coldspark::{Context, Error};

use super::answer::{self, Answer};
use super::application::{Application, NotReady};
use super::connection::Connection;
use super::event::FrontEnd;
use super::exchange::Exchange;
use super::exchange_error::ExchangeError;
use super::process::Process;
use super::request::{Refusal, Request};
use crate::deadline::Deadline;
use crate::error::{self, When};
use crate::process::response::StreamedResponse;
use crate::process::wait;

/// What the response of an event is written to, and until when.
struct ResponseSink<'a, 'w> {
    writer: &'a mut Writer<'w>,
    deadline: Deadline,
    /// Whether a streamed response has begun. Its status is sent then, and the caller cannot get 504.
    stream_begun: bool,
}

impl Application {
    /// Answers an event; returns the response unless it was streamed.
    #[inline(never)]
    pub(crate) fn handle(
        &self,
        event: &[u8],
        context: &Context<'_>,
        writer: &mut Writer<'_>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let mut sink = ResponseSink {
            deadline: Deadline::of(context, self.settings.deadline_margin),
            writer,
            stream_begun: false,
        };
        self.log.begin_event(context);
        let request = match Request::of_event(event, context, &self.web, &self.host) {
            Ok(request) => request,
            Err(refusal) => return self.refuse(refusal, sink.writer),
        };
        let response = self.serve(&request, &mut sink);
        match wait::has_log() {
            true => self.log.end_lines(),
            false => self.log.flush(),
        }
        response
    }

    /// Answers requests that the application must not see.
    fn refuse(&self, refusal: Refusal, writer: &mut Writer<'_>) -> Result<Option<Vec<u8>>, Error> {
        match refusal {
            Refusal::BadRequest(front_end, what) => {
                warn(format_args!(
                    "a client's request is answered with status 400: {what}"
                ));
                self.respond(front_end, "400 Bad Request", &what, writer)
            }
            Refusal::Forbidden(front_end) => {
                let text = "the path is for SnapStart's hooks alone";
                self.respond(front_end, "403 Forbidden", text, writer)
            }
            Refusal::InvalidEvent(what) => Err(Error::new(
                error::INVALID_EVENT,
                format!("the event of the front end is wrong: {what}"),
            )),
        }
    }

    /// Answers in the application's place, with this status line and text.
    fn respond(
        &self,
        front_end: FrontEnd,
        status_line: &str,
        text: &str,
        writer: &mut Writer<'_>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let answer = Answer::plain_text(status_line);
        let body = [text, "\n"].concat().into_bytes();
        if self.web.stream {
            let mut stream =
                StreamedResponse::new(writer, Some(HTTP_CONTENT_TYPE), Deadline::none());
            stream.send(&[answer.prelude(), body].concat());
            return Ok(None);
        }
        // A short text is below every limit, so there is no error.
        Ok(answer.into_response(front_end, body, false).ok())
    }

    /// Answers a request, unless the event is given up before.
    fn serve(
        &self,
        request: &Request<'_>,
        sink: &mut ResponseSink<'_, '_>,
    ) -> Result<Option<Vec<u8>>, Error> {
        if sink.deadline.is_over() {
            return self.give_up(request, sink, ", which left no time to ask");
        }
        let was_suspect = self.is_suspect();
        let (process, connection) = match self.prepare(sink.deadline.give_up_at) {
            Ok(prepared) => prepared,
            Err(NotReady::Failed(error)) => return Err(error),
            Err(NotReady::TimedOut(why)) => {
                return self.give_up(request, sink, &["; not ready: ", &why].concat());
            }
        };
        match self.exchange(request, &process, connection, sink) {
            Ok(response) => Ok(response),
            Err(ExchangeError::TimedOut) => {
                let what = match self.note_timeout(&process, was_suspect) {
                    true => "; the process was killed",
                    false => "; the request was given up, and the application goes on",
                };
                match sink.stream_begun {
                    true => Err(sink.deadline.error(what)),
                    false => self.give_up(request, sink, what),
                }
            }
            Err(error) => Err(self.report(&process, error, When::Answering)),
        }
    }

    /// The response at the deadline: a status for a front end, an error otherwise.
    #[inline(never)]
    fn give_up(
        &self,
        request: &Request<'_>,
        sink: &mut ResponseSink<'_, '_>,
        what: &str,
    ) -> Result<Option<Vec<u8>>, Error> {
        let error = sink.deadline.error(what);
        let Some(front_end) = request.front_end else {
            return Err(error);
        };
        warn(format_args!(
            "{}; its caller gets status 504",
            error.message()
        ));
        let text = "the application has not answered in time";
        self.respond(front_end, "504 Gateway Timeout", text, sink.writer)
    }

    /// Sends the request, on the idle connection or on a new one, and receives the answer.
    fn exchange(
        &self,
        request: &Request<'_>,
        process: &Process,
        idle: Option<Connection>,
        sink: &mut ResponseSink<'_, '_>,
    ) -> Result<Option<Vec<u8>>, ExchangeError> {
        let until = sink.deadline.give_up_at;
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect(process, until)?,
        };
        let mut exchange = Exchange::new(connection, request, process, until);
        let head = match exchange.await_head() {
            // The application may have closed the connection before it saw the request.
            Err(ExchangeError::Closed) if request.may_repeat => {
                exchange = Exchange::new(self.connect(process, until)?, request, process, until);
                exchange.await_head()?
            }
            head => head?,
        };
        self.note_answer();
        if self.web.error_statuses.contain(head.status) {
            return Err(ExchangeError::Unusable(Error::new(
                error::ERROR_STATUS,
                format!(
                    "{} has answered with status {}, which AWS_LWA_ERROR_STATUS_CODES makes an error",
                    self.name(),
                    head.status
                ),
            )));
        }
        let response = match self.web.stream {
            true => stream(&mut exchange, &head, sink)?,
            false => collect(&mut exchange, &head, self.web.compress)?,
        };
        self.keep_connection(exchange.reusable());
        Ok(response)
    }
}

/// Receives the answer, and returns the response as a whole.
fn collect(
    exchange: &mut Exchange<'_>,
    head: &Head,
    compress: bool,
) -> Result<Option<Vec<u8>>, ExchangeError> {
    let bytes = exchange.take_head(head);
    let mut body = Vec::new();
    exchange.receive_body(
        head,
        &mut body,
        &mut |body| match body.len() > MAX_RESPONSE {
            true => Err(answer::too_large(
                "more than ",
                MAX_RESPONSE,
                MAX_RESPONSE,
                "Lambda takes",
            )),
            false => Ok(true),
        },
    )?;
    let request = exchange.request;
    let Some(front_end) = request.front_end else {
        return Ok(Some(body));
    };
    let answer = Answer::read(&bytes, head, exchange.fields())?;
    let response = answer.into_response(front_end, body, compress && request.accepts_gzip)?;
    Ok(Some(response))
}

/// Sends the response to Lambda while the answer is received.
fn stream(
    exchange: &mut Exchange<'_>,
    head: &Head,
    sink: &mut ResponseSink<'_, '_>,
) -> Result<Option<Vec<u8>>, ExchangeError> {
    let bytes = exchange.take_head(head);
    let answer = Answer::read(&bytes, head, exchange.fields())?;
    let (content_type, prelude) = match exchange.request.front_end {
        Some(_) => (HTTP_CONTENT_TYPE, answer.prelude()),
        None => (
            answer
                .header("content-type")
                .unwrap_or("application/octet-stream"),
            Vec::new(),
        ),
    };
    let mut stream = StreamedResponse::new(sink.writer, Some(content_type), sink.deadline);
    // The prelude is sent with the first part of the body, or alone.
    let mut body = prelude;
    sink.stream_begun = true;
    exchange.receive_body(head, &mut body, &mut |body| {
        stream.send(body);
        body.clear();
        Ok(!stream.reader_is_gone)
    })?;
    stream.send_until_deadline();
    stream.send(&body);
    Ok(None)
}
