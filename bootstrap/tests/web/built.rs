//! Applications that their frameworks build: pages that the server renders, with all that belongs to them.

use serde_json::{Value, json};

use coldspark_emulator::skipped;

use super::site::{FORM, STREAMS, Site, UPLOAD, tools};

/// As a browser sends it; frameworks compare the origin of a form with the host that the function URL has.
const BROWSER: &str = "Accept: text/html\r\nOrigin: https://shop.example\r\n";

/// The application of this name, as `scripts/setup frameworks` has built it.
pub(crate) fn built(name: &str, variables: &[(&str, &str)]) -> Option<Site> {
    let folder = tools()?.join(format!("web-{name}"));
    if !folder.exists() {
        skipped("scripts/setup frameworks has not built the application");
        return None;
    }
    Site::wrapped(&folder.display().to_string(), variables)
}

/// A page with a query, a file, and an image, as they are; an image that is as large as Lambda allows.
#[track_caller]
pub(crate) fn serves_pages_and_files(site: &Site) {
    let page = site.get("/?page=2%263");
    assert!(page.contains("page 2&amp;3"), "{page}");
    let (head, style) = site.ask("GET /style.css", "", b"");
    assert!(head.to_lowercase().contains("text/css"), "{head}");
    assert_eq!(style, b"form { margin: 1em }\n");
    let (head, photo) = site.ask("GET /photo", "", b"");
    assert!(head.to_lowercase().contains("image/png"), "{head}");
    assert_eq!(photo, (0..=255).collect::<Vec<u8>>());
    let kind = format!("Content-Type: application/octet-stream\r\n{BROWSER}");
    let (head, answer) = site.ask("PUT /photo", &kind, &vec![0x80; UPLOAD]);
    let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
    assert_eq!(answer, json!({"name": "photo", "bytes": UPLOAD}), "{head}");
}

/// A script that the page asks for comes as it is, also where the server compresses it for a client that takes it.
#[track_caller]
fn serves_its_scripts(site: &Site, folder: &str) {
    let page = site.get("/?page=1");
    let begin = page.find(folder).expect("a script");
    let end = begin + page[begin..].find('"').expect("its end");
    let line = format!("GET {}", &page[begin..end]);
    let (head, plain) = site.ask(&line, "", b"");
    assert!(head.to_lowercase().contains("javascript"), "{head}");
    assert!(!plain.is_empty());
    let (head, packed) = site.ask(&line, "Accept-Encoding: gzip\r\n", b"");
    if head.to_lowercase().contains("content-encoding: gzip") {
        assert!(packed.starts_with(&[0x1f, 0x8b]), "{head}");
    } else {
        assert_eq!(packed, plain, "{head}");
    }
}

/// A page or a stream whose first part the client has before the application makes the last one.
#[track_caller]
fn comes_in_parts(name: &str, path: &str, parts: [&str; 2]) {
    if let Some(site) = built(name, &[STREAMS]) {
        site.comes_in_parts(&format!("GET {path}"), BROWSER, parts);
    }
}

/// What a form answers: a redirection, whose page knows the name by its cookie.
#[track_caller]
pub(crate) fn remembers(site: &Site, path: &str, headers: &str, body: &str) {
    let (head, _) = site.ask(
        &format!("POST {path}"),
        &format!("{headers}{BROWSER}"),
        body.as_bytes(),
    );
    assert!(head.starts_with("HTTP/1.1 303 "), "{head}");
    let header = |name: &str| {
        let found = head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        });
        found.unwrap_or_else(|| panic!("no {name} in {head}"))
    };
    let cookie = header("set-cookie").split(';').next().expect("a cookie");
    let path = header("location");
    let (head, page) = site.ask(
        &format!("GET {path}"),
        &format!("Cookie: {cookie}\r\n"),
        b"",
    );
    let page = String::from_utf8_lossy(&page).into_owned();
    assert!(page.contains("Hello, Anna!"), "{head}{page}");
}

/// nextjs-zip: its build is `standalone`, and its answers are compressed.
#[test]
fn next_serves_behind_the_layer() {
    let compresses = [("AWS_LWA_ENABLE_COMPRESSION", "true")];
    let Some(site) = built("next", &compresses) else {
        return;
    };
    serves_pages_and_files(&site);
    serves_its_scripts(&site, "/_next/static/");
    let (head, _) = site.ask("GET /?page=1", "Accept-Encoding: gzip\r\n", b"");
    assert!(
        head.to_lowercase().contains("content-encoding: gzip"),
        "{head}"
    );
    // A server action, as a browser without script posts it.
    let page = site.get("/?page=1");
    let action = page.find("$ACTION_ID_").map(|begin| &page[begin..]);
    let action = action.and_then(|rest| rest.split('"').next());
    let action = action.expect("the form's action");
    let part = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body = format!("{}{}--b--\r\n", part(action, ""), part("name", "Anna"));
    remembers(
        &site,
        "/",
        "Content-Type: multipart/form-data; boundary=b\r\n",
        &body,
    );
    let (head, _) = site.ask(
        "POST /",
        "Content-Type: multipart/form-data; boundary=b\r\nOrigin: https://elsewhere.example\r\n",
        body.as_bytes(),
    );
    assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
    // The framework asks itself for the picture, and changes it.
    let picture = "GET /_next/image?url=%2Fpicture&w=32&q=75";
    let (head, body) = site.ask(picture, "Accept: image/webp\r\n", b"");
    assert!(
        head.to_lowercase().contains("content-type: image/webp"),
        "{head}"
    );
    assert!(
        body.starts_with(b"RIFF") && body[8..].starts_with(b"WEBP"),
        "{body:?}"
    );
    drop(site);
    comes_in_parts("next", "/slow", ["not yet", "the last part"]);
}

/// sveltekit-ssr-zip: adapter-node's server.
#[test]
fn sveltekit_serves_behind_the_layer() {
    let Some(site) = built("sveltekit", &[]) else {
        return;
    };
    serves_pages_and_files(&site);
    serves_its_scripts(&site, "/_app/immutable/");
    remembers(&site, "/", FORM, "name=Anna");
    let foreign = FORM.to_owned() + &BROWSER.replace("shop", "elsewhere");
    let (head, _) = site.ask("POST /", &foreign, b"name=Anna");
    assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
    drop(site);
    comes_in_parts("sveltekit", "/gated", ["data: first\n\n", "data: last\n\n"]);
}

/// remix-zip, with React Router's server, which Remix has become.
#[test]
fn react_router_serves_behind_the_layer() {
    let Some(site) = built("react-router", &[]) else {
        return;
    };
    serves_pages_and_files(&site);
    serves_its_scripts(&site, "/assets/");
    remembers(&site, "/?index", FORM, "name=Anna");
    drop(site);
    comes_in_parts("react-router", "/slow", ["not yet", "the last part"]);
}
