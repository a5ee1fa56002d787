//! The table of the contract's rules names tests that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The rules of the checklist, which come first, and of the whole table.
const CHECKLIST: u32 = 13;
const ALL: u32 = 75;

struct Row {
    number: u32,
    rule: String,
    source: String,
    /// Path and name.
    tests: Vec<(String, String)>,
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn rows() -> Vec<Row> {
    let text = read("tests/CONTRACT.md");
    let lines = text.lines().filter(|line| line.starts_with("| "));
    let rows = lines.filter(|line| !line.starts_with("| # ")).map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [number, rule, source, tests] = cells[..] else {
            panic!("not four cells: {line}");
        };
        let tests = tests.split('`').filter(|test| test.contains("::"));
        Row {
            number: number.parse().expect("a number"),
            rule: rule.to_owned(),
            source: source.to_owned(),
            tests: tests
                .map(|test| test.split_once("::").expect("a path and a name"))
                .map(|(path, name)| (path.to_owned(), name.to_owned()))
                .collect(),
        }
    });
    rows.collect()
}

/// Whether the source has a function of this name right behind `#[test]` and its attributes.
fn is_test(source: &str, name: &str) -> bool {
    let head = format!("fn {name}(");
    let Some(at) = source.find(&head) else {
        return false;
    };
    let before = source[..at].lines().rev().map(str::trim);
    before
        .skip_while(|line| line.is_empty())
        .take_while(|line| line.starts_with("#["))
        .any(|line| line == "#[test]")
}

#[test]
fn every_rule_has_tests_that_exist() {
    let rows = rows();
    for row in &rows {
        assert!(
            !row.tests.is_empty(),
            "no test of {}: {}",
            row.number,
            row.rule
        );
        for (path, name) in &row.tests {
            assert!(
                is_test(&read(path), name),
                "{}: no test {path}::{name}",
                row.number
            );
        }
    }
}

#[test]
fn no_rule_is_left_out() {
    let numbers: Vec<u32> = rows().iter().map(|row| row.number).collect();
    assert!(numbers.is_sorted());
    let distinct: BTreeSet<u32> = numbers.into_iter().collect();
    assert_eq!(distinct, (1..=ALL).collect());
    let checklist = read("tests/CONTRACT.md");
    let checklist = checklist.split("\n## ").nth(1).expect("the checklist");
    let last = format!("\n| {CHECKLIST} |");
    assert!(checklist.starts_with("The checklist") && checklist.contains(&last));
}

#[test]
fn every_source_is_a_link_or_one_of_the_list() {
    let text = read("tests/CONTRACT.md");
    for row in rows() {
        for source in row.source.split(", ") {
            let listed = text.contains(&format!("[{source}](https://"));
            assert!(
                source == "RIE" || source.contains("](https://") || listed,
                "{}: {source}",
                row.number
            );
        }
    }
}

#[test]
fn what_is_no_test_is_not_taken_for_one() {
    let source = "#[test]\n#[ignore = \"x\"]\nfn one() {}\nfn two() {}\n    #[test]\n    fn three(";
    assert!(is_test(source, "one") && is_test(source, "three"));
    assert!(!is_test(source, "two") && !is_test(source, "on"));
}
