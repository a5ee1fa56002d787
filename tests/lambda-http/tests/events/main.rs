//! What `lambda_http` and coldspark make of the samples that `lambda_http` and `aws_lambda_events` have in
//! their crates, read from where cargo keeps their source. [`differences`] has all that differs.

mod differences;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::panic;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Command;
use std::task::{Context as Polling, Poll, Waker};

use coldspark::http::{Origin, RequestExt as _};
use lambda_http::RequestExt as _;
use serde_json::Value;

use differences::{COOKIE, DIFFERENCES, FEWER, NO_REQUEST, PANIC, REFUSED, RELATIVE, STAGE};

/// A request as both describe it.
#[derive(Debug)]
struct Seen {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    parameters: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// Pairs of a query string, decoded, in the order of their names.
fn pairs(query: Option<&str>) -> Vec<(String, String)> {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let mut pairs: Vec<_> = pairs.into_owned().collect();
    pairs.sort();
    pairs
}

fn headers(map: &coldspark::http::HeaderMap) -> Vec<(String, String)> {
    let text = |value: &coldspark::http::HeaderValue| {
        String::from_utf8_lossy(value.as_bytes()).into_owned()
    };
    let mut list: Vec<_> = map
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect();
    list.sort();
    list
}

fn map(found: &aws_lambda_events::query_map::QueryMap) -> BTreeMap<String, String> {
    found
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The request of `lambda_http`, if it takes the event, and whether its URI has scheme and host.
fn theirs(event: &str) -> Option<(Seen, bool)> {
    let request = lambda_http::request::from_str(event).ok()?;
    let whole = request.uri().scheme().is_some() && request.uri().host().is_some();
    let seen = Seen {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: pairs(request.uri().query()),
        headers: headers(request.headers()),
        parameters: map(&request.path_parameters()),
        variables: map(&request.stage_variables()),
        body: request.body().to_vec(),
    };
    Some((seen, whole))
}

/// The request of coldspark, if it takes the event.
fn ours(event: &str) -> Option<Seen> {
    let request = coldspark::http::request(event.as_bytes()).ok()?;
    let origin: &Origin = request.origin()?;
    assert!(request.uri().scheme().is_none() && request.uri().host().is_none());
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Some(Seen {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: pairs(request.uri().query()),
        headers: headers(request.headers()),
        parameters: origin.path_parameters().map(owned).collect(),
        variables: origin.stage_variables().map(owned).collect(),
        body: request.body().as_ref().to_vec(),
    })
}

/// What differs between both, in words.
fn compared(event: &Value) -> Vec<String> {
    let text = event.to_string();
    // It panics for some events, where its function ends with an error of the invocation.
    let Ok(theirs) = panic::catch_unwind(|| theirs(&text)) else {
        return vec![PANIC.to_owned()];
    };
    match (theirs, ours(&text)) {
        (Some((theirs, whole)), Some(ours)) => {
            let mut found = compare(event, &theirs, &ours);
            if !whole {
                found.push(RELATIVE.to_owned());
            }
            found
        }
        (Some(_), None) => vec![REFUSED.to_owned()],
        (None, Some(_)) => vec!["only coldspark takes it".to_owned()],
        (None, None) => vec![NO_REQUEST.to_owned()],
    }
}

fn compare(event: &Value, theirs: &Seen, ours: &Seen) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |differ: bool, what: &str| {
        if differ {
            found.push(what.to_owned());
        }
    };
    differ(theirs.method != ours.method, "method");
    if theirs.path != ours.path {
        let stage = event["requestContext"]["stage"]
            .as_str()
            .unwrap_or_default();
        let added = theirs.path == format!("/{stage}{}", ours.path);
        differ(true, if added { STAGE } else { "path" });
    }
    differ(theirs.query != ours.query, "query");
    if theirs.headers != ours.headers {
        let mut added = theirs
            .headers
            .iter()
            .filter(|header| !ours.headers.contains(header));
        differ(
            true,
            match (added.next(), added.next()) {
                (None, _) => FEWER,
                (Some((name, value)), None) if name == "cookie" && value.is_empty() => COOKIE,
                _ => "headers",
            },
        );
    }
    differ(theirs.parameters != ours.parameters, "path parameters");
    differ(theirs.variables != ours.variables, "stage variables");
    differ(theirs.body != ours.body, "body");
    found
}

/// The folder of a dependency's source.
fn source(package: &str) -> PathBuf {
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["metadata", "--format-version=1", "--locked"])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo metadata failed: {output:?}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let mut packages = metadata["packages"].as_array().expect("a list").iter();
    let package = packages.find(|found| found["name"] == package);
    let manifest = &package.expect("a dependency")["manifest_path"];
    let manifest = Path::new(manifest.as_str().expect("a path"));
    manifest.parent().expect("a folder").to_owned()
}

