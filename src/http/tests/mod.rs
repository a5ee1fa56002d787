mod refusals;
mod requests;
mod responses;

use serde_json::{Value, json};

use crate::http::*;

#[track_caller]
fn read(event: &Value) -> Request<Body> {
    request(event.to_string().as_bytes()).unwrap()
}

fn address(origin: &Origin) -> Option<String> {
    origin.source_ip().map(|address| address.to_string())
}

fn origin(request: &Request<Body>) -> &Origin {
    request.extensions().get().unwrap()
}

fn headers(request: &Request<Body>) -> Vec<(&str, &str)> {
    let headers = request.headers().iter();
    headers
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect()
}

fn v1() -> Value {
    json!({
        "resource": "/orders/{id}",
        "path": "/orders/a%20b",
        "httpMethod": "PUT",
        "headers": { "X-Two": "2", "Host": "h" },
        "multiValueHeaders": { "X-Two": ["1", "2"], "Host": ["h"] },
        "queryStringParameters": { "q": "2" },
        "multiValueQueryStringParameters": { "q": ["1&", "2"], "r": ["é"] },
        "pathParameters": { "id": "a b" },
        "stageVariables": { "table": "t" },
        "requestContext": { "stage": "prod", "identity": { "sourceIp": "192.0.2.1" } },
        "body": "aGk=",
        "isBase64Encoded": true,
    })
}

fn v2() -> Value {
    json!({
        "version": "2.0",
        "routeKey": "GET /orders",
        "rawPath": "/prod/orders",
        "rawQueryString": "a=1&a=%20&b",
        "headers": { "x-two": "1,2", "cookie": "old=1" },
        "cookies": ["c=1", "d=2"],
        "requestContext": {
            "stage": "prod",
            "http": { "method": "GET", "path": "/prod/orders", "sourceIp": "2001:db8::1" },
        },
        "isBase64Encoded": false,
    })
}

fn load_balancer() -> Value {
    json!({
        "requestContext": { "elb": { "targetGroupArn": "arn" } },
        "httpMethod": "POST",
        "path": "/a%2Fb",
        "queryStringParameters": { "q%5B%5D": "a%20b+c" },
        "headers": { "x-forwarded-for": "203.0.113.9, 192.0.2.2" },
        "body": "text",
        "isBase64Encoded": false,
    })
}
