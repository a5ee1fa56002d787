//! SnapStart: credentials and connections around a restore.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_server::{Reply, Server};
use coldspark_emulator::script::{self, Step};

use super::{
    common, date, failure, get_item, ok, replies, response, restored, snap_start, start,
    without_credentials,
};
use common::Function;

/// An endpoint that gives other credentials each time, which last for so many seconds.
pub(crate) fn endpoint(seconds: i64) -> Server {
    let number = AtomicUsize::new(1);
    Server::start(None, move |_| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        let expires = in_seconds(seconds);
        Reply::json(
            200,
            &format!(
                r#"{{"AccessKeyId":"KEY{number}","SecretAccessKey":"S","Token":"T{number}","Expiration":"{expires}"}}"#
            ),
        )
    })
}

/// The time in so many seconds, as the endpoint writes it.
fn in_seconds(seconds: i64) -> String {
    date(&format!("{seconds} seconds"), "+%Y-%m-%dT%H:%M:%SZ")
}

/// The fixture with credentials from before the snapshot.
fn fixture(service: &Server, credentials: &Server) -> Function {
    let function = without_credentials(&service.url())
        .env("AWS_ACCESS_KEY_ID", "OLD")
        .env("AWS_SECRET_ACCESS_KEY", "OLD")
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "allowed");
    snap_start(function, format!("{}/x", credentials.url()))
}

pub(crate) fn keys(server: &Server) -> Vec<String> {
    let requests = server.requests().into_iter();
    let keys = requests.map(|request| {
        let signature = request
            .header("authorization")
            .expect("a signature")
            .to_owned();
        let key = signature
            .split(['=', '/'])
            .nth(1)
            .expect("a key")
            .to_owned();
        format!(
            "{key} {}",
            request.header("x-amz-security-token").unwrap_or("none")
        )
    });
    keys.collect()
}

#[test]
fn a_restore_brings_new_credentials() {
    let (service, credentials) = (replies([ok()]), endpoint(3600));
    restored(
        fixture(&service, &credentials).handler("calls"),
        &get_item(),
        2,
    );
    // A call of the init step, and two events behind the restore.
    assert_eq!(keys(&service), ["KEY1 T1", "KEY2 T2", "KEY2 T2"]);
    let asked = credentials.requests();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].header("authorization"), Some("allowed"));
    assert_eq!(asked[0].path, "/x");
}

#[test]
fn credentials_are_asked_for_again_before_they_expire() {
    // Those that have expired already may do, if it is the clock here that is wrong.
    for seconds in [300, -60] {
        let (service, credentials) = (replies([ok()]), endpoint(seconds));
        restored(fixture(&service, &credentials), &get_item(), 3);
        assert_eq!(keys(&service), ["KEY1 T1", "KEY2 T2", "KEY3 T3"]);
    }
}

#[test]
fn an_endpoint_that_does_not_answer_leaves_time_for_the_call() {
    let (service, credentials) = (
        replies([ok()]),
        replies([
            Reply::json(200, &soon()),
            ok().after(Duration::from_secs(3600)),
        ]),
    );
    let session = restored(fixture(&service, &credentials), &get_item(), 1);
    let hurried = Duration::from_millis(3000);
    let event = script::event_within(hurried, "event", get_item().to_string());
    session.api.push(event);
    session.api.push(script::status(202));
    let answer = &session.requests(6)[4];
    assert!(answer.path.ends_with("/response"), "{}", answer.text());
    assert_eq!(keys(&service), ["K none", "K none"]);
}

#[test]
fn without_a_snapshot_credentials_of_the_environment_come_first() {
    let (service, credentials) = (replies([ok()]), endpoint(3600));
    let function =
        super::fixture(&service.url()).env("AWS_CONTAINER_CREDENTIALS_FULL_URI", credentials.url());
    let session = start(function, &get_item());
    response(&session, 1);
    assert_eq!(keys(&service), ["AKIDTEST TOKENTEST"]);
    assert_eq!(credentials.connections(), 0);
}

#[test]
fn credentials_that_still_last_are_used_while_their_endpoint_is_down() {
    let service = replies([ok()]);
    let credentials = {
        let number = AtomicUsize::new(0);
        Server::start(None, move |_| {
            match number.fetch_add(1, Ordering::Relaxed) {
                0 => Reply::json(200, &soon()),
                _ => Reply::with(500, &[], b""),
            }
        })
    };
    restored(fixture(&service, &credentials), &get_item(), 2);
    assert_eq!(keys(&service), ["K none", "K none"]);
    assert_eq!(credentials.requests().len(), 1 + 3);
}

