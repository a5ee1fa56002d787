//! Faults of the server or of the process: gone, restarted, frozen.

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::{self, Step};

use super::call::{BODY, CASE, Call};
use super::common::limit;
use super::frozen::frozen;
use super::scene::{Played, Scene};

/// A fault of the server or the process, apart from what a reply says. None: it is another one.
pub(super) fn play(call: Call, name: &str) -> Option<Played> {
    let pid = |played: &Played| played.session.process.id();
    let played = match name {
        "refused" if call.is_answer() => {
            let played = call.waiting().play_refused();
            played.await_disconnected();
            played.go_on();
            Played {
                reached: false,
                ..played
            }
        }
        "refused" => Played {
            reached: false,
            ..call.scene().play_refused()
        },
        "the server restarts while the handler runs" => {
            let mut scene = call.waiting();
            let event = scene.before.pop().expect("an event");
            scene.before.push(event.closing_listener().then_close());
            let played = scene.play(vec![call.good().into()]);
            played.await_disconnected();
            played.session.api.reopen_listener().expect("its port");
            played.go_on();
            played
        }
        "the server restarts between two events" => {
            let [event, taken] = script::exchange("first", BODY);
            let scene = Scene {
                before: vec![event, taken.closing_listener().then_close()],
                ..call.scene()
            };
            let played = scene.play(vec![call.good().into()]);
            played.await_disconnected();
            played.session.api.reopen_listener().expect("its port");
            played
        }
        "the server restarts while it waits" => {
            let step = Step::close_after_request().closing_listener();
            let played = call.scene().play(vec![step, call.good().into()]);
            played.await_disconnected();
            played.session.api.reopen_listener().expect("its port");
            played
        }
        "closed behind the event, while the handler runs" => {
            let mut scene = call.waiting();
            let event = scene.before.pop().expect("an event");
            scene.before.push(event.then_close());
            let played = scene.play(vec![call.good().into()]);
            played.await_disconnected();
            played.go_on();
            played
        }
        "a whole reply behind a large event" => {
            let mut scene = call.scene();
            // More than a client reads at once, so that what is behind it stays in the socket.
            let event = br#"[{"Write":"some body"}]"#.to_vec();
            let event = script::event(CASE, [event, vec![b' '; 20_000]].concat());
            let both = [event.to_bytes(), b"HTTP/1.1 500 \r\n\r\n".to_vec()].concat();
            scene.before = vec![Step::from(Reply::raw(both))];
            scene.play(vec![call.good().into()])
        }
        "a kept connection closed before the head" => kept(call, Step::close_after_request()),
        "a kept connection reset before the head" => kept(call, Step::reset()),
        "frozen while it waits" | "frozen before it reads the reply" => {
            let (played, after) = call.scene().play_to_call();
            played.await_requests(played.before + 1);
            frozen(pid(&played), || {
                played.push([call.good().into()]);
                played.push(after);
            });
            played
        }
        "frozen while it waits, its connection closed" => {
            let (played, after) = call.scene().play_to_call();
            played.await_requests(played.before + 1);
            frozen(pid(&played), || {
                played.push([Step::close_after_request()]);
                played.session.api.wait_closed(1, limit());
                played.push([call.good().into()]);
                played.push(after);
            });
            played
        }
        "frozen in the handler" => {
            let played = call.waiting().play(vec![call.good().into()]);
            played.await_requests(1);
            frozen(pid(&played), || played.go_on());
            played
        }
        "frozen in the handler, its connection closed" => {
            let mut scene = call.waiting();
            let event = scene.before.pop().expect("an event");
            scene.before.push(event.then_close());
            let played = scene.play(vec![call.good().into()]);
            played.await_requests(1);
            frozen(pid(&played), || {
                played.await_disconnected();
                played.go_on();
            });
            played
        }
        "the server frozen while it has the call" => {
            let (played, after) = call.scene().play_to_call_relayed();
            played.await_requests(played.before + 1);
            played.relay().freeze();
            played.push([call.good().into()]);
            played.push(after);
            played.await_sleep();
            assert!(!call.is_last() || played.session.process.ended().is_none());
            played.relay().thaw();
            played
        }
        "the server frozen when the call comes" => {
            let (played, after) = call.waiting().play_to_call_relayed();
            played.await_requests(played.before);
            played.await_sleep();
            played.relay().freeze();
            played.push([call.good().into()]);
            played.push(after);
            played.go_on();
            played.await_sleep();
            assert_eq!(played.session.api.requests().len(), played.before);
            played.relay().thaw();
            played
        }
        _ => return None,
    };
    Some(played)
}

/// The fault comes on a connection that has carried an event before.
fn kept(call: Call, fault: Step) -> Played {
    let scene = Scene {
        before: script::exchange("first", BODY).into(),
        ..call.scene()
    };
    scene.play(vec![fault, call.good().into()])
}
