//! The Web Adapter's examples for other engines of JavaScript and other languages, with the settings of their templates:
//! pages, files and streams of their own servers.

use std::env;
use std::fs;
use std::process::Command;
use std::sync::OnceLock;

use coldspark_emulator::port::free_port;
use serde_json::{Value, json};

use super::built::{built, remembers, serves_pages_and_files};
use super::compiled::{by_cargo, compiles, copy_of, program};
use super::site::{FORM, STREAMS, Site, UPLOAD};

const PARTS: [&str; 2] = ["data: first\n\n", "data: last\n\n"];

/// What the applications in this file have in common.
#[track_caller]
fn is_a_shop(site: &Site) {
    serves_pages_and_files(site);
    remembers(site, "/greet", FORM, "name=Anna");
    let (head, _) = site.ask("GET /nowhere", "", b"");
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
}

#[track_caller]
fn asks_graphql(site: &Site) {
    let kind = "Content-Type: application/json\r\n";
    let query = json!({
        "query": "query Price($of: String!) { price(article: $of, pieces: 2) }",
        "variables": {"of": "rope"},
    });
    let (head, body) = site.ask("POST /graphql", kind, query.to_string().as_bytes());
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    assert_eq!(answer, json!({"data": {"price": 800}}), "{head}");
    let short = "/graphql?query=%7B%20price(article%3A%20%22oar%22)%20%7D";
    let answer: Value = serde_json::from_str(&site.get(short)).unwrap_or_default();
    assert_eq!(answer, json!({"data": {"price": 300}}));
    // The page of the framework for a browser.
    let (head, page) = site.ask("GET /graphql", "Accept: text/html\r\n", b"");
    assert!(head.to_lowercase().contains("text/html"), "{head}");
    assert!(String::from_utf8_lossy(&page).contains("<html"), "{head}");
    let upload =
        json!({"query": "mutation($f: File!) { upload(file: $f) }", "variables": {"f": null}});
    let part = |name: &str, text: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{text}\r\n")
    };
    let mut form = part("operations", &format!("\r\n\r\n{upload}")).into_bytes();
    form.extend(part("map", "\r\n\r\n{\"0\":[\"variables.f\"]}").into_bytes());
    let file = "; filename=\"photo\"\r\nContent-Type: application/octet-stream\r\n";
    form.extend(part("0", file).into_bytes());
    form.extend(vec![0x80; UPLOAD]);
    form.extend(b"\r\n--b--\r\n");
    let (head, body) = site.ask(
        "POST /graphql",
        "Content-Type: multipart/form-data; boundary=b\r\n",
        &form,
    );
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    assert_eq!(answer, json!({"data": {"upload": UPLOAD}}), "{head}");
}

#[test]
fn bun_graphql_zip() {
    if let Some(site) = built("bun-graphql", &[]) {
        asks_graphql(&site);
    }
}

#[test]
fn bun_graphql_streaming_zip() {
    let Some(site) = built("bun-graphql", &[STREAMS]) else {
        return;
    };
    asks_graphql(&site);
    let line = "GET /graphql?query=subscription%20%7B%20parts%20%7D";
    let parts = [
        r#"{"data":{"parts":"first"}}"#,
        r#"{"data":{"parts":"last"}}"#,
    ];
    site.comes_in_parts(line, "Accept: text/event-stream\r\n", parts);
}

#[test]
fn deno_zip() {
    let cache = env::temp_dir().display().to_string();
    let Some(site) = built("deno", &[("DENO_DIR", &cache)]) else {
        return;
    };
    is_a_shop(&site);
    drop(site);
    if let Some(site) = built("deno", &[("DENO_DIR", &cache), STREAMS]) {
        site.comes_in_parts("GET /gated", "", PARTS);
    }
}

/// The classes of the application on the JDK's own server, compiled once.
fn java() -> Option<String> {
    static FOLDER: OnceLock<Option<String>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let java = program("java")?;
        let folder = copy_of("java");
        let mut command = Command::new(java);
        command.args(["-m", "jdk.compiler/com.sun.tools.javac.Main", "-d"]);
        command
            .arg(folder.join("classes"))
            .arg(folder.join("Application.java"));
        compiles(&mut command);
        Some(folder.display().to_string())
    });
    folder.clone()
}

/// javalin-zip: a port of the setting's own name, and of the readiness check.
#[test]
fn java_with_the_settings_of_javalin_zip() {
    let Some(folder) = java() else {
        return;
    };
    let port = free_port().to_string();
    let settings = [
        ("AWS_LWA_PORT", &*port),
        ("AWS_LWA_READINESS_CHECK_PATH", "/healthz"),
        ("AWS_LWA_REMOVE_BASE_PATH", "/v1"),
        ("AWS_LWA_READINESS_CHECK_PROTOCOL", "http"),
        ("AWS_LWA_READINESS_CHECK_PORT", &*port),
    ];
    let Some(site) = Site::wrapped(&folder, &settings) else {
        return;
    };
    is_served_below_its_base_path(&site);
    is_a_shop(&site);
}

