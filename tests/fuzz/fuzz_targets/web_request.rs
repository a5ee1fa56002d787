//! Requests to a web application: whatever an event says, one request and not two, which httparse reads.
#![no_main]

use coldspark_fuzz::{knob, lines, web};
use httparse::{EMPTY_HEADER, Request, Status};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};

/// Headers that the bootstrap writes itself, or that end at a connection.
const NEVER_THE_CLIENTS: [&str; 6] = [
    "x-amzn-request-context",
    "x-amzn-lambda-context",
    "x-amz-tenant-id",
    "transfer-encoding",
    "connection",
    "expect",
];
/// The end of each value that is a client's. The bootstrap's own values do not have it.
const MARK: &str = "~";

/// An event of the front end that the knob chooses: method, path, query, body, and then headers.
fn event(knob: usize, parts: &[&str]) -> Value {
    let part = |index: usize| parts.get(index).copied().unwrap_or_default();
    let mut headers = Map::new();
    for line in parts.iter().skip(4) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = format!("{value}{MARK}");
        headers.insert(
            name.to_owned(),
            if knob & 4 == 0 {
                json!(value)
            } else {
                json!([value, "2"])
            },
        );
    }
    let kind = if knob & 4 == 0 {
        "headers"
    } else {
        "multiValueHeaders"
    };
    let mut event = match knob & 3 {
        0 => json!({
            "version": "2.0", "rawPath": part(1), "rawQueryString": part(2), "cookies": [part(2)],
            "requestContext": {"http": {"method": part(0)}},
        }),
        1 => json!({
            "httpMethod": part(0), "path": part(1), "queryStringParameters": {part(2): part(1)},
            "requestContext": {"stage": part(2)},
        }),
        _ => json!({
            "httpMethod": part(0), "path": part(1), "queryStringParameters": {part(2): part(1)},
            "requestContext": {"elb": {}},
        }),
    };
    event[kind] = headers.into();
    event["body"] = part(3).into();
    event["isBase64Encoded"] = (knob & 8 != 0).into();
    event
}

fuzz_target!(|data: &[u8]| {
    let Some((knob, rest)) = knob(data) else {
        return;
    };
    let Some(parts) = lines(rest) else { return };
    let event = event(knob, &parts);
    let base_path = (knob & 16 != 0).then_some("/base");
    let Ok(sent) = web::request(event.to_string().as_bytes(), base_path) else {
        return;
    };
    assert!(sent.of_front_end);
    let mut headers = [EMPTY_HEADER; 256];
    let mut request = Request::new(&mut headers);
    match request.parse(&sent.head) {
        // All of the head is one head.
        Ok(Status::Complete(length)) => assert_eq!(length, sent.head.len()),
        Err(httparse::Error::TooManyHeaders) => return,
        other => panic!("{other:?} of {:?}", String::from_utf8_lossy(&sent.head)),
    }
    assert_eq!(request.method, parts.first().copied());
    assert!(request.path.expect("a target").starts_with('/'));
    let all = |name: &str| -> Vec<&[u8]> {
        let same = request
            .headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case(name));
        same.map(|header| header.value).collect()
    };
    assert_eq!(all("host").len(), 1);
    let lengths = all("content-length");
    assert!(lengths.len() <= 1);
    assert!(!sent.body.is_empty() == lengths.iter().any(|length| *length != b"0"));
    if let [length] = lengths[..] {
        assert_eq!(length, sent.body.len().to_string().as_bytes());
    }
    // The same holds for a name with underscores, which an application may take for the same.
    for header in &*request.headers {
        let name = header.name.to_ascii_lowercase().replace('_', "-");
        let client = header.value.contains(&MARK.as_bytes()[0])
            && !parts[..4.min(parts.len())]
                .iter()
                .any(|part| part.contains(MARK));
        assert!(
            !client || !NEVER_THE_CLIENTS.contains(&&*name),
            "{name} is the client's"
        );
    }
    if knob & 8 == 0 {
        assert_eq!(
            sent.body,
            parts.get(3).copied().unwrap_or_default().as_bytes()
        );
    }
});
