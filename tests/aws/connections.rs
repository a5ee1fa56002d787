//! Connections: kept, replaced, made ahead.

use aws_server::Server;

use super::{common, fixture, get_item, ok, push, put_item, replies, response, start};
use common::{is_connected, wait_disconnected};

/// Waits until the client's end has seen the close.
fn close(server: &Server) {
    assert!(is_connected(&server.address()), "a connection is kept");
    server.close_connections();
    wait_disconnected(&server.address());
}

#[test]
fn a_connection_that_closed_while_the_function_was_idle_is_replaced() {
    let server = replies([ok()]);
    let session = start(fixture(&server.url()), &put_item());
    response(&session, 1);
    close(&server);
    // What must not be sent twice shows that nothing was tried on the old one.
    push(&session, &put_item());
    response(&session, 2);
    let connections: Vec<_> = server.requests().iter().map(|it| it.connection).collect();
    assert_eq!(connections, [1, 2]);
}

#[test]
fn a_connection_that_died_while_the_process_was_frozen_is_replaced() {
    let server = replies([ok()]);
    let session = start(fixture(&server.url()), &put_item());
    response(&session, 1);
    session.process.signal("STOP");
    close(&server);
    session.process.signal("CONT");
    push(&session, &put_item());
    response(&session, 2);
    assert_eq!(server.requests()[1].connection, 2);
}

#[test]
fn a_server_that_closes_after_each_answer_is_served() {
    let server = replies([ok().then_close()]);
    let session = start(fixture(&server.url()), &put_item());
    for number in 1..5 {
        response(&session, number);
        wait_disconnected(&server.address());
        push(&session, &put_item());
    }
    response(&session, 5);
    assert_eq!(server.connections(), 5);
}

#[test]
fn a_connection_can_be_made_in_the_init_phase() {
    let server = replies([ok()]);
    let function = fixture(&server.url()).handler("connects");
    let session = function.start([] as [coldspark_emulator::script::Step; 0]);
    session.requests(1);
    server.wait_for_connections(1);
    push(&session, &get_item());
    push(&session, &get_item());
    response(&session, 2);
    assert_eq!(server.connections(), 1);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn one_that_was_made_ahead_and_closed_is_not_used() {
    let server = replies([ok()]);
    let function = fixture(&server.url()).handler("connects");
    let session = function.start([] as [coldspark_emulator::script::Step; 0]);
    session.requests(1);
    server.wait_for_connections(1);
    close(&server);
    push(&session, &put_item());
    response(&session, 1);
    assert_eq!(server.requests()[0].connection, 2);
}

#[test]
fn an_init_step_that_cannot_connect_learns_why() {
    let refusing = common::Refusing::new();
    let url = format!("http://{}", refusing.address());
    let session = fixture(&url)
        .handler("connects")
        .start([coldspark_emulator::script::status(202)]);
    session.process.wait();
    let failure = common::init_failure(&session.api.requests()[0]);
    failure
        .assert_type("Aws.Connection")
        .assert_says(&["DynamoDB connect", "cannot connect"]);
}
