//! The handling of one event: its request, the answer, and the response.

use std::sync::Arc;

use coldspark::internal::{HTTP_CONTENT_TYPE, Head, MAX_RESPONSE, warn};
use coldspark::stream::Writer;
use coldspark::{Context, Error};

use super::answer::{self, Answer};
use super::application::{Application, NotReady};
use super::body::Body;
use super::connection::{Connection, Outgoing};
use super::event::FrontEnd;
use super::request::{Refusal, Request};
use super::running::Running;
use super::trouble::Trouble;
use crate::deadline::Deadline;
use crate::error::{self, When};
use crate::process::response::StreamedResponse;
use crate::process::wait;

impl Application {
    /// Answers an event; returns the response unless it was streamed.
    #[inline(never)]
    pub(crate) fn handle(
        &self,
        event: &[u8],
        context: &Context<'_>,
        writer: &mut Writer<'_>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let deadline = Deadline::of(context, self.settings.deadline_margin);
        self.log.begin_event(context);
        let request = match Request::of_event(event, context, &self.web, &self.host) {
            Ok(request) => request,
            Err(refusal) => return self.refuse(refusal, writer),
        };
        let response = self.serve(&request, &deadline, writer);
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
                self.own(front_end, "400 Bad Request", &what, writer)
            }
            Refusal::Forbidden(front_end) => {
                let text = "the path is for SnapStart's hooks alone";
                self.own(front_end, "403 Forbidden", text, writer)
            }
            Refusal::InvalidEvent(what) => Err(Error::new(
                error::INVALID_EVENT,
                format!("the event of the front end is wrong: {what}"),
            )),
        }
    }

    /// Answers in the application's place.
    fn own(
        &self,
        front_end: FrontEnd,
        line: &str,
        text: &str,
        writer: &mut Writer<'_>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let answer = Answer::own(line);
        let body = [text, "\n"].concat().into_bytes();
        if self.web.stream {
            let mut stream =
                StreamedResponse::new(writer, Some(HTTP_CONTENT_TYPE), Deadline::none());
            stream.send(&[answer.prelude(), body].concat());
            return Ok(None);
        }
        // It is a short text.
        Ok(answer.whole(front_end, body, false).ok())
    }

    fn serve(
        &self,
        request: &Request<'_>,
        deadline: &Deadline,
        writer: &mut Writer<'_>,
    ) -> Result<Option<Vec<u8>>, Error> {
        if deadline.is_over() {
            return self.give_up(request, deadline, ", which left no time to ask", writer);
        }
        let (running, connection) = match self.prepare(deadline.at) {
            Ok(prepared) => prepared,
            Err(NotReady::Failed(error)) => return Err(error),
            Err(NotReady::Late(why)) => {
                let what = ["; not ready: ", &why].concat();
                return self.give_up(request, deadline, &what, writer);
            }
        };
        let mut begun = false;
        let exchanged = self.exchange(request, &running, connection, deadline, writer, &mut begun);
        match exchanged {
            Ok(response) => Ok(response),
            Err(Trouble::Late) => {
                let what = match self.was_late(&running) {
                    true => "; the process was killed",
                    false => "; the request was given up, and the application goes on",
                };
                match begun {
                    true => Err(deadline.error(what)),
                    false => self.give_up(request, deadline, what, writer),
                }
            }
            Err(trouble) => Err(self.error(&running, trouble, When::Answering)),
        }
    }

    /// The response at the deadline: a status for a front end, an error otherwise.
    #[inline(never)]
    fn give_up(
        &self,
        request: &Request<'_>,
        deadline: &Deadline,
        what: &str,
        writer: &mut Writer<'_>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let error = deadline.error(what);
        let Some(front_end) = request.front_end else {
            return Err(error);
        };
        warn(format_args!(
            "{}; its caller gets status 504",
            error.message()
        ));
        let text = "the application has not answered in time";
        self.own(front_end, "504 Gateway Timeout", text, writer)
    }

    fn exchange(
        &self,
        request: &Request<'_>,
        running: &Arc<Running>,
        kept: Option<Connection>,
        deadline: &Deadline,
        writer: &mut Writer<'_>,
        begun: &mut bool,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        let mut outgoing = Outgoing::new(&request.head, &request.body);
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.connect(running, deadline.at)?,
        };
        let head = match connection.await_head(running, &mut outgoing, deadline.at) {
            // The application may have closed the connection before it saw the request.
            Err(Trouble::Closed) if request.may_repeat => {
                connection = self.connect(running, deadline.at)?;
                outgoing = Outgoing::new(&request.head, &request.body);
                connection.await_head(running, &mut outgoing, deadline.at)?
            }
            head => head?,
        };
        self.has_answered();
        if self.web.errors.contain(head.status) {
            return Err(Trouble::Unfit(
                error::ERROR_STATUS,
                format!(
                    "{} has answered with status {}, which AWS_LWA_ERROR_STATUS_CODES makes an error",
                    self.name(),
                    head.status
                ),
            ));
        }
        let incoming = Incoming {
            request,
            running,
            deadline,
            head,
        };
        let (response, reusable) = match self.web.stream {
            true => incoming.stream(&mut connection, &mut outgoing, writer, begun)?,
            false => incoming.collect(&mut connection, &mut outgoing, self.web.compress)?,
        };
        self.keep(Some(connection).filter(|_| reusable));
        Ok(response)
    }
}

