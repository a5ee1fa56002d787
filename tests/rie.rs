//! The bootstraps under AWS's own Runtime Interface Emulator.
//!
//! Needs `COLDSPARK_RIE`, the emulator's binary, and `COLDSPARK_TEST_BINARIES`; scripts/test sets
//! both.

mod common;

use common::Rie;
use serde_json::json;

fn orders() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/examples/orders")
}

#[test]
#[ignore = "needs the Runtime Interface Emulator: run scripts/test"]
fn hello_returns_its_events() {
    let rie = Rie::start("hello", "hello", "/");
    for event in [
        json!({}),
        json!({"a": [1, 2.5, "\u{1F980}"]}),
        json!("text"),
    ] {
        assert_eq!(rie.invoke_json(&event), (200, event));
    }
    let large = format!("\"{}\"", "x".repeat(6 * 1024 * 1024));
    let (status, body) = rie.invoke(large.as_bytes());
    assert_eq!((status, body.len()), (200, large.len()), "{}", rie.log());
    assert!(body == large.as_bytes());
    assert_eq!(rie.log().matches("INIT START").count(), 1, "{}", rie.log());
}

#[test]
#[ignore = "needs the Runtime Interface Emulator: run scripts/test"]
fn orders_answers_and_its_errors_keep_the_process() {
    let rie = Rie::start("orders", "orders.create", orders());
    let order = json!({"items": [{"article": "rope", "quantity": 2}]});
    for _ in 0..2 {
        let (status, receipt) = rie.invoke_json(&order);
        assert_eq!(status, 200, "{}", rie.log());
        assert_eq!(
            (&receipt["pieces"], &receipt["total"]),
            (&json!(2), &json!(700))
        );
        // The emulator gives a handler's error with status 200 and without a mark.
        let unknown = json!({"items": [{"article": "moon", "quantity": 1}]});
        let (status, error) = rie.invoke_json(&unknown);
        assert_eq!(
            (status, &error["errorType"]),
            (200, &json!("Order.UnknownArticle"))
        );
        let (status, error) = rie.invoke_json(&json!([]));
        assert_eq!(
            (status, &error["errorType"]),
            (200, &json!("Runtime.InvalidEvent"))
        );
    }
    assert_eq!(rie.log().matches("INIT START").count(), 1, "{}", rie.log());
}

#[test]
#[ignore = "needs the Runtime Interface Emulator: run scripts/test"]
fn a_failed_init_step_is_what_the_caller_sees() {
    let rie = Rie::start("orders", "orders.create", "/nowhere");
    let (status, error) = rie.invoke_json(&json!({}));
    assert_eq!(
        (status, &error["errorType"]),
        (502, &json!("Orders.NoPrices")),
        "{}",
        rie.log()
    );
    let message = error["errorMessage"].as_str().unwrap_or_default();
    assert!(message.contains("/nowhere/prices.json"), "{message}");
    assert!(rie.log().contains("exit status 1"), "{}", rie.log());
}

#[test]
#[ignore = "needs the Runtime Interface Emulator: run scripts/test"]
fn an_unknown_handler_is_what_the_caller_sees() {
    let rie = Rie::start("orders", "orders.cancel", orders());
    let (status, error) = rie.invoke_json(&json!({}));
    assert_eq!(
        (status, &error["errorType"]),
        (502, &json!("Runtime.NoSuchHandler"))
    );
    let message = error["errorMessage"].as_str().unwrap_or_default();
    for known in ["orders.cancel", "orders.create", "orders.price"] {
        assert!(message.contains(known), "{message}");
    }
}

#[test]
#[ignore = "needs the Runtime Interface Emulator: run scripts/test"]
fn the_largest_response_is_taken() {
    let rie = Rie::start("hello", "hello", "/");
    let largest = vec![b'1'; 6 * 1024 * 1024 + 100];
    let (status, body) = rie.invoke(&largest);
    assert_eq!((status, body.len()), (200, largest.len()), "{}", rie.log());
    assert_eq!(rie.invoke_json(&json!({"a": 1})), (200, json!({"a": 1})));
}

#[test]
#[ignore = "needs the Runtime Interface Emulator: run scripts/test"]
fn shutdown_hooks_run_since_the_function_registers_an_extension() {
    let rie = Rie::start("fixture-concurrent", "work", "/");
    let (status, answer) = rie.invoke_json(&json!({ "do": "wait", "milliseconds": 0 }));
    assert_eq!(status, 200, "{answer}");
    let log = rie.terminate();
    for hook in ["registered last", "registered first"] {
        assert!(log.contains(&format!("the hook that was {hook}")), "{log}");
    }
}