/// Below `/v1`, which the application does not know.
#[track_caller]
fn is_served_below_its_base_path(site: &Site) {
    assert_eq!(site.get("/v1/healthz"), "well\n");
    for root in ["/v1", "/v1/", "/v1?page=", "/"] {
        assert!(site.get(root).contains("<p>page </p>"), "{root}");
    }
    assert!(site.get("/v1/?page=2%263").contains("page 2&amp;3"));
    remembers(site, "/v1/greet", FORM, "name=Anna");
    let (head, body) = site.ask("PUT /v1/photo", "", &vec![0x80; UPLOAD]);
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    assert_eq!(body, json!({"name": "photo", "bytes": UPLOAD}), "{head}");
    // Once, and at the end of a segment.
    for path in [
        "/v1/nowhere",
        "/v1/v1/healthz",
        "/v10/healthz",
        "/v1healthz",
    ] {
        let (head, body) = site.ask(&format!("GET {path}"), "", b"");
        assert!(head.starts_with("HTTP/1.1 404 "), "{path}: {head}");
        assert_eq!(body, b"not here\n", "{path}");
    }
}

/// springboot-zip: the deprecated names of settings.
#[test]
fn java_with_the_settings_of_springboot_zip() {
    let settings = [
        ("READINESS_CHECK_PATH", "/healthz"),
        ("REMOVE_BASE_PATH", "/v1"),
    ];
    let Some(site) = java().and_then(|folder| Site::wrapped(&folder, &settings)) else {
        return;
    };
    is_served_below_its_base_path(&site);
    is_a_shop(&site);
}

/// springboot-response-streaming-zip: a file that is larger than a buffered response may be.
#[test]
fn java_with_the_settings_of_springboot_response_streaming_zip() {
    let settings = [
        ("READINESS_CHECK_PATH", "/healthz"),
        ("REMOVE_BASE_PATH", "/v1"),
        STREAMS,
    ];
    let Some(site) = java().and_then(|folder| Site::wrapped(&folder, &settings)) else {
        return;
    };
    let (head, body) = site.ask("GET /v1/stream-dummy?size=15", "", b"");
    assert!(head.contains("attachment; filename=dummy"), "{head}");
    assert!(
        body.len() == 15 << 20 && body.iter().all(|byte| *byte == 0),
        "{head}{}",
        body.len()
    );
    is_a_shop(&site);
    site.comes_in_parts("GET /v1/gated", "", PARTS);
}

/// go-http-zip, and gin-zip, whose settings have one more variable. Not a managed runtime: the handler names the
/// program.
#[test]
fn go_with_the_settings_of_go_http_zip_and_gin_zip() {
    let Some(go) = program("go") else {
        return;
    };
    let folder = copy_of("go");
    let mut command = Command::new(go);
    command
        .args(["build", "-o", "app", "."])
        .current_dir(&folder);
    command.env("GOCACHE", folder.with_extension("cache"));
    command
        .env("GOPROXY", "off")
        .env("GOTOOLCHAIN", "local")
        .env("CGO_ENABLED", "0");
    compiles(&mut command);
    let folder = folder.display().to_string();
    for settings in [&[][..], &[("GIN_MODE", "release"), STREAMS]] {
        let Some(site) = Site::of_program(&folder, settings) else {
            return;
        };
        is_a_shop(&site);
        let (head, part) = site.ask("GET /photo", "Range: bytes=128-\r\n", b"");
        assert!(head.starts_with("HTTP/1.1 206 "), "{head}");
        assert!(
            head.to_lowercase()
                .contains("content-range: bytes 128-255/256"),
            "{head}"
        );
        assert_eq!(part, (128..=255).collect::<Vec<u8>>());
        let date = "If-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT\r\n";
        let (head, body) = site.ask("GET /photo", date, b"");
        assert!(
            head.starts_with("HTTP/1.1 304 ") && body.is_empty(),
            "{head}"
        );
        let (head, body) = site.ask("HEAD /photo", "", b"");
        assert!(
            head.starts_with("HTTP/1.1 200 ") && body.is_empty(),
            "{head}"
        );
        if settings.contains(&STREAMS) {
            site.comes_in_parts("GET /gated", "", PARTS);
        }
    }
}

/// rust-actix-web-zip.
#[test]
fn rust_actix_web_zip() {
    let Some(folder) = by_cargo("actix") else {
        return;
    };
    let style = "bootstrap/tests/web/applications/actix/style.css";
    fs::copy(super::site::source(style), folder.join("style.css")).expect("a copy");
    let folder = folder.display().to_string();
    for settings in [&[][..], &[STREAMS]] {
        let Some(site) = Site::of_program(&folder, settings) else {
            return;
        };
        is_a_shop(&site);
        if settings.contains(&STREAMS) {
            site.comes_in_parts("GET /gated", "", PARTS);
        }
    }
}
