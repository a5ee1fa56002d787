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
        .metric("Rate", Unit::MegabytesPerSecond, 1e15)
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
            "Rate": [0.1, 1e15],
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
    refused(&Record::new("Shop"), "the record has no metric");
}

#[test]
fn names_are_checked() {
    let long = "x".repeat(256);
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
    let long = "x".repeat(1025);
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
    for name in ["_aws", "level", "timestamp"] {
        let taken = format!("{name:?} is taken");
        refused(&record().metric(name, Unit::Count, 1), &taken);
        refused(&record().dimension(name, "v"), &taken);
        refused(&record().property(name, 1), &taken);
    }
    refused(&record().metric("Orders", Unit::Bytes, 1), "one unit");
}

#[test]
fn values_are_finite_numbers() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        refused(&record().metric("m", Unit::Count, value), "does not take");
    }
    let unusable = std::collections::BTreeMap::from([(vec![1], 1)]);
    refused(
        &record().property("p", unusable),
        "cannot be written as JSON",
    );
}

/// `PutMetricData`: values from -2^360 to 2^360; the base-10 form of its older text has
/// 8.515920e-109 as the least.
#[test]
fn values_are_what_cloudwatch_takes() {
    // 2^360.
    let most = 2.3485425827738332e108;
    assert_eq!(most, 2.0_f64.powi(360));
    for value in [0.0, -0.0, 1.0, most, 2.3485e108, 8.515920e-109, 8.6e-109] {
        parsed(&record().metric("m", Unit::Count, value));
        parsed(&record().metric("m", Unit::Count, -value));
    }
    for value in [
        most * (1.0 + f64::EPSILON),
        2.3486e108,
        1e109,
        f64::MAX,
        8.5159e-109,
        1e-110,
        f64::MIN_POSITIVE,
        5e-324,
    ] {
        for value in [value, -value] {
            let record = record()
                .metric("m", Unit::Count, 1)
                .metric("m", Unit::Count, value);
            refused(
                &record,
                "the metric \"m\" has a value that CloudWatch does not take",
            );
        }
    }
}

#[test]
fn dimension_sets_name_dimensions_of_the_record() {
    let record = || {
        record()
            .dimension("a", "1")
            .dimension("b", "2")
            .dimension("only in the log", "3")
    };
    let sets =
        |record: &Record| parsed(record)["_aws"]["CloudWatchMetrics"][0]["Dimensions"].take();
    let several = record()
        .dimension_set(["a"])
        .dimension_set([String::from("b"), String::from("a")])
        .dimension_set([""; 0]);
    assert_eq!(sets(&several), json!([["a"], ["b", "a"], []]));
    assert_eq!(sets(&record()), json!([["a", "b", "only in the log"]]));
    assert_eq!(sets(&record().dimension_set([""; 0])), json!([[]]));
    assert_eq!(parsed(&several)["only in the log"], "3");
    refused(
        &record().dimension_set(["c"]),
        "\"c\", which is no dimension",
    );
    refused(
        &record().dimension_set(["Orders"]),
        "\"Orders\", which is no",
    );
    refused(&record().dimension_set(["a", "a"]), "\"a\" is taken");

    // 30 in a set, and more in the record.
    let names = |from: usize| (from..from + 30).map(|n| format!("n{n}"));
    let many = (0..60).fold(record(), |record, n| record.dimension(format!("n{n}"), "v"));
    refused(&many, "63 dimensions, and a record may have 30");
    let many = many.dimension_set(names(0)).dimension_set(names(30));
    assert_eq!(sets(&many)[1].as_array().unwrap().len(), 30);
    let over = many.dimension_set((0..31).map(|n| format!("n{n}")));
    refused(&over, "31 dimensions in a set, and a record may have 30");
}

#[test]
fn a_metric_has_one_resolution() {
    let record = Record::new("Shop")
        .high_resolution_metric("Fine", Unit::Count, 1)
        .metric("Coarse", Unit::Count, 2)
        .high_resolution_metric("Fine", Unit::Count, 3);
    let json = parsed(&record);
    assert_eq!(
        json["_aws"]["CloudWatchMetrics"][0]["Metrics"],
        json!([
            { "Name": "Fine", "Unit": "Count", "StorageResolution": 1 },
            { "Name": "Coarse", "Unit": "Count" },
        ])
    );
    assert_eq!(json["Fine"], json!([1.0, 3.0]));
    refused(&record.metric("Fine", Unit::Count, 1), "one resolution");
}

#[test]
fn raw_json_stays_on_the_line() {
    let raw = "{\r\n  \"a\": [1,\n\n  \"b\\nc\"]\r}";
    let raw = serde_json::value::RawValue::from_string(raw.to_owned()).unwrap();
    let record = record()
        .property("raw", json!({ "x": 1 }))
        .property("p", raw);
    assert_eq!(parsed(&record)["p"], json!({ "a": [1, "b\nc"] }));
    let text = record.to_json().unwrap();
    assert!(!text.contains(['\n', '\r']), "{text:?}");
}

/// `MetricDatum`: a time stamp may be up to two weeks before the current date, and up to two hours after
/// the current day and time.
#[test]
fn times_are_at_most_two_weeks_ago_or_two_hours_ahead() {
    let now = SystemTime::now();
    let (weeks, hours) = (Duration::from_secs(1_209_600), Duration::from_secs(7_200));
    let instant = Duration::from_nanos(1);
    for (time, taken) in [
        (now, true),
        (now - weeks, true),
        (now - weeks - instant, false),
        (now + hours, true),
        (now + hours + instant, false),
        (SystemTime::UNIX_EPOCH, false),
        (SystemTime::UNIX_EPOCH - instant, false),
    ] {
        assert_eq!(is_near(time, now), taken, "{time:?}, and now is {now:?}");
    }
    let minute = Duration::from_secs(60);
    parsed(&record().at(now - weeks + minute));
    parsed(&record().at(now + hours));
    refused(&record().at(now - weeks - minute), "14 days");
    refused(&record().at(now + hours + minute), "2 hours");
}

#[test]
fn a_record_fits_into_an_event_of_the_log() {
    let of_size = |size: usize| {
        let record = |text: usize| record().property("p", "x".repeat(text));
        record(size - record(0).to_json().expect("a record").len())
    };
    assert_eq!(
        of_size(1_048_575).to_json().map(|json| json.len()),
        Ok(1_048_575)
    );
    refused(&of_size(1_048_576), "1048576 bytes");
    refused(&of_size(1_048_576), "leave properties out");
}
