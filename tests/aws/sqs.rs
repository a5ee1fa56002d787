//! Calls of SQS as two implementations understand them that share no code: those of ministack and of moto.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use coldspark_emulator::skipped;
use serde_json::{Value, json};

use super::common::Session;
use super::oracles::python;
use super::others::{Running, tools};
use super::{SQS, failure, fixture, moto, push, response, start};

/// Starts ministack, or says that this machine lacks it.
fn ministack() -> Option<Running> {
    let program = tools()?.join("ministack/bin/ministack");
    if !program.exists() {
        skipped("no ministack; scripts/setup installs it");
        return None;
    }
    // All that it keeps.
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("ministack-sqs");
    fs::create_dir_all(&folder).expect("a folder");
    Some(Running::start(|port| {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", &folder)
            .env("TMPDIR", &folder)
            .env("GATEWAY_PORT", port)
            .env("BIND_HOST", "127.0.0.1")
            .current_dir(&folder)
            .stderr(Stdio::null());
        command
    }))
}

/// A function that has made some calls.
struct Calls {
    session: Session,
    number: usize,
}

impl Calls {
    fn event(&mut self, event: &Value) -> usize {
        push(&self.session, event);
        self.number += 1;
        self.number
    }

    #[track_caller]
    fn made(&mut self, operation: &str, input: &Value) -> Value {
        let number = self.event(&json!({ "call": [SQS, operation, input] }));
        response(&self.session, number)
    }

    #[track_caller]
    fn refused(&mut self, operation: &str, input: &Value) -> String {
        let number = self.event(&json!({ "call": [SQS, operation, input] }));
        failure(&self.session, number).error_type
    }

    fn received(&mut self, url: &str) -> Vec<Value> {
        let input = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 600,
            "MessageAttributeNames": ["All"] });
        match &mut self.made("ReceiveMessage", &input)["Messages"] {
            Value::Array(messages) => std::mem::take(messages),
            _ => Vec::new(),
        }
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    let found = value[name].as_str();
    found.unwrap_or_else(|| panic!("{name} in {value}"))
}

