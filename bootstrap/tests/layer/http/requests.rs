//! What the application is sent for an event.

use coldspark_emulator::script;
use serde_json::{Value, json};

use crate::common::event;
use crate::common::web::{Web, get, request, text};

#[test]
fn a_function_urls_event_becomes_a_request() {
    let mut web = Web::start(&[]);
    let mut event = request("POST", "/a/../b%2Fc", "aGk=");
    event["rawQueryString"] = json!("q=1&q=%20[]");
    event["headers"] = json!({"host": "shop.example", "x-two": "1,2", "content-length": "99", "expect": "100-continue"});
    event["cookies"] = json!(["a=1", "b=2"]);
    event["isBase64Encoded"] = json!(true);
    let sent = web.sent(&event);
    assert_eq!(
        (&*sent.method, &*sent.path),
        ("POST", "/a/../b%2Fc?q=1&q=%20[]")
    );
    assert_eq!(sent.body, b"hi");
    for (name, value) in [
        ("host", "shop.example"),
        ("x-two", "1,2"),
        ("content-length", "2"),
        ("cookie", "a=1; b=2"),
    ] {
        assert_eq!(sent.header(name), Some(value), "{name}");
    }
    assert_eq!(sent.header("expect"), None);
    // A method without a body has no length.
    let sent = web.sent(&get("/"));
    assert_eq!(sent.header("content-length"), None);
    assert_eq!(
        web.sent(&request("POST", "/", "")).header("content-length"),
        Some("0")
    );
}

#[test]
fn events_of_the_other_front_ends_become_requests() {
    let mut web = Web::start(&[]);
    let v1 = json!({
        "path": "/orders/a%20b", "httpMethod": "PUT", "body": "text", "isBase64Encoded": false,
        "headers": {"X-Two": "2", "Host": "h"}, "multiValueHeaders": {"X-Two": ["1", "2"], "Host": ["h"]},
        "queryStringParameters": {"q": "2"},
        "multiValueQueryStringParameters": {"q": ["1&", "2"], "r": ["\u{e9}"]},
        "requestContext": {"stage": "prod"},
    });
    let sent = web.sent(&v1);
    assert_eq!(sent.path, "/orders/a%20b?q=1%26&q=2&r=%C3%A9");
    let two: Vec<_> = sent
        .headers
        .iter()
        .filter(|(name, _)| name == "X-Two")
        .collect();
    assert_eq!(two.len(), 2);
    assert_eq!(sent.text(), "text");
    let elb = json!({
        "requestContext": {"elb": {"targetGroupArn": "arn"}}, "httpMethod": "GET", "path": "/a%2Fb",
        "queryStringParameters": {"q%5B%5D": "a%20b+c"}, "headers": {"x-forwarded-for": "192.0.2.2"},
    });
    let sent = web.sent(&elb);
    assert_eq!(sent.path, "/a%2Fb?q%5B%5D=a%20b+c");
    assert_eq!(sent.header("x-forwarded-for"), Some("192.0.2.2"));
    assert_eq!(sent.header("host"), Some(&*web.app.address()));
    let multi = json!({
        "requestContext": {"elb": {}}, "httpMethod": "GET", "path": "/",
        "multiValueHeaders": {"cookie": ["a=1", "b=2"]}, "multiValueQueryStringParameters": {"q": ["%31", "2"]},
    });
    let sent = web.sent(&multi);
    assert_eq!(sent.path, "/?q=%31&q=2");
    assert_eq!(
        sent.headers
            .iter()
            .filter(|(name, _)| name == "cookie")
            .count(),
        2
    );
}

#[test]
fn the_base_path_is_removed() {
    let mut web = Web::start(&[("AWS_LWA_REMOVE_BASE_PATH", "/shop/")]);
    assert_eq!(web.sent(&get("/shop/shop/x")).path, "/shop/x");
    assert_eq!(web.sent(&get("/shopping")).path, "/shopping");
    assert_eq!(web.sent(&get("/shop")).path, "/");
}

