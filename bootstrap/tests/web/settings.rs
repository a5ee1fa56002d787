//! The settings of Lambda Web Adapter's own examples for Node and Python that use the wrapper, with other
//! applications: what their templates set, the layer understands.

use serde_json::json;

use super::site::{STREAMS, Site};

const EXPRESS: &str = "layer/examples/http-express";
const FASTAPI: &str = "layer/examples/http-fastapi";

/// expressjs-zip, hono-zip, fastapi-zip, flask-zip, fasthtml-zip: the wrapper, and at most PORT. The frameworks'
/// own tests have them; here is the one that is nowhere else.
#[test]
fn fasthtml_zip() {
    let folder = "bootstrap/tests/web/applications/fasthtml";
    for variables in [&[][..], &[STREAMS]] {
        let Some(site) = Site::wrapped(folder, variables) else {
            return;
        };
        assert!(site.get("/").contains("nothing yet"));
        let (head, body) = site.ask("POST /following", "HX-Request: true\r\n", b"");
        let body = String::from_utf8_lossy(&body).into_owned();
        assert!(body.contains("the number 42"), "{head}{body}");
    }
}

/// fastapi-response-streaming-zip.
#[test]
fn fastapi_response_streaming_zip() {
    let Some(site) = Site::wrapped(FASTAPI, &[STREAMS]) else {
        return;
    };
    let (head, body) = site.ask("GET /ticks", "", b"");
    let body = String::from_utf8_lossy(&body).into_owned();
    assert!(head.contains("Transfer-Encoding: chunked"), "{head}");
    assert!(
        body.contains("data: 1\n\n") && body.contains("data: 3\n\n"),
        "{body}"
    );
}

/// bedrock-agent-fastapi-zip: readiness by TCP, and events that are no requests, which go to /events.
#[test]
fn bedrock_agent_fastapi_zip() {
    let tcp = [("AWS_LWA_READINESS_CHECK_PROTOCOL", "TCP")];
    let Some(site) = Site::wrapped(FASTAPI, &tcp) else {
        return;
    };
    let event = json!({"messageVersion": "1.0", "actionGroup": "prices", "apiPath": "/price"});
    let keys = json!({"keys": ["actionGroup", "apiPath", "messageVersion"]});
    assert_eq!(site.invoke(&event), keys);
}

/// sqs-expressjs, whose messages come to /events; another path by its setting.
#[test]
fn sqs_expressjs() {
    let Some(site) = Site::wrapped(EXPRESS, &[]) else {
        return;
    };
    let message =
        |id: &str, body: &str| json!({"messageId": id, "body": body, "eventSource": "aws:sqs"});
    let event = json!({"Records": [message("1", "good"), message("2", "bad")]});
    let failures = json!({"batchItemFailures": [{"itemIdentifier": "2"}]});
    assert_eq!(site.invoke(&event), failures);
}

/// fastmcp-zip: a readiness path and healthy statuses.
#[test]
fn fastmcp_zip() {
    let variables = [
        ("AWS_LWA_READINESS_CHECK_PATH", "/healthz"),
        ("AWS_LWA_READINESS_CHECK_HEALTHY_STATUS", "100-499"),
    ];
    let folder = "bootstrap/tests/web/applications/fastmcp";
    let Some(site) = Site::wrapped(folder, &variables) else {
        return;
    };
    let headers =
        "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n";
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "price", "arguments": {"article": "rope"}},
    });
    let (head, body) = site.ask("POST /mcp", headers, call.to_string().as_bytes());
    let body = String::from_utf8_lossy(&body).into_owned();
    assert!(body.contains("rope costs 350"), "{head}{body}");
}