fn a_queue_is_filled_and_emptied(server: &Running) {
    let create = json!({ "call": [SQS, "CreateQueue", { "QueueName": "orders" }] });
    let session = start(fixture(&server.url()), &create);
    let queue = text(&response(&session, 1), "QueueUrl").to_owned();
    let mut calls = Calls { session, number: 1 };

    let body = "größe \"1\" <&> 漢\n\u{1f980}";
    let sent = calls.made(
        "SendMessage",
        &json!({ "QueueUrl": queue, "MessageBody": body, "MessageAttributes": {
            "kind": { "DataType": "String", "StringValue": "rope" },
            "bytes": { "DataType": "Binary", "BinaryValue": "AP8=" } } }),
    );
    let [message] = &calls.received(&queue)[..] else {
        panic!("one message");
    };
    assert_eq!(text(message, "MessageId"), text(&sent, "MessageId"));
    assert_eq!(text(message, "MD5OfBody"), text(&sent, "MD5OfMessageBody"));
    assert_eq!(text(message, "Body"), body);
    assert_eq!(message["MessageAttributes"]["kind"]["StringValue"], "rope");
    assert_eq!(message["MessageAttributes"]["bytes"]["BinaryValue"], "AP8=");
    // It is invisible, and then gone.
    assert_eq!(calls.received(&queue).len(), 0);
    let handle = json!({ "QueueUrl": queue, "ReceiptHandle": text(message, "ReceiptHandle") });
    assert_eq!(calls.made("DeleteMessage", &handle), json!({}));

    let entries: Vec<_> = (0..10)
        .map(|number| json!({ "Id": format!("id-{number}"), "MessageBody": number.to_string() }))
        .collect();
    let batch = json!({ "QueueUrl": queue, "Entries": entries });
    let sent = calls.made("SendMessageBatch", &batch);
    let taken = sent["Successful"].as_array().expect("a list");
    assert_eq!(taken.len(), 10);
    let mut bodies = Vec::new();
    let mut gone = Vec::new();
    while bodies.len() < 10 {
        let messages = calls.received(&queue);
        assert!(!messages.is_empty(), "{bodies:?}");
        for message in messages {
            bodies.push(text(&message, "Body").to_owned());
            let handle = text(&message, "ReceiptHandle");
            gone.push(json!({ "Id": gone.len().to_string(), "ReceiptHandle": handle }));
        }
    }
    bodies.sort_unstable();
    assert_eq!(bodies, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    let left = gone.split_off(9).remove(0);
    // A batch that fails in part is an answer and no error.
    gone.push(json!({ "Id": "wrong", "ReceiptHandle": "nonsense" }));
    let deleted = calls.made(
        "DeleteMessageBatch",
        &json!({ "QueueUrl": queue, "Entries": gone }),
    );
    assert_eq!(deleted["Successful"].as_array().expect("a list").len(), 9);
    assert_eq!(deleted["Failed"][0]["Id"], "wrong");
    assert_eq!(deleted["Failed"][0]["Code"], "ReceiptHandleIsInvalid");
    // Visible again, and received again.
    let visible = json!({ "QueueUrl": queue, "ReceiptHandle": left["ReceiptHandle"], "VisibilityTimeout": 0 });
    assert_eq!(calls.made("ChangeMessageVisibility", &visible), json!({}));
    assert_eq!(calls.received(&queue).len(), 1);
    let count = json!({ "QueueUrl": queue, "AttributeNames": ["All"] });
    let attributes = calls.made("GetQueueAttributes", &count);
    let waiting = &attributes["Attributes"]["ApproximateNumberOfMessagesNotVisible"];
    assert_eq!(waiting, "1");

    refusals(&mut calls, &queue);
    first_in_first_out(&mut calls);
}

/// The codes are the documented ones, which SQS sends in a header of its own.
fn refusals(calls: &mut Calls, queue: &str) {
    let message = |id: &str| json!({ "Id": id, "MessageBody": "m" });
    let eleven: Vec<_> = (0..11).map(|number| message(&number.to_string())).collect();
    let nowhere = queue.replace("orders", "nowhere");
    for (operation, input, code) in [
        (
            "SendMessage",
            json!({ "QueueUrl": nowhere, "MessageBody": "m" }),
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        (
            "GetQueueUrl",
            json!({ "QueueName": "nowhere" }),
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        (
            "SendMessageBatch",
            json!({ "QueueUrl": queue, "Entries": [] }),
            "AWS.SimpleQueueService.EmptyBatchRequest",
        ),
        (
            "SendMessageBatch",
            json!({ "QueueUrl": queue, "Entries": [message("a"), message("a")] }),
            "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        ),
        (
            "SendMessageBatch",
            json!({ "QueueUrl": queue, "Entries": eleven }),
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        ),
        (
            "DeleteMessage",
            json!({ "QueueUrl": queue, "ReceiptHandle": "nonsense" }),
            "ReceiptHandleIsInvalid",
        ),
    ] {
        assert_eq!(calls.refused(operation, &input), code, "{operation}");
    }
}

/// A message with the token of an earlier one is taken and not queued: `repeatable` may send it twice.
fn first_in_first_out(calls: &mut Calls) {
    let create = json!({ "QueueName": "orders.fifo", "Attributes": { "FifoQueue": "true" } });
    let queue = text(&calls.made("CreateQueue", &create), "QueueUrl").to_owned();
    for (body, token) in [("1", "first"), ("1", "first"), ("2", "second")] {
        let number = calls.event(
            &json!({ "repeatable": [SQS, "SendMessage", { "QueueUrl": queue,
            "MessageBody": body, "MessageGroupId": "g", "MessageDeduplicationId": token }] }),
        );
        response(&calls.session, number);
    }
    let bodies: Vec<_> = calls
        .received(&queue)
        .iter()
        .map(|message| text(message, "Body").to_owned())
        .collect();
    assert_eq!(bodies, ["1", "2"]);
}

#[test]
fn the_queues_of_ministack_are_filled_and_emptied() {
    let Some(ministack) = ministack() else { return };
    a_queue_is_filled_and_emptied(&ministack);
}

#[test]
fn the_queues_of_moto_are_filled_and_emptied() {
    let Some(python) = python("moto") else { return };
    a_queue_is_filled_and_emptied(&moto::moto(&python));
}
