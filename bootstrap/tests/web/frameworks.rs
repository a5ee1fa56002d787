//! An application for each framework: a page, an upload as large as Lambda allows, and what else it is known for.

use serde_json::{Value, json};

use super::compiled::by_cargo;
use super::site::{APPLICATIONS, FORM, Site, UPLOAD};

/// An upload, and a page with a query.
#[track_caller]
fn takes_a_query_and_an_upload(site: &Site) {
    assert_eq!(site.get("/?page=2%263"), "page 2&3");
    takes_an_upload(site);
}

#[track_caller]
fn takes_an_upload(site: &Site) {
    let body = vec![0x80; UPLOAD];
    let kind = "Content-Type: application/octet-stream\r\n";
    let (head, answer) = site.ask("PUT /files/photo", kind, &body);
    let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
    assert_eq!(answer, json!({"name": "photo", "bytes": UPLOAD}), "{head}");
}

#[track_caller]
fn has_cookies(head: &str, cookies: &[&str]) {
    for cookie in cookies {
        let found = head.lines().any(|line| {
            let value = line.strip_prefix("Set-Cookie: ");
            value.is_some_and(|value| value.split(';').next() == Some(*cookie))
        });
        assert!(found, "no {cookie} in {head}");
    }
}

#[track_caller]
fn ticks(site: &Site) {
    let (head, body) = site.ask("GET /ticks", "", b"");
    let body = String::from_utf8_lossy(&body).into_owned();
    assert!(head.to_lowercase().contains("text/event-stream"), "{head}");
    for number in 1..=3 {
        assert!(body.contains(&format!("data: {number}\n\n")), "{body}");
    }
}

#[test]
fn express_serves_behind_the_layer() {
    let Some(site) = Site::wrapped("layer/examples/http-express", &[]) else {
        return;
    };
    let (head, body) = site.ask("GET /", "", b"");
    has_cookies(&head, &["seen=1", "theme=dark"]);
    assert!(String::from_utf8_lossy(&body).contains("<form"));
    let (head, body) = site.ask("POST /greet", FORM, b"name=Anna");
    assert_eq!(body, b"Hello, Anna!\n", "{head}");
    takes_an_upload(&site);
    ticks(&site);
}

#[test]
fn fastify_and_a_stream_that_comes_as_it_is_made() {
    let streams = [("AWS_LWA_INVOKE_MODE", "response_stream")];
    let folder = format!("{APPLICATIONS}/fastify");
    let Some(site) = Site::wrapped(&folder, &streams) else {
        return;
    };
    takes_a_query_and_an_upload(&site);
    site.comes_in_parts("GET /gated", "", ["data: first\n\n", "data: last\n\n"]);
}

#[test]
fn hono_serves_behind_the_layer() {
    if let Some(site) = Site::wrapped(&format!("{APPLICATIONS}/hono"), &[]) {
        takes_a_query_and_an_upload(&site);
    }
}

#[test]
fn fastapi_on_uvicorn_serves_behind_the_layer() {
    let Some(site) = Site::wrapped("layer/examples/http-fastapi", &[]) else {
        return;
    };
    assert_eq!(site.get("/"), r#"{"greeting":"Hello, World!"}"#);
    let kind = "Content-Type: application/json\r\n";
    let order = br#"{"article":"rope","quantity":2}"#;
    let (head, body) = site.ask("POST /orders", kind, order);
    assert!(head.starts_with("HTTP/1.1 201 "), "{head}");
    assert_eq!(body, br#"{"article":"rope","total":700}"#);
    let (head, _) = site.ask("POST /orders", kind, b"{}");
    assert!(head.starts_with("HTTP/1.1 422 "), "{head}");
    takes_an_upload(&site);
}

#[test]
fn flask_on_gunicorn_serves_behind_the_layer() {
    let Some(site) = Site::wrapped(&format!("{APPLICATIONS}/flask"), &[]) else {
        return;
    };
    takes_a_query_and_an_upload(&site);
    let (head, _) = site.ask("GET /?page=1", "", b"");
    has_cookies(&head, &["seen=1", "theme=dark"]);
    ticks(&site);
}

#[test]
fn nginx_with_php_fpm_serves_behind_the_layer() {
    // Not a managed runtime: the handler names the script.
    let folder = format!("{APPLICATIONS}/nginx-php");
    let Some(site) = Site::start(&folder, "http:run.sh", &[]) else {
        return;
    };
    takes_a_query_and_an_upload(&site);
    let (head, style) = site.ask("GET /style.css", "", b"");
    assert!(head.contains("text/css"), "{head}");
    assert_eq!(style, b"form { margin: 1em }\n");
    let (head, _) = site.ask("GET /?page=1", "", b"");
    has_cookies(&head, &["seen=1"]);
}

#[test]
fn axum_serves_behind_the_layer() {
    let Some(folder) = by_cargo("axum") else {
        return;
    };
    if let Some(site) = Site::of_program(&folder.display().to_string(), &[]) {
        takes_a_query_and_an_upload(&site);
    }
}