/// An answer whose head has come.
struct Incoming<'a> {
    request: &'a Request<'a>,
    running: &'a Running,
    deadline: &'a Deadline,
    head: Head,
}

impl Incoming<'_> {
    /// The whole response, and whether the connection can be used again.
    fn collect(
        &self,
        connection: &mut Connection,
        outgoing: &mut Outgoing<'_>,
        compress: bool,
    ) -> Result<(Option<Vec<u8>>, bool), Trouble> {
        let head = self.take_head(connection);
        let mut body = Vec::new();
        let reusable = self.pass(connection, outgoing, &mut body, |body| {
            match body.len() > MAX_RESPONSE {
                true => Err(answer::too_large(
                    "more than ",
                    MAX_RESPONSE,
                    MAX_RESPONSE,
                    "Lambda takes",
                )),
                false => Ok(true),
            }
        })?;
        let Some(front_end) = self.request.front_end else {
            return Ok((Some(body), reusable));
        };
        let answer = Answer::read(&head, &self.head, &connection.fields)?;
        let compress = compress && self.request.accepts_gzip;
        let response = answer.whole(front_end, body, compress)?;
        Ok((Some(response), reusable))
    }

    /// Passes the response on as it comes; returns whether the connection can be used again.
    fn stream(
        &self,
        connection: &mut Connection,
        outgoing: &mut Outgoing<'_>,
        writer: &mut Writer<'_>,
        begun: &mut bool,
    ) -> Result<(Option<Vec<u8>>, bool), Trouble> {
        let head = self.take_head(connection);
        let answer = Answer::read(&head, &self.head, &connection.fields)?;
        let (content_type, prelude) = match self.request.front_end {
            Some(_) => (HTTP_CONTENT_TYPE, answer.prelude()),
            None => (
                answer
                    .header("content-type")
                    .unwrap_or("application/octet-stream"),
                Vec::new(),
            ),
        };
        let mut stream = StreamedResponse::new(writer, Some(content_type), *self.deadline);
        // The head is sent with the part of the body that came, or alone.
        let mut body = prelude;
        *begun = true;
        let reusable = self.pass(connection, outgoing, &mut body, |body| {
            stream.send(body);
            body.clear();
            Ok(!stream.reader_is_gone)
        })?;
        stream.send_until_deadline();
        stream.send(&body);
        Ok((None, reusable))
    }

    /// Removes the head from the received bytes.
    fn take_head(&self, connection: &mut Connection) -> Vec<u8> {
        let rest = connection.received.split_off(self.head.length);
        std::mem::replace(&mut connection.received, rest)
    }

    /// Adds the body to `out`, and calls the closure after each piece until that returns `false`. Returns
    /// whether the connection can be used again.
    fn pass(
        &self,
        connection: &mut Connection,
        outgoing: &mut Outgoing<'_>,
        out: &mut Vec<u8>,
        mut show: impl FnMut(&mut Vec<u8>) -> Result<bool, Trouble>,
    ) -> Result<bool, Trouble> {
        let mut body = match self.request.is_head {
            true => Body::Length(0),
            false => Body::new(self.head.framing),
        };
        loop {
            let (received, closed) = (&mut connection.received, connection.closed);
            let whole = body
                .take(received, closed, out)
                .map_err(Trouble::Malformed)?;
            if !show(out)? {
                return Ok(false);
            }
            if whole {
                let quiet = !connection.closed && connection.received.is_empty();
                return Ok(self.head.keep_alive && quiet && outgoing.is_sent());
            }
            let expects = body.expects();
            connection.advance(self.running, outgoing, self.deadline.at, expects)?;
        }
    }
}
