//! HTTP events: requests of every front end, and the answers that each of them reads.
//!
//! The events are the samples of the crate `aws_lambda_events`.

mod common;

use coldspark_emulator::script;
use common::{Failure, aws_event, aws_events, failure, function};
use serde_json::{Value, json};

/// The answers of this handler of fixture-events.
#[track_caller]
fn answers(handler: &str, events: &[Value]) -> Vec<Value> {
    common::answers(function("fixture-events").handler(handler), events)
}

/// What `fixture-events` says of the request of that event.
#[track_caller]
fn described(event: Value) -> Value {
    let answer = answers("request", &[event]).remove(0);
    assert_eq!(answer["statusCode"], 200);
    let said = answer["body"].as_str().expect("a text");
    serde_json::from_str(said).expect("the description")
}

/// The failure that an event causes; the next event is then served.
#[track_caller]
fn refused(handler: &str, event: &str) -> Failure {
    let good = aws_event("apigw-v2-request-no-authorizer").to_string();
    let steps = [
        script::exchange("bad", event),
        script::exchange("good", good),
    ];
    let session = function("fixture-events")
        .handler(handler)
        .start(steps.concat());
    let requests = session.requests(5);
    failure(&requests[1], "bad")
}

#[test]
fn a_rest_api_gets_its_form() {
    let said = described(aws_event("apigw-request-multi-value-parameters"));
    assert_eq!(said["method"], "POST");
    assert_eq!(said["front_end"], "ApiGatewayV1");
    assert_eq!(said["route"], "/{proxy+}");
    assert_eq!(said["source_ip"], "192.168.196.186");
    assert_eq!(said["uri"], "/hello/world?name=me&name=me2");
    assert_eq!(said["body"], json!(b"{\r\n\t\"a\": 1\r\n}"));
    let answer = answers("request", &[aws_event("apigw-request")]).remove(0);
    assert_eq!(answer["multiValueHeaders"], json!({}));
    assert_eq!(answer["isBase64Encoded"], false);
    assert_eq!(answer.get("headers"), None);
}

#[test]
fn an_http_api_gets_its_form() {
    let said = described(aws_event("apigw-v2-request-multi-value-parameters"));
    assert_eq!(said["front_end"], "ApiGatewayV2");
    assert_eq!(said["method"], "GET");
    assert_eq!(said["stage"], "$default");
    let headers = said["headers"].as_array().expect("a list");
    let cookie = headers.iter().find(|header| header[0] == "cookie");
    assert_eq!(cookie.expect("a cookie")[1], "cookie1; cookie2");
    let uri = "/my/path?Parameter1=value1&Parameter1=value2";
    assert_eq!(said["uri"], uri);
    let answer = answers("request", &[aws_event("apigw-v2-request-iam")]).remove(0);
    assert_eq!(answer["headers"], json!({}));
    assert_eq!(answer["cookies"], json!([]));
}

#[test]
fn an_http_api_with_payload_1_0_has_its_stage_in_the_path() {
    let mut event = aws_event("apigw-request");
    event["requestContext"]["stage"] = json!("prod");
    event["path"] = json!("/prod/hello");
    assert_eq!(described(event.clone())["without_stage"], "/prod/hello");
    event["version"] = json!("1.0");
    let said = described(event);
    assert_eq!(said["front_end"], "ApiGatewayV1");
    assert_eq!(said["without_stage"], "/hello");
}

#[test]
fn the_source_is_an_address_or_nothing() {
    let rest = |address: &str| {
        let mut event = aws_event("apigw-request");
        event["requestContext"]["identity"]["sourceIp"] = json!(address);
        event
    };
    let balanced = |addresses: &str| {
        let mut event = aws_event("alb-lambda-target-request-headers-only");
        event["headers"]["x-forwarded-for"] = json!(addresses);
        event
    };
    for (event, address) in [
        (rest("test-invoke-source-ip"), Value::Null),
        (rest("2001:DB8::7"), json!("2001:db8::7")),
        (balanced("198.51.100.1, 192.0.2.7:4711"), json!("192.0.2.7")),
        (balanced("[2001:db8::7]:4711"), json!("2001:db8::7")),
        (balanced("192.0.2.7, unknown"), Value::Null),
    ] {
        assert_eq!(described(event)["source_ip"], address);
    }
}

#[test]
fn a_load_balancer_gets_its_form() {
    let names = ["headers-only", "multivalue-headers"];
    let events = names.map(|name| aws_event(&format!("alb-lambda-target-request-{name}")));
    let [single, multi] = events;
    let said = described(single.clone());
    assert_eq!(said["front_end"], "LoadBalancer");
    assert_eq!(said["source_ip"], "25.12.198.67");
    let said = described(multi.clone());
    assert_eq!(said["front_end"], "LoadBalancerMultiValue");
    assert_eq!(said["uri"], "/?key=hello");
    let answers = answers("request", &[single, multi]);
    for (answer, headers) in answers.iter().zip(["headers", "multiValueHeaders"]) {
        assert_eq!(answer["statusDescription"], "200 OK");
        assert_eq!(answer[headers], json!({}));
    }
}