#[test]
fn headers_of_the_connection_do_not_arrive() {
    let mut web = Web::start(&[]);
    let mut event = request("POST", "/", "body");
    event["headers"] = json!({
        "Connection": "x-own, keep-alive", "X-Own": "1", "Keep-Alive": "timeout=5", "TE": "trailers",
        "Transfer-Encoding": "chunked", "transfer_encoding": "chunked", "Upgrade": "websocket",
        "Proxy-Authorization": "x", "Trailer": "x", "x-kept": "1",
    });
    let sent = web.sent(&event);
    let names: Vec<_> = sent
        .headers
        .iter()
        .map(|(name, _)| name.to_lowercase())
        .collect();
    let expected = [
        "host",
        "x-kept",
        "content-length",
        "x-amzn-request-context",
        "x-amzn-lambda-context",
        "x-amzn-trace-id",
    ];
    assert_eq!(names, expected);
    assert_eq!(sent.text(), "body");
}

#[test]
fn headers_about_the_invocation_are_never_the_clients() {
    let mut web = Web::start(&[("AWS_LAMBDA_FUNCTION_NAME", "shop")]);
    let mut event = get("/");
    event["requestContext"]["authorizer"] = json!({"name": "J\u{f6}rg\n"});
    event["headers"] = json!({
        "X-Amzn-Request-Context": "forged", "x-amzn-lambda-context": "forged", "x-amz-tenant-id": "forged",
        "X-Amzn-Trace-Id": "forged", "x_amz_tenant_id": "forged", "X-Amzn_Lambda-Context": "forged",
    });
    let sent = web.sent(&event);
    let head = String::from_utf8_lossy(&sent.head).into_owned();
    assert!(!head.contains("forged"), "{head}");
    assert_eq!(sent.header("x-amz-tenant-id"), None);
    assert_eq!(sent.header("x-amzn-trace-id"), Some(script::TRACE_ID));
    let own = |name: &str| -> Value {
        let header = sent.header(name).expect(name);
        assert!(header.is_ascii());
        serde_json::from_str(header).expect("JSON")
    };
    assert_eq!(own("x-amzn-request-context"), event["requestContext"]);
    let lambda = own("x-amzn-lambda-context");
    assert_eq!(lambda["request_id"], "request-1");
    assert_eq!(lambda["invoked_function_arn"], script::FUNCTION_ARN);
    assert_eq!(lambda["env_config"]["function_name"], "shop");
    assert!(
        lambda["deadline"]
            .as_u64()
            .is_some_and(|deadline| deadline > 1_700_000_000_000)
    );
    web.app.push(text("ok"));
    let tenant =
        crate::common::event("t", event.to_string()).header("Lambda-Runtime-Aws-Tenant-Id", "blue");
    web.function.invoke_event(tenant).response();
    let last = web.app.requests().pop().expect("a request");
    assert_eq!(last.header("x-amz-tenant-id"), Some("blue"));
}

#[test]
fn a_header_may_become_the_authorization() {
    let mut web = Web::start(&[("AWS_LWA_AUTHORIZATION_SOURCE", "X-Token")]);
    let mut event = get("/");
    event["headers"] = json!({"x-token": "Bearer t", "authorization": "AWS4"});
    let sent = web.sent(&event);
    let all: Vec<_> = sent
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        .collect();
    assert_eq!(all, [&("Authorization".to_owned(), "Bearer t".to_owned())]);
    assert_eq!(sent.header("x-token"), None);
    event["headers"] = json!({"authorization": "AWS4"});
    assert_eq!(web.sent(&event).header("authorization"), Some("AWS4"));
}

