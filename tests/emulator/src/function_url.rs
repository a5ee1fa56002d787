//! A function URL in front of a [`Function`], for curl and browsers: requests become events of payload
//! format 2.0, answers become responses, streamed ones while they are made.
//!
//! Source: the Lambda developer guide, "Invoking Lambda function URLs". Not there: TLS, CORS settings,
//! IAM.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::base64;
use crate::emulator::{Invocation, Outcome, Sink};
use crate::function::{Function, Report, StartError};
use crate::http::{Connection, Reply, Request, listen, reason};

/// Largest body of a request: Lambda's limit for the event, without what Base64 adds.
const MAX_BODY: usize = 6 * 1024 * 1024;
/// The bytes between a prelude and the body.
const PRELUDE_END: [u8; 8] = [0; 8];
/// Headers of the connection, which are not the function's to set.
const CONNECTION_HEADERS: [&str; 4] = [
    "connection",
    "content-length",
    "keep-alive",
    "transfer-encoding",
];

/// Listens on `address` and passes requests to `function`, on threads of its own until the program
/// ends. Gives the address, with the port chosen when it was 0.
///
/// # Errors
/// When the address cannot be bound.
pub fn serve(address: SocketAddr, function: Arc<Function>) -> io::Result<SocketAddr> {
    listen::serve(address, function, connection)
}

fn connection(mut connection: Connection, function: &Arc<Function>) {
    listen::each_request(&mut connection, MAX_BODY, |connection, head, body| {
        if body.size > MAX_BODY as u64 {
            return connection.write(&Reply::new(413).to_bytes());
        }
        let is_head = head.method == "HEAD";
        let event = event(&Request::new(0, head, body));
        answer(connection, function, &event, is_head)
    });
}

/// The event of a request.
fn event(request: &Request) -> Value {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let mut headers = Map::new();
    let mut cookies = Vec::new();
    for (name, value) in &request.headers {
        let name = name.to_ascii_lowercase();
        if name == "cookie" {
            cookies.extend(value.split("; ").map(Value::from));
            continue;
        }
        match headers.get_mut(&name) {
            Some(Value::String(known)) => known.extend([",", value]),
            _ => drop(headers.insert(name, value.as_str().into())),
        }
    }
    let is_text = std::str::from_utf8(&request.body);
    let (body, is_base64) = match is_text {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (base64::encode(&request.body), true),
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": request.header("host").unwrap_or("localhost"),
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": request.header("user-agent").unwrap_or_default(),
            },
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": now.as_millis() as u64,
        },
        "isBase64Encoded": is_base64,
    });
    if !cookies.is_empty() {
        event["cookies"] = cookies.into();
    }
    if !request.body.is_empty() {
        event["body"] = body.into();
    }
    event
}

/// Invokes the function, and passes its answer on.
fn answer(
    connection: &mut Connection,
    function: &Arc<Function>,
    event: &Value,
    is_head: bool,
) -> io::Result<()> {
    let (sender, parts) = mpsc::sync_channel(1);
    let invocation = Invocation {
        // If the client is gone, the rest is dropped.
        sink: Some(Sink::new(move |bytes: &[u8]| {
            drop(sender.send(bytes.to_vec()))
        })),
        ..Invocation::new(event.to_string())
    };
    let function = Arc::clone(function);
    let invoked = thread::spawn(move || function.invoke(invocation));
    let streamed = stream(connection, &parts, is_head);
    drop(parts);
    let report = invoked
        .join()
        .map_err(|_| io::Error::other("the invocation panicked"))?;
    if !streamed? {
        return connection.write(&reply(report, is_head));
    }
    // Without its last chunk the client sees that the answer is not whole.
    let whole = report
        .is_ok_and(|report| !report.outcome.is_error() && report.outcome.stream_error().is_none());
    if !whole {
        return Err(io::Error::other("the stream was cut"));
    }
    match is_head {
        true => Ok(()),
        false => connection.write(b"0\r\n\r\n"),
    }
}

