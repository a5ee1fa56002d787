//! What a worker does at the same time as the bootstrap: it writes on while its chunks are sent, and
//! it answers an event that it does not have yet.

use coldspark_emulator::script::Request;

use crate::common::function::runner;
use crate::common::{Answer, Function, Package, event, workers};

#[test]
fn a_worker_that_writes_on_while_its_chunks_are_sent_cuts_nothing() {
    // Under an emulator there is hardly a race, and much to wait for.
    let events = if runner().is_some() { 40 } else { 200 };
    let worker = workers::perl(
        r#"for my $piece (0 .. 199) {
            put(sprintf("%07d ", $piece) x 125); say_line("chunk $number 1000");
        }
        say_line("response $number");"#,
    );
    let package = Package::new().executable("handler", worker);
    let mut function = Function::start("worker:handler", package);
    let expected: String = (0..200)
        .map(|piece| format!("{piece:07} ").repeat(125))
        .collect();
    let whole =
        |request: &Request| request.body == expected.as_bytes() && request.trailers.is_empty();
    for number in 0..events {
        function.send(event(&number.to_string(), "{}"));
        let request = function.posted();
        let end = String::from_utf8_lossy(&request.body[request.body.len().max(60) - 60..]);
        assert!(
            whole(&request),
            "event {number}: {} bytes, the last ones {end:?}, trailers {:?}; {}",
            request.body.len(),
            request.trailers,
            function.log()
        );
    }
}

#[test]
fn an_answer_that_was_written_before_its_event_is_never_taken_for_it() {
    // Behind its answer to `early`, at various distances, the worker answers what comes next, by
    // every number that can be thought of.
    let worker = workers::perl(
        r#"if ($event eq "early") {
            put("early"); say_line("response $number");
            for (1 .. 400 * ($events % 16)) { }
            my $next = $events % 2 ? $number + 1 : $events + 1;
            say_line("response $next");
        } else {
            put($event); say_line("response $number");
        }"#,
    );
    let package = Package::new().executable("handler", worker);
    let mut function = Function::start("worker:handler", package);
    let (mut served, mut refused) = (0, 0);
    for round in 0..300 {
        match function.invoke("early") {
            Answer::Response(bytes) => assert_eq!(bytes, b"early"),
            // The line of the last worker but one came when it had the event already.
            answer => drop(answer.assert_error("Runtime.WorkerProtocol", &[])),
        }
        let innocent = format!("innocent {round}");
        match function.invoke(innocent.clone()) {
            Answer::Response(bytes) => {
                assert_eq!(String::from_utf8_lossy(&bytes), innocent);
                served += 1;
            }
            answer => {
                answer.assert_error("Runtime.WorkerProtocol", &[" as an answer to event "]);
                refused += 1;
            }
        }
    }
    println!("{served} events were served, and {refused} met the early line");
    assert!(served > 0, "{}", function.log());
}
