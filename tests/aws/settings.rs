//! Settings, and what is said when they are missing.

use serde_json::json;

use super::{
    common, failure, fixture, get_item, ok, replies, response, start, without_credentials,
};
use coldspark_emulator::script;
use common::{Function, init_failure};

#[track_caller]
fn init_fails(function: Function, says: &[&str]) {
    let session = function.start([script::status(202)]);
    session.process.wait();
    let failure = init_failure(&session.api.requests()[0]);
    assert!(failure.error_type.starts_with("Aws."), "{failure:?}");
    failure.assert_says(says);
}

#[test]
fn without_a_region_the_error_says_what_to_set() {
    let function = || fixture("http://127.0.0.1:9");
    init_fails(
        function().without_env("AWS_REGION"),
        &["AWS_REGION is not set", "eu-central-1"],
    );
    for region in [
        "a b",
        " eu-central-1",
        "eu-central-1\n",
        "EU-1",
        "../x",
        "a.b/",
        "größe",
        "a@b",
    ] {
        let is = format!("AWS_REGION is {region:?}");
        init_fails(function().env("AWS_REGION", region), &[&is, "no region"]);
    }
}

#[test]
fn without_credentials_the_error_says_what_to_set() {
    let server = replies([ok()]);
    for function in [
        without_credentials(&server.url()),
        without_credentials(&server.url())
            .env("AWS_ACCESS_KEY_ID", "A")
            .env("AWS_SECRET_ACCESS_KEY", ""),
    ] {
        let session = start(function, &get_item());
        let failure = failure(&session, 1);
        failure
            .assert_type("Aws.NoCredentials")
            .assert_says(&["AWS_ACCESS_KEY_ID", "--env"]);
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn credentials_that_cannot_be_are_named_and_not_printed() {
    let server = replies([ok()]);
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "AKID HIDDEN"),
        ("AWS_SECRET_ACCESS_KEY", "HIDDEN\n"),
        ("AWS_SECRET_ACCESS_KEY", "größe HIDDEN"),
        ("AWS_SESSION_TOKEN", "HIDDEN\r\nx-forged: 1"),
    ] {
        let session = start(fixture(&server.url()).env(name, value), &get_item());
        let failure = failure(&session, 1);
        failure
            .assert_type("Aws.NoCredentials")
            .assert_says(&[name, "line break"]);
        assert!(!failure.message.contains("HIDDEN"), "{failure:?}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn an_endpoint_that_is_no_url_is_named() {
    for url in [
        "http://localhost:99999",
        "http://localhost:",
        "http://localhost/a b",
        "http://localhost/a/../b",
        "http://[::1",
    ] {
        let is = format!("AWS_ENDPOINT_URL is {url:?}");
        init_fails(fixture(url), &[&is, "http://host:8000"]);
    }
    init_fails(
        fixture("localhost:8000"),
        &["AWS_ENDPOINT_URL is \"localhost:8000\"", "http://host:8000"],
    );
    let own = fixture("http://127.0.0.1:9").env("AWS_ENDPOINT_URL_SQS", "ftp://x");
    init_fails(own, &["AWS_ENDPOINT_URL_SQS is"]);
    let fips = fixture("").env("AWS_USE_FIPS_ENDPOINT", "true");
    init_fails(fips, &["AWS_USE_FIPS_ENDPOINT", "AWS_ENDPOINT_URL_..."]);
}

#[test]
fn the_endpoint_of_a_service_comes_before_the_one_of_all() {
    let (own, all) = (replies([ok()]), replies([ok()]));
    let function = fixture(&all.url()).env("AWS_ENDPOINT_URL_DYNAMODB", own.url());
    let session = start(function, &get_item());
    response(&session, 1);
    assert_eq!((own.requests().len(), all.requests().len()), (1, 0));
}

#[test]
fn a_path_of_the_endpoint_comes_first() {
    let server = replies([ok()]);
    let url = format!("{}/prod/", server.url());
    let event =
        json!({ "request": { "service": 12, "method": "POST", "path": "/%40connections/a%3D" } });
    let session = start(fixture(&url), &event);
    response(&session, 1);
    assert_eq!(server.requests()[0].path, "/prod/%40connections/a%3D");
}

#[test]
fn configured_endpoints_can_be_ignored() {
    let function = fixture("http://127.0.0.1:9")
        .env("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:8")
        .env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    let session = start(function, &json!("print"));
    let text = response(&session, 1).to_string();
    assert!(!text.contains("127.0.0.1"), "{text}");
    assert!(
        text.contains("https://sqs.eu-central-1.amazonaws.com"),
        "{text}"
    );
}