#[test]
fn what_http_does_not_allow_is_answered_with_400_and_never_arrives() {
    let mut web = Web::start(&[]);
    let mut method = get("/");
    method["requestContext"]["http"]["method"] = json!("GET / HTTP/1.1\r\nX: y\r\n\r\nGET");
    let with = |headers: Value| {
        let mut event = get("/");
        event["headers"] = headers;
        event
    };
    let mut cookie = get("/");
    cookie["cookies"] = json!(["a=1\r\nX: y"]);
    let two_hosts =
        json!({"httpMethod": "GET", "path": "/", "multiValueHeaders": {"Host": ["a", "b"]}});
    for event in [
        method,
        with(json!({"x": "a\r\nTransfer-Encoding: chunked"})),
        with(json!({"x\r\ny": "a"})),
        with(json!({"x y": "a"})),
        with(json!({"": "a"})),
        with(json!({"host": "a\nb"})),
        with(json!({"x": "a\u{0}"})),
        cookie,
        two_hosts,
    ] {
        let answer = web.function.invoke(event.to_string()).text();
        let answer: Value = serde_json::from_str(&answer).expect("an answer");
        assert_eq!(answer["statusCode"], 400, "{event}");
    }
    assert_eq!(web.app.requests().len(), 1);
    // A path is encoded where it has to be.
    assert_eq!(web.sent(&get("/a\r\nX: y")).path, "/a%0D%0AX:%20y");
}

#[test]
fn an_event_that_contradicts_itself_is_an_error() {
    let mut web = Web::start(&[]);
    let mut event = request("POST", "/", "no Base64!");
    event["isBase64Encoded"] = json!(true);
    let error = web.function.invoke(event.to_string());
    error.assert_error("Runtime.InvalidEvent", &["Base64"]);
}

#[test]
fn a_member_of_the_wrong_kind_is_an_error_and_not_lost() {
    let mut web = Web::start(&[]);
    let v1 = json!({"httpMethod": "POST", "path": "/", "requestContext": {}});
    for (mut event, name, value) in [
        (get("/"), "body", json!({"a": 1})),
        (get("/"), "body", json!(5)),
        (get("/"), "isBase64Encoded", json!("true")),
        (get("/"), "rawPath", json!(["/"])),
        (get("/"), "rawQueryString", json!({"a": "1"})),
        (v1.clone(), "body", json!([])),
        (v1, "path", json!(5)),
    ] {
        event[name] = value;
        let error = web.function.invoke(event.to_string());
        error.assert_error("Runtime.InvalidEvent", &[name]);
    }
    assert_eq!(web.app.requests().len(), 1);
    let mut event = get("/");
    for name in ["body", "isBase64Encoded", "rawPath", "rawQueryString"] {
        event[name] = Value::Null;
    }
    assert_eq!(web.sent(&event).path, "/");
}

#[test]
fn other_events_are_posted_to_the_pass_through_path_and_answered_verbatim() {
    let mut web = Web::start(&[]);
    let event = r#"{"Records": [ {"body": "x"} ],  "n": 1.0e3}"#;
    web.app
        .push(coldspark_emulator::http::Reply::new(202).body(b"no \xff JSON".to_vec()));
    let answer = web.function.invoke(event).response();
    assert_eq!(answer, b"no \xff JSON");
    let sent = web.app.requests().pop().expect("a request");
    assert_eq!(
        (&*sent.method, &*sent.path, &*sent.text()),
        ("POST", "/events", event)
    );
    assert_eq!(sent.header("content-type"), Some("application/json"));
    assert!(sent.header("x-amzn-lambda-context").is_some());
    for event in [
        "\"text\"",
        "[]",
        r#"{"httpMethod":"GET","path":"/","methodArn":"arn"}"#,
    ] {
        web.app.push(text("x"));
        assert_eq!(web.function.invoke(event).text(), "x");
        assert_eq!(web.app.requests().pop().expect("a request").text(), event);
    }
    let mut web = Web::start(&[("AWS_LWA_PASS_THROUGH_PATH", "jobs/new")]);
    web.app.push(text("x"));
    web.function.invoke_event(event_of("1")).response();
    assert_eq!(web.app.requests()[1].path, "/jobs/new");
}

fn event_of(body: &str) -> coldspark_emulator::http::Reply {
    event("other", body)
}

#[test]
fn six_megabytes_arrive() {
    let mut web = Web::start(&[]);
    let body = "0123456789abcde\n".repeat(6 * 1024 * 1024 / 16 - 64);
    let sent = web.sent(&request("POST", "/upload", &body));
    assert!(sent.body == body.as_bytes());
}
