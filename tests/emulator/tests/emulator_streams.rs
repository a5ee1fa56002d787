//! Streamed responses to the emulated Runtime API.

mod common;

use std::time::Duration;

use coldspark_emulator::emulator::{Invocation, Outcome, Sink};
use common::*;

#[test]
fn streams_keep_their_trailers() {
    let (emulator, mut client) = start();
    let ticket = emulator.submit(named("r"));
    call(&mut client, get(NEXT));
    let head = format!(
        "POST {} HTTP/1.1\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n\
         Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\
         Trailer: x, lambda-runtime-function-error-type\r\n\r\n",
        response_path("r")
    );
    let body = "2\r\nab\r\n1\r\nc\r\n0\r\nLambda-Runtime-Function-Error-Type: Broke\r\n\r\n";
    assert_eq!(call(&mut client, head + body).status, 202);
    let expected = Outcome::Response {
        body: b"abc".to_vec(),
        content_type: Some("text/plain".into()),
        streamed: true,
        trailers: vec![("Lambda-Runtime-Function-Error-Type".into(), "Broke".into())],
        http_fault: None,
    };
    assert_eq!(ticket.wait().outcome, expected);
}

#[test]
fn a_trailer_that_was_not_announced_is_refused() {
    let (emulator, mut client) = start();
    let ticket = emulator.submit(named("r"));
    call(&mut client, get(NEXT));
    let head = format!(
        "POST {} HTTP/1.1\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n\
         Transfer-Encoding: chunked\r\nTrailer: B\r\n\r\n",
        response_path("r")
    );
    let refused = call(&mut client, head + "0\r\nb: 1\r\na: 2\r\n\r\n");
    assert_eq!(
        (refused.status, error_type(&refused)),
        (400, "UnannouncedTrailer".into())
    );
    let outcome = ticket.wait().outcome;
    assert_eq!(outcome.error_type(), Some("Runtime.UnannouncedTrailer"));
}

#[test]
fn a_sink_gets_a_stream_as_it_comes() {
    let (emulator, mut client) = start();
    let (sender, received) = std::sync::mpsc::channel();
    let ticket = emulator.submit(Invocation {
        sink: Some(Sink::new(move |bytes| {
            sender.send(bytes.to_vec()).unwrap();
        })),
        ..named("r")
    });
    call(&mut client, get(NEXT));
    let head = format!(
        "POST {} HTTP/1.1\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n\
         Transfer-Encoding: chunked\r\n\
         Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n",
        response_path("r")
    );
    std::io::Write::write_all(&mut client, (head + "2\r\nab\r\n").as_bytes()).unwrap();
    assert_eq!(received.recv().unwrap(), b"ab");
    let rest = "1\r\nc\r\n0\r\nLambda-Runtime-Function-Error-Type: Broke\r\n\
                Lambda-Runtime-Function-Error-Body: e30=\r\n\r\n";
    assert_eq!(call(&mut client, rest).status, 202);
    assert_eq!(received.recv().unwrap(), b"c");
    let finished = ticket.wait();
    let sizes: Vec<_> = finished.chunks.iter().map(|(_, size)| *size).collect();
    assert_eq!(sizes, [2, 1]);
    assert!(finished.chunks[0].0 <= finished.chunks[1].0);
    assert_eq!(
        finished.outcome.stream_error(),
        Some(("Broke", b"{}".to_vec()))
    );
    assert_eq!(finished.outcome.payload("r", Duration::ZERO), b"");
}
