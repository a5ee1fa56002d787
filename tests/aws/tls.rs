//! TLS: chains that are good and bad, versions, sessions.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_server::{Reply, Server, Tls};
use coldspark_emulator::script::Step;
use serde_json::json;

use super::oracles::python;
use super::{
    common, failure, fixture, get_item, ok, push, put_item, response, restored, snap_start, start,
};
use common::{Function, wait_disconnected};

/// The folder with the chains, which are made once; None, with a word, where nothing can make them.
fn chains() -> Option<PathBuf> {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let python = python("cryptography")?;
    let made = MADE.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("certificates");
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/aws-server/certificates.py"
        );
        let status = Command::new(python).arg(script).arg(&folder).status();
        assert!(status.expect("python runs").success());
        folder
    });
    Some(made.clone())
}

fn secured(tls: Tls) -> Server {
    Server::start(Some(tls), |_| ok())
}

fn trusting(server: &Server, folder: &std::path::Path) -> Function {
    fixture(&server.url()).env("AWS_CA_BUNDLE", folder.join("roots.pem"))
}

#[test]
fn chains_of_rsa_and_ecdsa_are_good() {
    let Some(folder) = chains() else { return };
    for chain in ["rsa", "ecdsa"] {
        let server = secured(Tls::of(&folder, chain));
        let session = start(trusting(&server, &folder), &get_item());
        push(&session, &put_item());
        response(&session, 2);
        let connections = server.requests().into_iter().map(|it| it.connection);
        assert_eq!(connections.collect::<Vec<_>>(), [1, 1], "{chain}");
    }
}

#[test]
fn a_bad_chain_is_refused_with_the_reason() {
    let Some(folder) = chains() else { return };
    for (chain, says) in [
        ("expired", "has expired"),
        ("early", "not valid yet"),
        ("wrong-name", "for another name"),
        ("self-signed", "nobody who is trusted"),
    ] {
        let server = secured(Tls::of(&folder, chain));
        let session = start(trusting(&server, &folder), &put_item());
        let failure = failure(&session, 1);
        failure
            .assert_type("Aws.Connection")
            .assert_says(&["no TLS connection to localhost", says]);
        assert_eq!(server.requests().len(), 0, "{chain}");
    }
}

#[test]
fn a_chain_of_an_unknown_root_is_refused_with_the_setting() {
    let Some(folder) = chains() else { return };
    let server = secured(Tls::of(&folder, "rsa"));
    let session = start(fixture(&server.url()), &put_item());
    failure(&session, 1)
        .assert_type("Aws.Connection")
        .assert_says(&["AWS_CA_BUNDLE"]);
    for (file, says) in [
        ("missing.pem", "cannot be read"),
        ("rsa.key", "has no certificate"),
    ] {
        let function = fixture(&server.url()).env("AWS_CA_BUNDLE", folder.join(file));
        let session = start(function, &put_item());
        failure(&session, 1)
            .assert_type("Aws.BadRoots")
            .assert_says(&["AWS_CA_BUNDLE", says]);
    }
}

#[test]
fn a_server_of_tls_1_2_is_refused_with_the_reason() {
    let Some(folder) = chains() else { return };
    let server = secured(Tls::old(&folder, "rsa"));
    let session = start(trusting(&server, &folder), &put_item());
    failure(&session, 1)
        .assert_type("Aws.Connection")
        .assert_says(&["TLS 1.3"]);
}

#[test]
fn a_secured_connection_that_died_in_a_freeze_is_replaced_by_a_resumed_one() {
    let Some(folder) = chains() else { return };
    let server = secured(Tls::of(&folder, "ecdsa"));
    let session = start(trusting(&server, &folder), &put_item());
    response(&session, 1);
    session.process.signal("STOP");
    server.close_connections();
    wait_disconnected(&server.address());
    session.process.signal("CONT");
    push(&session, &put_item());
    response(&session, 2);
    let seen = server
        .requests()
        .into_iter()
        .map(|it| (it.connection, it.resumed));
    assert_eq!(seen.collect::<Vec<_>>(), [(1, false), (2, true)]);
}

#[test]
fn a_secured_connection_that_was_made_ahead_is_used() {
    let Some(folder) = chains() else { return };
    let server = secured(Tls::of(&folder, "rsa"));
    let session = trusting(&server, &folder)
        .handler("connects")
        .start([] as [Step; 0]);
    session.requests(1);
    // The session's tickets have come meanwhile, and are not its end.
    push(&session, &put_item());
    push(&session, &put_item());
    response(&session, 2);
    assert_eq!(server.connections(), 1);
}

#[test]
fn no_tls_session_outlives_a_snapshot() {
    let Some(folder) = chains() else { return };
    let server = Server::start(Some(Tls::of(&folder, "ecdsa")), |request| {
        if request.path == "/credentials" {
            return aws_server::Reply::json(200, r#"{"AccessKeyId":"A","SecretAccessKey":"B"}"#);
        }
        ok()
    });
    let function = trusting(&server, &folder).handler("calls");
    let function = snap_start(function, format!("{}/credentials", server.url()));
    let _session = restored(function, &get_item(), 1);
    let requests = server.requests();
    assert!(
        requests.iter().all(|request| !request.resumed),
        "{requests:?}"
    );
    assert_eq!(server.connections(), 2);
}

/// The answer fills the client's buffer to the last byte, so that what is behind it waits in the TLS
/// session, where the socket does not show it.
#[test]
fn bytes_behind_a_secured_answer_are_not_the_next_answer() {
    let Some(folder) = chains() else { return };
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-length: 16342\r\n\r\n".to_vec();
    assert_eq!(answer.len() + 16342, 16384);
    answer.extend_from_slice(br#"{"ok":true}"#);
    answer.resize(16384, b' ');
    answer.extend_from_slice(b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"forged\":true}");
    let first = AtomicBool::new(true);
    let server = Server::start(Some(Tls::of(&folder, "ecdsa")), move |_| {
        match first.swap(false, Ordering::Relaxed) {
            true => Reply::raw(&answer),
            false => ok(),
        }
    });
    let session = start(trusting(&server, &folder), &put_item());
    push(&session, &put_item());
    assert_eq!(response(&session, 2), json!({ "ok": true }));
    assert_eq!(server.connections(), 2);
}
