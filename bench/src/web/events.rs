//! The events: requests as a function URL sends them.

use serde_json::{Value, json};

/// Bytes of an uploaded body, and of the server's large answer. In Base64 they fill an event or a response,
/// which may have 6 MB.
pub(super) const LARGE: usize = 4_700_000;

/// `GET` of this path, with the headers of a browser.
pub(super) fn get(path: &str) -> Vec<u8> {
    request("GET", path, json!({})).to_string().into_bytes()
}

/// An upload of bytes that are no text.
pub(super) fn upload() -> Vec<u8> {
    // "gICA" is Base64 for three bytes of 0x80.
    let body = "gICA".repeat(LARGE.div_ceil(3));
    let body = json!({"body": body, "isBase64Encoded": true});
    request("POST", "/upload", body).to_string().into_bytes()
}

fn request(method: &str, path: &str, more: Value) -> Value {
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "page=2&sort=name",
        "cookies": ["session=8f14e45fceea167a5a36dedd4bea2543"],
        "headers": {
            "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "accept-language": "en-GB,en;q=0.5",
            "host": "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws",
            "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "x-amzn-trace-id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
            "x-forwarded-for": "203.0.113.7",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "queryStringParameters": {"page": "2", "sort": "name"},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abcdefghijklmnopqrstuvwxyz012345",
            "domainName": "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws",
            "domainPrefix": "abcdefghijklmnopqrstuvwxyz012345",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            },
            "requestId": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            "routeKey": "$default",
            "stage": "$default",
            "time": "27/Nov/2026:06:00:00 +0000",
            "timeEpoch": 1_795_759_200_000_u64,
        },
        "isBase64Encoded": false,
    });
    if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
        event.extend(more);
    }
    event
}

/// Whether a response is the server's "ok".
pub(super) fn is_ok(response: &[u8]) -> bool {
    let Ok(response) = serde_json::from_slice::<Value>(response) else {
        return false;
    };
    response["statusCode"] == 200 && response["body"] == "ok"
}

/// Whether a response has the large answer.
pub(super) fn is_large(response: &[u8]) -> bool {
    let Ok(response) = serde_json::from_slice::<Value>(response) else {
        return false;
    };
    let length = response["body"].as_str().map(str::len);
    response["isBase64Encoded"] == true && length == Some(LARGE.div_ceil(3) * 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upload_is_an_event_that_lambda_takes() {
        let event = upload();
        assert!(
            (6 << 20) - 50_000 < event.len() && event.len() <= 6 << 20,
            "{}",
            event.len()
        );
    }

    #[test]
    fn answers_are_told_apart() {
        assert!(is_ok(br#"{"statusCode":200,"body":"ok"}"#));
        assert!(!is_ok(br#"{"statusCode":502,"body":"ok"}"#));
        assert!(!is_large(
            br#"{"statusCode":200,"body":"ok","isBase64Encoded":true}"#
        ));
    }
}