#[test]
fn every_sample_is_a_request_or_is_refused() {
    let mut names = [aws_events("apigw-"), aws_events("alb-")].concat();
    names.retain(|name| name.contains("request"));
    let is_http = |name: &String| {
        let others = ["custom-auth", "websocket"];
        !others.iter().any(|other| name.contains(other))
    };
    let (http, others): (Vec<_>, Vec<_>) = names.into_iter().partition(is_http);
    assert!(http.len() >= 12 && others.len() >= 8, "{http:?} {others:?}");
    let events: Vec<_> = http.iter().map(|name| aws_event(name)).collect();
    for (answer, name) in answers("request", &events).iter().zip(&http) {
        assert_eq!(answer["statusCode"], 200, "{name}");
    }
    for name in &others {
        let failure = refused("request", &aws_event(name).to_string());
        failure
            .assert_type("Runtime.InvalidEvent")
            .assert_says(&["no HTTP request"]);
    }
}

#[test]
fn an_event_of_another_kind_is_refused_and_the_next_is_served() {
    for (event, says) in [
        ("{\"Records\":[]}", "no HTTP request of API Gateway"),
        ("[]", "an HTTP event, an object"),
        ("{", "the event is not JSON"),
        ("null", "an HTTP event, an object"),
    ] {
        let failure = refused("request", event);
        failure
            .assert_type("Runtime.InvalidEvent")
            .assert_says(&[says]);
    }
    let mut event = aws_event("apigw-v2-request-no-authorizer");
    event["isBase64Encoded"] = json!(true);
    event["body"] = json!("no Base64!");
    let failure = refused("request", &event.to_string());
    failure
        .assert_type("Runtime.InvalidEvent")
        .assert_says(&["its body is Base64, and it is not"]);
}

/// An event that tells `fixture-events` what to respond.
fn tell(sample: &str, status: u16, headers: Value, body: &str) -> Value {
    let mut event = aws_event(sample);
    let told = json!({ "status": status, "headers": headers, "body": body });
    event["body"] = json!(told.to_string());
    event
}

const V1: &str = "apigw-request";
const V2: &str = "apigw-v2-request-iam";

#[test]
fn cookies_repeated_headers_and_bytes_reach_each_front_end() {
    let headers = json!([
        ["x-a", "1"],
        ["x-a", "2"],
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"]
    ]);
    let events = [V1, V2].map(|sample| tell(sample, 404, headers.clone(), "\u{ff}\u{0}"));
    let [v1, v2] = <[Value; 2]>::try_from(answers("response", &events)).expect("two");
    assert_eq!(
        v1,
        json!({
            "statusCode": 404,
            "multiValueHeaders": { "x-a": ["1", "2"], "set-cookie": ["a=1", "b=2"] },
            "body": "/wA=", "isBase64Encoded": true,
        })
    );
    assert_eq!(
        v2,
        json!({
            "statusCode": 404,
            "headers": { "x-a": "1, 2" },
            "cookies": ["a=1", "b=2"],
            "body": "/wA=", "isBase64Encoded": true,
        })
    );
}

#[test]
fn the_example_serves_its_sample() {
    let event = include_str!("../examples/web/event.json");
    let mut pixel: Value = serde_json::from_str(event).expect("JSON");
    pixel["rawPath"] = json!("/pixel.gif");
    let mut echo = pixel.clone();
    echo["rawPath"] = json!("/echo");
    echo["requestContext"]["http"]["method"] = json!("POST");
    echo["body"] = json!("AAH/");
    echo["isBase64Encoded"] = json!(true);
    let events = [event.to_owned(), pixel.to_string(), echo.to_string()];
    let steps = events
        .iter()
        .flat_map(|event| script::exchange("w-1", event.as_str()));
    let session = function("web").start(steps);
    let requests = session.requests(7);
    let visit = requests[1].json();
    assert_eq!(visit["body"], "visit 42 from 192.0.2.7\n");
    assert_eq!(visit["cookies"], json!(["visits=42"]));
    let pixel = requests[3].json();
    assert_eq!(pixel["headers"]["content-type"], "image/gif");
    assert_eq!(pixel["isBase64Encoded"], true);
    assert!(
        pixel["body"]
            .as_str()
            .is_some_and(|body| body.starts_with("R0lGODlh"))
    );
    let echo = requests[5].json();
    assert_eq!(
        (&echo["body"], &echo["isBase64Encoded"]),
        (&json!("AAH/"), &json!(true))
    );
}
