//! The HTTP agent of the process, and exchanges with it.

use std::io::{self, Read as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ureq::Agent;
use ureq::http::{Request, Uri};

use super::Error;
use super::caller::Limits;
use super::transport::{Connect, Connections, INPUT, NotSent, OUTPUT};
use crate::client::bare_ureq::{self, NoResolver};
use crate::{fresh, sys};

/// How long a connection may have been idle to be used again: while the environment was frozen, the
/// server may have closed it unnoticed.
const IDLE: Duration = Duration::from_secs(60);
/// Largest body of an answer, in bytes.
const MAX_BODY: usize = 64 << 20;

static HTTP: Mutex<Option<Http>> = Mutex::new(None);

/// The agent and its connections since the last restore.
struct Http {
    restores: u32,
    /// When it was last used by the wall clock, which goes on while the environment is frozen.
    used: Duration,
    agent: Agent,
    connections: Arc<Connections>,
}

impl Http {
    fn new() -> Self {
        let connections = Arc::<Connections>::default();
        Self {
            restores: fresh::restore_count(),
            used: sys::since_epoch(),
            agent: new_agent(&connections),
            connections,
        }
    }
}

fn new_agent(connections: &Arc<Connections>) -> Agent {
    // The limit for idle connections, which counts the time of a freeze, is in `with_http`.
    let config = bare_ureq::config()
        .max_response_header_size(INPUT)
        .input_buffer_size(INPUT)
        .output_buffer_size(OUTPUT)
        .max_idle_connections(64)
        .max_idle_connections_per_host(16)
        .build();
    Agent::with_parts(config, Connect(Arc::clone(connections)), NoResolver)
}

/// Calls the closure with the agent and its connections. Connections and TLS sessions from before a restore
/// are dropped.
fn with_http<R>(work: impl FnOnce(&mut Http) -> R) -> R {
    let mut place = HTTP.lock().unwrap_or_else(PoisonError::into_inner);
    let now = sys::since_epoch();
    if place
        .as_ref()
        .is_some_and(|http| http.restores != fresh::restore_count())
    {
        *place = None;
    }
    let http = place.get_or_insert_with(Http::new);
    if now.saturating_sub(http.used) > IDLE {
        http.connections.forget();
        http.agent = new_agent(&http.connections);
    }
    http.used = now;
    work(http)
}

/// The ureq agent that the clients of this module share, for other requests: TLS 1.3 by rustls, Mozilla's
/// roots, connections kept open. Ask for it at each event, since a restore replaces it. No status is an
/// error, redirects are not followed, and there is no time limit.
#[must_use]
pub fn agent() -> Agent {
    with_http(|http| http.agent.clone())
}

/// Opens a connection ahead of the first request.
pub(super) fn connect(url: &str, limits: &Limits<'_>) -> Result<(), Error> {
    let uri: Uri = url.parse().map_err(|_| Error::of("Aws.BadEndpoint", url))?;
    let connections = with_http(|http| Arc::clone(&http.connections));
    let limit = limits.left().unwrap_or_default();
    connections
        .open_ahead(&uri, limit)
        .map_err(|error| Error::of("Aws.Connection", error.to_string()))
}

/// An answer, whatever its status.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: ureq::http::HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// A header, if it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Why an exchange failed.
pub(super) struct Failed {
    pub(super) error: Error,
    /// Whether nothing of the request was sent.
    pub(super) unsent: bool,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self {
            error,
            unsent: false,
        }
    }
}

/// Makes one exchange.
pub(super) fn exchange(request: Request<&[u8]>, limits: &Limits<'_>) -> Result<Answer, Failed> {
    let Some(left) = limits.left() else {
        return Err(late(Duration::ZERO).into());
    };
    let agent = agent();
    let request = agent
        .configure_request(request)
        .timeout_global(Some(left))
        .build();
    let (parts, body) = agent
        .run(request)
        .map_err(|error| failed(error, left))?
        .into_parts();
    let expected = body.content_length().unwrap_or_default();
    let too_large = || {
        Failed::from(Error::of(
            "Aws.BadAnswer",
            format!("the answer has more than {MAX_BODY} bytes; ask for less at a time"),
        ))
    };
    if expected > MAX_BODY as u64 {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(expected as usize + 1);
    let read = body
        .into_reader()
        .take(MAX_BODY as u64 + 1)
        .read_to_end(&mut bytes);
    if let Err(error) = read {
        return Err(failed(ureq::Error::from(error), left));
    }
    if bytes.len() > MAX_BODY {
        return Err(too_large());
    }
    Ok(Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: bytes,
    })
}

pub(super) fn late(waited: Duration) -> Error {
    let waited = sys::milliseconds(waited);
    Error::of(
        "Aws.Timeout",
        format!(
            "no answer within {waited} ms, shortly before the deadline; raise the function's \
             timeout if it needs longer"
        ),
    )
}

#[cold]
fn failed(error: ureq::Error, left: Duration) -> Failed {
    match error {
        ureq::Error::Timeout(_) => late(left).into(),
        ureq::Error::Io(error) => of_io(&error),
        other => Error::of("Aws.Connection", format!("no valid answer: {other}")).into(),
    }
}

fn of_io(error: &io::Error) -> Failed {
    let unsent = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<NotSent>());
    if let Some(NotSent { code, why }) = unsent {
        return Failed {
            error: Error::of(*code, why.clone()),
            unsent: true,
        };
    }
    let why = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the connection was closed before the answer".to_owned(),
        _ => format!("the connection broke: {error}"),
    };
    Error::of("Aws.Connection", why).into()
}
