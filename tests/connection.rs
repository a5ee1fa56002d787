//! The connection to the Runtime API: it has no time limit, and leads nowhere else.

mod common;

use coldspark_emulator::script;
use coldspark_emulator::sockets;
use common::{assert_response, function};

/// A wait of hours is no fault, and cannot be waited for in a test: the kernel says what is set.
#[test]
fn next_has_no_time_limit() {
    // A second `next`, on a kept connection, waits as the first one does.
    for steps in [vec![], script::exchange("one", "{}").to_vec()] {
        let requests = steps.len() + 1;
        let session = function("hello").start(steps);
        session.requests(requests);
        let connections = sockets::of_process(session.process.id()).expect("its connections");
        assert!(!connections.is_empty(), "no connection was looked at");
        for connection in connections {
            assert_eq!(connection.read_timeout().expect("SO_RCVTIMEO"), None);
            assert_eq!(connection.write_timeout().expect("SO_SNDTIMEO"), None);
        }
        assert_eq!(session.process.ended(), None);
    }
}

/// Variables that a function sets for its own requests are not the runtime's.
#[test]
fn a_proxy_of_the_environment_is_not_asked() {
    let mut function = function("hello");
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
        "HTTPS_PROXY",
    ] {
        // The port is closed.
        function = function.env(name, "http://127.0.0.1:9");
    }
    let session = function.start(script::exchange("one", "{\"a\":1}"));
    let requests = session.requests(3);
    assert!(requests.iter().all(|request| request.path.starts_with('/')));
    assert_response(&requests[1], "one", b"{\"a\":1}");
}