/// Samples of the folder whose names begin with one of these, by name.
fn samples(folder: &Path, begin: &[&str]) -> BTreeMap<String, Value> {
    let files =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut samples = BTreeMap::new();
    for file in files {
        let path = file.expect("a file").path();
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let wanted = begin.iter().any(|begin| name.starts_with(begin));
        if wanted && path.extension().is_some_and(|ending| ending == "json") {
            let text = fs::read(&path).expect("a sample");
            samples.insert(
                name,
                serde_json::from_slice(&text).expect("a sample is JSON"),
            );
        }
    }
    samples
}

#[test]
fn requests_are_alike_but_for_what_is_listed() {
    let own = samples(&source("lambda_http").join("tests/data"), &[""]);
    assert!(own.len() > 10, "the samples of lambda_http: {}", own.len());
    let begin = [
        "example-apigw",
        "example-alb",
        "example-vpc-lattice",
        "example-lambda-function",
    ];
    let events = source("aws_lambda_events").join("src/fixtures");
    let others = samples(&events, &begin);
    assert!(
        others.len() > 20,
        "those of aws_lambda_events: {}",
        others.len()
    );
    let mut wrong = Vec::new();
    for (name, event) in own.iter().chain(&others) {
        let found = compared(event);
        let listed = DIFFERENCES.iter().find(|(listed, _)| listed == name);
        let expected = listed.map_or(&[][..], |(_, listed)| listed);
        if found != expected {
            wrong.push(format!("    (\"{name}\", &{found:?}),"));
        }
    }
    assert!(
        wrong.is_empty(),
        "differ from the list:\n{}",
        wrong.join("\n")
    );
}

/// Ours leaves the header as the front end sent it, as the comparison above says.
#[test]
fn lambda_http_replaces_the_header_of_the_trace() {
    let text = r#"{"version":"2.0","rawPath":"/","rawQueryString":"","headers":{"x-amzn-trace-id":"of the front end"},
        "requestContext":{"http":{"method":"GET","path":"/"}},"isBase64Encoded":false}"#;
    let ours = ours(text).expect("a request");
    let trace = ("x-amzn-trace-id".to_owned(), "of the front end".to_owned());
    assert!(ours.headers.contains(&trace), "{ours:?}");
    let service = lambda_http::service_fn(|request: lambda_http::Request| async move {
        let trace = request.headers()["x-amzn-trace-id"]
            .to_str()
            .map(str::to_owned);
        Ok::<_, lambda_http::Error>(trace?)
    });
    let mut context = lambda_http::Context::default();
    context.xray_trace_id = Some("of the invocation".to_owned());
    let event = serde_json::from_str(text).expect("an event");
    let event = lambda_http::lambda_runtime::LambdaEvent::new(event, context);
    let answer = lambda_http::Service::call(&mut lambda_http::Adapter::from(service), event);
    let Poll::Ready(Ok(answer)) = pin!(answer).poll(&mut Polling::from_waker(Waker::noop())) else {
        panic!("it does not wait");
    };
    let answer = serde_json::to_value(answer).expect("JSON");
    assert_eq!(answer["body"], "of the invocation");
}