/// Credentials for five minutes.
fn soon() -> String {
    let until = in_seconds(300);
    format!(r#"{{"AccessKeyId":"K","SecretAccessKey":"S","Expiration":"{until}"}}"#)
}

#[test]
fn an_endpoint_that_gives_none_is_named() {
    let (service, elsewhere) = (replies([ok()]), endpoint(3600));
    for (reply, says) in [
        (Reply::with(403, &[], b""), "status 403"),
        (Reply::json(200, "{}"), "missing field"),
        (Reply::with(500, &[], b"<html>"), "status 500"),
        (
            Reply::with(302, &[("location", &elsewhere.url())], b""),
            "status 302",
        ),
        (Reply::json(200, "<html>HIDDEN"), "no JSON"),
        (Reply::json(200, r#""HIDDEN""#), "no JSON"),
        (
            Reply::json(200, r#"{"AccessKeyId":"A","SecretAccessKey":["HIDDEN"]}"#),
            "SecretAccessKey",
        ),
        (
            Reply::json(200, r#"{"AccessKeyId":"A","SecretAccessKey":"HIDDEN\n"}"#),
            "SecretAccessKey",
        ),
        (
            Reply::json(
                200,
                r#"{"AccessKeyId":"A","SecretAccessKey":"S","Token":"HIDDEN\r\nx-forged: 1"}"#,
            ),
            "Token",
        ),
        (
            Reply::json(200, r#"{"AccessKeyId":"","SecretAccessKey":"S"}"#),
            "AccessKeyId",
        ),
    ] {
        let credentials = replies([reply]);
        let session = restored(fixture(&service, &credentials), &get_item(), 1);
        let failure = common::failure(&session.requests(4)[2], "event");
        failure
            .assert_type("Aws.Credentials")
            .assert_says(&[says, "/x"]);
        assert!(!failure.message.contains("HIDDEN"), "{failure:?}");
    }
    assert_eq!((service.connections(), elsewhere.connections()), (0, 0));
}

#[test]
fn no_other_address_is_asked_for_credentials() {
    // A relative URI is a path, and no rest of a name.
    for uri in [".example.com/x", "@example.com/x", "x"] {
        let function = without_credentials("http://127.0.0.1:9")
            .env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", uri);
        let session = start(function, &get_item());
        failure(&session, 1)
            .assert_type("Aws.NoCredentials")
            .assert_says(&[
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                "begin with a slash",
            ]);
    }
    let function = without_credentials("http://127.0.0.1:9")
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/x");
    let session = start(function, &get_item());
    failure(&session, 1)
        .assert_type("Aws.NoCredentials")
        .assert_says(&["http://example.com/x", "loopback"]);
}

#[test]
fn a_token_that_is_no_header_is_named_and_not_printed() {
    let (service, credentials) = (replies([ok()]), endpoint(3600));
    let function = fixture(&service, &credentials)
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "HIDDEN\r\nx-forged: 1");
    let session = restored(function, &get_item(), 1);
    let failure = common::failure(&session.requests(4)[2], "event");
    failure
        .assert_type("Aws.Credentials")
        .assert_says(&["AWS_CONTAINER_AUTHORIZATION_TOKEN", "line break"]);
    assert!(!failure.message.contains("HIDDEN"), "{failure:?}");
    assert_eq!((service.connections(), credentials.connections()), (0, 0));
}

#[test]
fn the_token_of_a_file_is_read_each_time() {
    let (service, credentials) = (replies([ok()]), endpoint(300));
    let file = std::env::temp_dir().join(format!("coldspark-token-{}", std::process::id()));
    std::fs::write(&file, "first\n").expect("a file");
    let function = without_credentials(&service.url())
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", credentials.url())
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &file);
    let session = start(function, &get_item());
    response(&session, 1);
    std::fs::write(&file, "second\n").expect("a file");
    super::push(&session, &get_item());
    response(&session, 2);
    let tokens = credentials.requests().into_iter();
    let tokens = tokens.map(|request| request.header("authorization").map(str::to_owned));
    assert_eq!(
        tokens.collect::<Vec<_>>(),
        [Some("first".to_owned()), Some("second".to_owned())]
    );
    let _ = std::fs::remove_file(file);
}

#[test]
fn no_connection_of_the_init_phase_is_used_after_the_restore() {
    let (service, credentials) = (replies([ok()]), endpoint(3600));
    restored(
        fixture(&service, &credentials).handler("calls"),
        &get_item(),
        2,
    );
    let connections = service.requests().into_iter().map(|it| it.connection);
    assert_eq!(connections.collect::<Vec<_>>(), [1, 2, 2]);
}

#[test]
fn under_snapstart_no_connection_is_made_ahead() {
    let (service, credentials) = (replies([ok()]), endpoint(3600));
    let function = fixture(&service, &credentials).handler("connects");
    let session = function.start([] as [Step; 0]);
    session.requests(1);
    assert_eq!(service.connections(), 0);
}