/// Passes a streamed response on, but for its last chunk; returns whether there was one.
fn stream(
    connection: &mut Connection,
    parts: &Receiver<Vec<u8>>,
    is_head: bool,
) -> io::Result<bool> {
    let mut begun = Vec::new();
    let mut head = None;
    while let Ok(part) = parts.recv() {
        if head.is_some() {
            chunk(connection, &part, is_head)?;
            continue;
        }
        begun.extend_from_slice(&part);
        let end = begun.windows(8).position(|bytes| bytes == PRELUDE_END);
        let prelude = match end {
            Some(end) => serde_json::from_slice(&begun[..end]).unwrap_or_default(),
            // Without one it is a body; a prelude begins with a brace.
            None if begun.first() == Some(&b'{') => continue,
            None => json!({"headers": {"content-type": "application/octet-stream"}}),
        };
        let mut bytes = headers(&prelude);
        bytes.push_str("Transfer-Encoding: chunked\r\n\r\n");
        connection.write(bytes.as_bytes())?;
        let rest = end.map_or(&begun[..], |end| &begun[end + PRELUDE_END.len()..]);
        chunk(connection, rest, is_head)?;
        head = Some(prelude);
    }
    Ok(head.is_some())
}

fn chunk(connection: &mut Connection, bytes: &[u8], is_head: bool) -> io::Result<()> {
    if bytes.is_empty() || is_head {
        return Ok(());
    }
    let size = format!("{:x}\r\n", bytes.len());
    connection.write(&[size.as_bytes(), bytes, b"\r\n"].concat())
}

/// Status line and headers of an answer, without those of the connection.
fn headers(answer: &Value) -> String {
    let status = answer["statusCode"].as_u64().unwrap_or(200) as u16;
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        if CONNECTION_HEADERS.contains(&&*name.to_ascii_lowercase()) {
            continue;
        }
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        head.extend([name, ": ", &text, "\r\n"]);
    }
    for cookie in answer["cookies"].as_array().into_iter().flatten() {
        head.extend(["Set-Cookie: ", cookie.as_str().unwrap_or_default(), "\r\n"]);
    }
    head
}

/// The response of an invocation that was not streamed.
fn reply(report: Result<Report, StartError>, is_head: bool) -> Vec<u8> {
    let outcome = match report {
        Ok(report) => report.outcome,
        Err(error) => return Reply::new(502).body(error.to_string()).to_bytes(),
    };
    let Outcome::Response { body, .. } = outcome else {
        return Reply::new(502).body("Internal Server Error").to_bytes();
    };
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (answer, body) = match answer.get("statusCode") {
        Some(_) => {
            let text = answer["body"].as_str().unwrap_or_default();
            let decoded = (answer["isBase64Encoded"] == true).then(|| base64::decode(text));
            let body = decoded
                .flatten()
                .unwrap_or_else(|| text.as_bytes().to_vec());
            (answer, body)
        }
        // A payload that is not an HTTP answer becomes the body of one.
        None => (
            json!({"headers": {"content-type": "application/json"}}),
            body,
        ),
    };
    let mut head = headers(&answer);
    if answer["statusCode"] != 204 && answer["statusCode"] != 304 {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let body = if is_head { Vec::new() } else { body };
    [head.into_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Body, Head};

    #[test]
    fn a_request_becomes_an_event() {
        let head = "POST /a%20b?c=d HTTP/1.1\r\nHost: h\r\nX-Two: 1\r\nx-two: 2\r\nCookie: a=1; b=2\r\n\r\n";
        let head = Head::parse(head.as_bytes()).unwrap();
        let body = Body {
            bytes: vec![0xff],
            ..Body::default()
        };
        let event = event(&Request::new(0, head, body));
        assert_eq!(
            (&event["rawPath"], &event["rawQueryString"]),
            (&json!("/a%20b"), &json!("c=d"))
        );
        assert_eq!(event["headers"], json!({"host": "h", "x-two": "1,2"}));
        assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
        assert_eq!(
            (&event["body"], &event["isBase64Encoded"]),
            (&json!("/w=="), &json!(true))
        );
        assert_eq!(event["requestContext"]["http"]["method"], "POST");
    }

    #[test]
    fn an_answer_has_status_headers_and_cookies() {
        let head = headers(&json!({
            "statusCode": 200, "headers": {"X-A": "b", "Content-Length": "9"}, "cookies": ["c=1", "d=2"],
        }));
        assert_eq!(
            head,
            "HTTP/1.1 200 OK\r\nX-A: b\r\nSet-Cookie: c=1\r\nSet-Cookie: d=2\r\n"
        );
    }
}
