//! HTTP events: read, or refused with a reason; and the answer is JSON that says what was meant.
#![no_main]

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use coldspark::http::{Origin, Response, request, response};
use coldspark_fuzz::{lines, quoted};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// An event of one of the four forms, with these texts in it.
fn event(form: usize, texts: &[&str]) -> String {
    let text = |index: usize| quoted(texts.get(index).copied().unwrap_or_default());
    let (path, name, value, body) = (text(0), text(1), text(2), text(3));
    let coded = if form & 8 == 0 { "false" } else { "true" };
    let many = format!("{{{name}:[{value},{body}]}}");
    let one = format!("{{{name}:{value}}}");
    match form % 4 {
        0 => format!(
            "{{\"httpMethod\":\"GET\",\"path\":{path},\"headers\":{one},\"multiValueQueryStringParameters\":{many},\"body\":{body},\"isBase64Encoded\":{coded},\"requestContext\":{{\"stage\":{value}}}}}"
        ),
        1 => format!(
            "{{\"version\":\"2.0\",\"rawPath\":{path},\"rawQueryString\":{value},\"headers\":{one},\"cookies\":[{value}],\"body\":{body},\"isBase64Encoded\":{coded},\"requestContext\":{{\"stage\":{name},\"http\":{{\"method\":{name}}}}}}}"
        ),
        2 => format!(
            "{{\"httpMethod\":{name},\"path\":{path},\"queryStringParameters\":{one},\"headers\":{one},\"body\":{body},\"isBase64Encoded\":{coded},\"requestContext\":{{\"elb\":{{}}}}}}"
        ),
        _ => format!(
            "{{\"httpMethod\":\"PUT\",\"path\":{path},\"multiValueQueryStringParameters\":{many},\"multiValueHeaders\":{many},\"body\":{body},\"isBase64Encoded\":{coded},\"requestContext\":{{\"elb\":{{}}}}}}"
        ),
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((form, data)) = coldspark_fuzz::knob(data) else {
        return;
    };
    // Every other input is the event itself.
    if form & 1 == 0 && form & 64 != 0 {
        check(data, None);
    } else if let Some(texts) = lines(data) {
        let event = event(form, &texts);
        let body = texts.get(3).copied().unwrap_or_default();
        check(event.as_bytes(), Some((body, form & 8 != 0)));
    }
});

fn check(event: &[u8], body: Option<(&str, bool)>) {
    let request = match request(event) {
        Ok(request) => request,
        Err(error) => {
            let types = ["Runtime.InvalidEvent", "Runtime.InvalidRequest"];
            assert!(types.contains(&error.error_type()), "{error}");
            assert!(!error.message().is_empty());
            return;
        }
    };
    assert!(request.uri().path().starts_with('/'));
    assert!(request.uri().host().is_none(), "{}", request.uri());
    match body {
        Some((body, true)) => assert_eq!(
            BASE64_STANDARD.decode(body).as_deref(),
            Ok(&**request.body())
        ),
        Some((body, false)) => assert_eq!(body.as_bytes(), &**request.body()),
        None => {}
    }
    let origin = request
        .extensions()
        .get::<Origin>()
        .expect("a request has its origin");
    let path = request.uri().path();
    assert!(origin.without_stage(path).starts_with('/'));
    let front_end = origin.front_end();
    // The same back: headers and body of the request as those of the response.
    let mut answer = Response::new(request.body().to_vec());
    *answer.headers_mut() = request.headers().clone();
    let Ok(answer) = response(answer, front_end) else {
        return;
    };
    let read: Value = serde_json::from_slice(&answer).expect("it is JSON");
    assert_eq!(read["statusCode"], 200);
    let sent = read["body"].as_str().expect("a body is a text");
    match read["isBase64Encoded"].as_bool() {
        Some(true) => assert_eq!(
            BASE64_STANDARD.decode(sent).as_deref(),
            Ok(&**request.body())
        ),
        _ => assert_eq!(sent.as_bytes(), &**request.body()),
    }
}
