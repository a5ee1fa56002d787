//! The response that the caller gets for the outcome of an invocation.

use serde_json::{Value, json};

use crate::base64;
use crate::emulator::Outcome;
use crate::function::{Report, StartError};
use crate::http::{Reply, reason};

/// Headers of the connection, which are not the function's to set.
const CONNECTION_HEADERS: [&str; 4] = [
    "connection",
    "content-length",
    "keep-alive",
    "transfer-encoding",
];

/// Status line and headers of an answer, without those of the connection.
pub(super) fn headers(answer: &Value) -> String {
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

/// The response to a stream that begins with a brace and has no end of a prelude: its content type says whether
/// there should have been one.
pub(super) fn without_prelude(
    report: Result<Report, StartError>,
    bytes: Vec<u8>,
    is_head: bool,
) -> Vec<u8> {
    let outcome = match report {
        Ok(report) => report.outcome,
        Err(error) => return unavailable(&error),
    };
    match outcome {
        // The stream was cut, and no byte of it was sent.
        _ if outcome.stream_error().is_some() => bad_gateway(),
        Outcome::Response {
            http_fault: Some(fault),
            ..
        } => Reply::new(502).body(fault).to_bytes(),
        Outcome::Response { content_type, .. } => {
            let content_type = content_type.unwrap_or_default();
            whole(
                &json!({"headers": {"content-type": content_type}}),
                bytes,
                is_head,
            )
        }
        _ => bad_gateway(),
    }
}

fn unavailable(error: &StartError) -> Vec<u8> {
    Reply::new(502).body(error.to_string()).to_bytes()
}

/// What the caller gets of an error of the function, whose text is in the log.
fn bad_gateway() -> Vec<u8> {
    Reply::new(502).body("Internal Server Error").to_bytes()
}

/// The response of an invocation that was not streamed.
pub(super) fn reply(report: Result<Report, StartError>, is_head: bool) -> Vec<u8> {
    let outcome = match report {
        Ok(report) => report.outcome,
        Err(error) => return unavailable(&error),
    };
    let Outcome::Response { body, .. } = outcome else {
        return bad_gateway();
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
    whole(&answer, body, is_head)
}

/// A response with this body.
fn whole(answer: &Value, body: Vec<u8>, is_head: bool) -> Vec<u8> {
    let mut head = headers(answer);
    if answer["statusCode"] != 204 && answer["statusCode"] != 304 {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let body = if is_head { Vec::new() } else { body };
    [head.into_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn streamed(content_type: &str, trailers: &[(&str, &str)], fault: Option<&str>) -> Report {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Report {
            request_id: "r".to_owned(),
            outcome: Outcome::Response {
                body: Vec::new(),
                content_type: Some(content_type.to_owned()),
                streamed: true,
                trailers: trailers.iter().map(owned).collect(),
                http_fault: fault.map(str::to_owned),
            },
            duration: Duration::ZERO,
            init_duration: None,
            restore_duration: None,
            memory_mb: 128,
            max_memory_mb: 1,
            timeout: Duration::from_secs(3),
        }
    }

    #[test]
    fn a_stream_that_begins_with_a_brace_is_a_body_or_a_prelude_without_an_end() {
        let text = |report| {
            let bytes = without_prelude(Ok(report), b"{\"a\":1}".to_vec(), false);
            String::from_utf8(bytes).unwrap()
        };
        let body = text(streamed("application/json", &[], None));
        assert_eq!(
            body,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}"
        );
        let fault = text(streamed("x", &[], Some("no valid prelude")));
        assert!(fault.starts_with("HTTP/1.1 502 ") && fault.ends_with("no valid prelude"));
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
