use super::*;

struct Message(&'static str, Option<&'static str>);

fn id(message: &Message) -> Option<&str> {
    Some(message.0)
}

fn group(message: &Message) -> Option<&str> {
    message.1
}

fn batch() -> [Message; 6] {
    [
        Message("1", Some("a")),
        Message("bad-2", Some("b")),
        Message("3", Some("a")),
        Message("4", Some("b")),
        Message("bad-5", None),
        Message("6", None),
    ]
}

/// Fails for what is bad; notes what was tried.
fn note<'a>(tried: &'a mut Vec<String>) -> impl FnMut(&Message) -> Result<(), Error> + 'a {
    |message| {
        tried.push(message.0.to_owned());
        match message.0.strip_prefix("bad") {
            Some(rest) => Err(Error::new("Test.Bad", rest)),
            None => Ok(()),
        }
    }
}

#[test]
fn a_queue_is_tried_to_its_end() {
    let mut tried = Vec::new();
    let failures = queue(&batch(), id, note(&mut tried)).unwrap();
    assert_eq!(failures.ids(), ["bad-2", "bad-5"]);
    assert_eq!(tried, ["1", "bad-2", "3", "4", "bad-5", "6"]);
}

#[test]
fn a_group_stops_at_its_first_failure() {
    let mut tried = Vec::new();
    let failures = fifo(&batch(), id, group, note(&mut tried)).unwrap();
    assert_eq!(failures.ids(), ["bad-2", "4", "bad-5", "6"]);
    assert_eq!(tried, ["1", "bad-2", "3", "bad-5"]);
}

#[test]
fn a_stream_stops_at_its_first_failure() {
    let mut tried = Vec::new();
    let failures = stream(&batch(), id, note(&mut tried)).unwrap();
    assert_eq!(failures.ids(), ["bad-2"]);
    assert_eq!(tried, ["1", "bad-2"]);
}

#[test]
fn a_record_without_an_id_refuses_the_batch_before_anything_is_tried() {
    for missing in [None, Some("")] {
        let id = |number: &u8| (*number != 2).then_some("id").or(missing);
        let mut tried = 0;
        let mut work = |_: &u8| {
            tried += 1;
            Ok(())
        };
        let errors = [
            queue(&[1, 2], id, &mut work).unwrap_err(),
            fifo(&[1, 2], id, |_| None, &mut work).unwrap_err(),
            stream(&[1, 2], id, &mut work).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.error_type(), "Runtime.InvalidEvent");
            assert!(error.message().starts_with("record 2 of the batch"));
        }
        assert_eq!(tried, 0);
    }
}

#[test]
fn a_panic_is_the_failure_of_its_record() {
    let work = |message: &Message| {
        assert!(!message.0.starts_with("bad"), "refused");
        Ok(())
    };
    let failures = queue(&batch(), id, work).unwrap();
    assert_eq!(failures.ids(), ["bad-2", "bad-5"]);
}

#[test]
fn the_answer_is_what_lambda_reads() {
    let json = |failures: &ItemFailures| serde_json::to_string(failures).unwrap();
    let none = queue(&[] as &[Message], id, |_| Ok(())).unwrap();
    assert!(none.is_empty());
    assert_eq!(json(&none), r#"{"batchItemFailures":[]}"#);
    let some = stream(&batch(), id, note(&mut Vec::new())).unwrap();
    assert_eq!(
        json(&some),
        r#"{"batchItemFailures":[{"itemIdentifier":"bad-2"}]}"#
    );
}
