use super::*;
use serde_json::{Value, json};

fn record() -> Record {
    Record::new("Shop").metric("Orders", Unit::Count, 1)
}

fn parsed(record: &Record) -> Value {
    let text = record.to_json().unwrap();
    assert!(!text.contains('\n'), "{text}");
    serde_json::from_str(&text).unwrap()
}

#[track_caller]
fn refused(record: &Record, expected: &str) {
    let error = record.to_json().unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_record_is_as_the_specification_says() {
    let time = SystemTime::now();
    let millis = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_millis() as u64;
    let record = Record::new("Shop")
        .dimension("Service", "or\"ders")
        .dimension("Stage", "test")
        .metric("Pieces", Unit::Count, 3)
        .metric("Rate", Unit::MegabytesPerSecond, 0.1)
        .metric("Rate", Unit::MegabytesPerSecond, 1e300)
        .property("caf\u{e9}", json!({ "a\n": [1, null] }))
        .at(time);
    assert_eq!(
        parsed(&record),
        json!({
            "_aws": {
                "Timestamp": millis,
                "CloudWatchMetrics": [{
                    "Namespace": "Shop",
                    "Dimensions": [["Service", "Stage"]],
                    "Metrics": [
                        { "Name": "Pieces", "Unit": "Count" },
                        { "Name": "Rate", "Unit": "Megabytes/Second" },
                    ],
                }],
            },
            "Service": "or\"ders",
            "Stage": "test",
            "Pieces": 3.0,
            "Rate": [0.1, 1e300],
            "caf\u{e9}": { "a\n": [1, null] },
        })
    );
    assert_eq!(
        parsed(&self::record())["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
        json!([[]])
    );
}

#[test]
fn counts_are_limited() {
    let many = |count: usize, limit: usize, add: &dyn Fn(Record, String) -> Record, text: &str| {
        let full = (0..count).fold(record(), |record, n| add(record, format!("n{n}")));
        parsed(&full);
        refused(&add(full, "more".into()), &format!("{} {text}", limit + 1));
    };
    many(
        99,
        100,
        &|record, name| record.metric(name, Unit::None, 1),
        "metrics",
    );
    many(
        30,
        30,
        &|record, name| record.dimension(name, "v"),
        "dimensions",
    );
    many(
        99,
        100,
        &|record, _| record.metric("Orders", Unit::Count, 2),
        "values",
    );
    refused(&Record::new("Shop"), "none in the record");
}

#[test]
fn names_are_checked() {
    let long = "x".repeat(MAX_NAME + 1);
    for name in ["", " ", ":a", "caf\u{e9}", "a\nb", "\u{7f}", &long] {
        refused(
            &Record::new(name).metric("a", Unit::Count, 1),
            "the namespace",
        );
        refused(&record().metric(name, Unit::Count, 1), "the metric");
        refused(&record().dimension(name, "v"), "the dimension");
    }
    parsed(&record().dimension(&long[1..], "a:b c"));
    refused(&record().property("", 1), "the property");
    refused(&record().property(&long, 1), "the property");
}

#[test]
fn dimension_values_are_checked() {
    let long = "x".repeat(MAX_DIMENSION_VALUE + 1);
    for value in ["", "  ", "caf\u{e9}", "a\nb", &long] {
        refused(
            &record().dimension("d", value),
            "value of the dimension \"d\"",
        );
    }
    parsed(&record().dimension("d", &long[1..]));
}

#[test]
fn a_name_stands_for_one_thing() {
    refused(&record().property("Orders", 1), "\"Orders\" is taken");
    refused(&record().dimension("Orders", "v"), "\"Orders\" is taken");
    refused(
        &record().property("p", 1).property("p", 2),
        "\"p\" is taken",
    );
    refused(
        &record().metric("_aws", Unit::Count, 1),
        "\"_aws\" is taken",
    );
    refused(&record().metric("Orders", Unit::Bytes, 1), "one unit");
}

#[test]
fn values_are_finite_numbers() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        refused(&record().metric("m", Unit::Count, value), "not a number");
    }
    let unusable = std::collections::BTreeMap::from([(vec![1], 1)]);
    refused(
        &record().property("p", unusable),
        "cannot be written as JSON",
    );
}

#[test]
fn times_are_near() {
    let now = SystemTime::now();
    let hour = Duration::from_secs(3600);
    parsed(&record().at(now - MAX_AGE + hour));
    parsed(&record().at(now + hour));
    refused(&record().at(now - MAX_AGE - hour), "14 days");
    refused(&record().at(now + 3 * hour), "2 hours");
    refused(&record().at(SystemTime::UNIX_EPOCH - hour), "14 days");
}

#[test]
fn a_record_fits_into_an_event_of_the_log() {
    refused(
        &record().property("p", "x".repeat(MAX_BYTES)),
        "leave properties out",
    );
    parsed(&record().property("p", "x".repeat(MAX_BYTES / 2)));
}
