//! Calls of DynamoDB as others than moto's authors understand it: dynalite, which checks inputs, answers and
//! errors against what the service itself said.

use std::env;
use std::process::Command;
use std::time::Duration;

use coldspark_emulator::skipped;
use serde_json::{Value, json};

use super::others::{Running, tools};
use super::{DYNAMODB, failure, fixture, push, response, start};

/// Starts it, or says that this machine lacks it.
fn dynalite() -> Option<Running> {
    let tools = tools()?;
    let program = tools.join("dynalite/node_modules/dynalite/cli.js");
    if !program.exists() {
        skipped("no dynalite; scripts/setup installs it");
        return None;
    }
    let own = tools.join("templates/bin");
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(env::split_paths(&path).chain([own])).expect("a path");
    Some(Running::start(|port| {
        let mut command = Command::new("node");
        command
            .env("PATH", path)
            .arg(program)
            .args(["--host", "127.0.0.1", "--createTableMs", "0"])
            .args(["--port", port]);
        command
    }))
}

fn call(operation: &str, input: &Value) -> Value {
    json!({ "call": [DYNAMODB, operation, input] })
}

fn put(day: u32, price: u32, more: &Value) -> Value {
    let mut input = json!({ "TableName": "prices",
        "Item": { "article": { "S": "rope" }, "day": { "N": day.to_string() },
            "price": { "N": price.to_string() }, "tags": { "SS": ["hemp", "größe"] },
            "sample": { "B": "AP8=" }, "sold": { "BOOL": false }, "parts": { "L": [{ "NULL": true }] } } });
    let more = more.as_object().expect("an object").clone();
    input.as_object_mut().expect("an object").extend(more);
    call("PutItem", &input)
}

#[test]
fn a_dynamodb_of_others_understands_the_calls() {
    let Some(dynalite) = dynalite() else { return };
    let key = json!({ "article": { "S": "rope" }, "day": { "N": "2" } });
    let table = json!({ "TableName": "prices", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "article", "AttributeType": "S" },
            { "AttributeName": "day", "AttributeType": "N" }],
        "KeySchema": [{ "AttributeName": "article", "KeyType": "HASH" },
            { "AttributeName": "day", "KeyType": "RANGE" }] });
    let query = json!({ "TableName": "prices", "ScanIndexForward": false,
        "KeyConditionExpression": "article = :article AND #day >= :day",
        "FilterExpression": "price < :dear",
        "ExpressionAttributeNames": { "#day": "day" },
        "ExpressionAttributeValues": { ":article": { "S": "rope" }, ":day": { "N": "2" },
            ":dear": { "N": "400" } } });
    let session = start(fixture(&dynalite.url()), &call("CreateTable", &table));
    assert_eq!(
        response(&session, 1)["TableDescription"]["TableName"],
        "prices"
    );
    // A table that is made is there a moment later.
    let mut number = 1;
    loop {
        push(
            &session,
            &call("DescribeTable", &json!({ "TableName": "prices" })),
        );
        number += 1;
        let table = &response(&session, number)["Table"];
        if table["TableStatus"] == "ACTIVE" {
            break;
        }
        assert!(number < 600, "{table}");
        std::thread::sleep(Duration::from_millis(100));
    }
    let once = json!({ "ConditionExpression": "attribute_not_exists(article)" });
    let taken = [
        put(1, 300, &json!({})),
        put(2, 350, &once),
        put(3, 399, &json!({ "ReturnConsumedCapacity": "TOTAL" })),
        put(4, 500, &json!({})),
        call(
            "GetItem",
            &json!({ "TableName": "prices", "Key": key, "ConsistentRead": true }),
        ),
        call("Query", &query),
    ];
    let refused = [
        (put(2, 1, &once), "ConditionalCheckFailedException"),
        (
            call("GetItem", &json!({ "TableName": "others", "Key": key })),
            "ResourceNotFoundException",
        ),
        (
            call("GetItem", &json!({ "TableName": "prices", "Key": {} })),
            "ValidationException",
        ),
    ];
    let mut answers = Vec::new();
    for event in &taken {
        push(&session, event);
        number += 1;
        answers.push(response(&session, number));
    }
    for (event, code) in &refused {
        push(&session, event);
        number += 1;
        assert_eq!(failure(&session, number).error_type, *code);
    }
    let [.., got, found] = &answers[..] else {
        panic!("an answer for each event");
    };
    let item = &got["Item"];
    assert_eq!(item["price"]["N"], "350");
    // A set has no order.
    for tag in ["hemp", "größe"] {
        let tags = item["tags"]["SS"].as_array().expect("a set");
        assert!(tags.contains(&json!(tag)), "{item}");
    }
    assert_eq!(item["sample"]["B"], "AP8=");
    let days = found["Items"].as_array().expect("items");
    let days: Vec<&Value> = days.iter().map(|item| &item["day"]["N"]).collect();
    assert_eq!(days, ["3", "2"]);
    assert_eq!(
        (&found["Count"], &found["ScannedCount"]),
        (&json!(2), &json!(3))
    );
}
