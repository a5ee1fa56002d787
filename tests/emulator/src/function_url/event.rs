//! The event of a request, in payload format 2.0.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::base64;
use crate::http::Request;

/// The event of a request.
pub(super) fn event(request: &Request) -> Value {
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
}
