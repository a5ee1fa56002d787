//! What each fault of the tables is. Texts in backticks are values; `\r`, `\n`, `\t`, `\0` and
//! `\xNN` in them are bytes.

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::{self, Step};

use super::call::{BODY, Call, case};
use super::common::bare_event;
use super::process;
use super::scene::Played;
use super::wire::{Wire, head_length};

/// Plays the call with this fault.
pub(super) fn play(call: Call, fault: &str) -> Played {
    let (name, values) = split(fault);
    match process::play(call, &name) {
        Some(played) => played,
        None => reply_fault(call, &name, &values),
    }
}

/// A fault of the reply: what it says, or how it comes.
fn reply_fault(call: Call, name: &str, values: &[Vec<u8>]) -> Played {
    let good = call.good();
    let step = || Step::from(good.clone());
    let bytes = good.to_bytes();
    let head = head_length(&bytes);
    let wire = || Wire::of(&good);
    let value = || values[0].as_slice();
    let text = || std::str::from_utf8(value()).expect("a text");
    let nothing_came = |step: Step| match call.asks() {
        true => vec![step, good.clone().into()],
        false => vec![step],
    };
    let replies = match name {
        "closed before the head" => nothing_came(Step::close_after_request()),
        "closed within the head" => vec![step().cut_at(20)],
        "closed after the head" => vec![step().cut_at(head)],
        "closed within the body" => vec![step().cut_at(head + 3)],
        "closed after the body" => vec![step().then_close()],
        "reset before the head" => nothing_came(Step::reset()),
        "reset within the head" => vec![step().cut_at(20).once_read().then_reset()],
        "reset after the head" => vec![step().cut_at(head).once_read().then_reset()],
        "reset within the body" => vec![step().cut_at(head + 3).once_read().then_reset()],
        "reset after the body" => vec![step().once_read().then_reset()],
        "one byte a write" => vec![step().dribble()],
        "split at every byte" => return split_everywhere(call),
        "bytes `_` behind the body" => {
            let mut wire = wire();
            wire.body.extend_from_slice(value());
            vec![wire.step()]
        }
        "a whole event behind the body" => {
            let mut wire = wire();
            wire.body.extend(bare_event("smuggled", BODY).to_bytes());
            vec![wire.step()]
        }
        "header `_`" => vec![wire().set(value()).step()],
        "header `_`, then closed" => vec![wire().set(value()).step().then_close()],
        "one more header `_`" => vec![wire().add(value()).step()],
        "no header `_`" => vec![wire().without(text()).step()],
        "no header `_`, then closed" => vec![wire().without(text()).step().then_close()],
        "status line `_`" => vec![wire().status_line(value()).step()],
        "status line `_`, then closed" => vec![wire().status_line(value()).step().then_close()],
        "lines that end in LF" => {
            let mut wire = wire();
            wire.line_end = b"\n";
            vec![wire.step()]
        }
        "interim replies `_`" => vec![behind(&interim(text()), &bytes)],
        "interim reply `_` with a header" => {
            let interim = format!("HTTP/1.1 {} \r\nLink: </a>\r\n\r\n", text());
            vec![behind(interim.as_bytes(), &bytes)]
        }
        "only interim replies `_`, then closed" => {
            nothing_came(behind(&interim(text()), b"").then_close())
        }
        "`_` bytes of headers" => {
            let size: usize = text().parse().expect("a number");
            let line = [b"X-Filler: ".as_slice(), &vec![b'f'; size]].concat();
            vec![wire().add(line).step()]
        }
        "`_` headers" => {
            let count: usize = text().parse().expect("a number");
            let many = (0..count).fold(wire(), |wire, at| wire.add(format!("X-Many: {at}")));
            vec![many.step()]
        }
        "chunks `_`" => vec![wire().chunks(value()).step()],
        "chunks `_`, then closed" => vec![wire().chunks(value()).step().then_close()],
        "chunks `_`, one byte a write" => vec![wire().chunks(value()).step().dribble()],
        "chunks with an extension of `_` bytes" => {
            let size: usize = text().parse().expect("a number");
            let coded = format!("9;x={}\r\nsome body\r\n0\r\n\r\n", "e".repeat(size));
            vec![wire().chunks(coded.as_bytes()).step()]
        }
        "status `_`" => vec![script::status(text().parse().expect("a status")).into()],
        "nothing but `_`, then closed" => vec![Step::from(Reply::raw(value())).then_close()],
        _ => panic!("no fault is called {name:?}"),
    };
    let ends = name.ends_with(", then closed") || name.ends_with("after the body");
    if call != Call::Next || !ends {
        return call.scene().play(replies);
    }
    // The end arrives a moment behind the event: the handler gives it time.
    let played = call.waiting().play(replies);
    played.await_disconnected();
    played.go_on();
    played
}

/// Plays the call once for each place where its reply can be split.
fn split_everywhere(call: Call) -> Played {
    let good = call.good();
    let length = good.to_bytes().len();
    let scene = call.scene();
    let event = scene.before.first().cloned();
    let mut steps = Vec::new();
    for at in 1..length {
        // The other reply of the round is split too; what is longer than it does not split it.
        let event = event.clone().unwrap_or_else(|| case(BODY));
        let reply = match call {
            Call::Next => script::status(202),
            _ => good.clone(),
        };
        steps.push(event.split_at(&[at]));
        steps.push(Step::from(reply).split_at(&[at]));
    }
    let after = scene
        .after
        .into_iter()
        .skip(usize::from(call == Call::Next));
    let session = scene.function.start(steps.into_iter().chain(after));
    Played {
        rounds: length - 1,
        ..Played::new(session, usize::from(call != Call::Next))
    }
}

/// Interim replies with these statuses, which stand between commas.
fn interim(statuses: &str) -> Vec<u8> {
    let replies = statuses.split(", ");
    let replies = replies.map(|status| format!("HTTP/1.1 {status} \r\n\r\n"));
    replies.collect::<String>().into_bytes()
}

fn behind(first: &[u8], second: &[u8]) -> Step {
    Step::from(Reply::raw([first, second].concat()))
}

/// The text with each value replaced by an underscore, and the values.
fn split(fault: &str) -> (String, Vec<Vec<u8>>) {
    let mut name = String::new();
    let mut values = Vec::new();
    for (at, part) in fault.split('`').enumerate() {
        if at % 2 == 0 {
            name.push_str(part);
        } else {
            name.push_str("`_`");
            values.push(unescape(part));
        }
    }
    (name, values)
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        let byte = match (character, character == '\\') {
            (_, true) => match rest.next() {
                Some('r') => b'\r',
                Some('n') => b'\n',
                Some('t') => b'\t',
                Some('0') => b'\0',
                Some('x') => {
                    let digits: String = rest.by_ref().take(2).collect();
                    u8::from_str_radix(&digits, 16).expect("two digits")
                }
                other => panic!("{text:?} has the escape {other:?}"),
            },
            (plain, false) => {
                bytes.extend_from_slice(plain.to_string().as_bytes());
                continue;
            }
        };
        bytes.push(byte);
    }
    bytes
}
