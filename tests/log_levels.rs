//! Levels of the log for each target, by `COLDSPARK_LOG`.

mod common;

use common::log::{FORMAT, LEVEL, lines, logging, served};

const TARGETS: [&str; 3] = ["hyper::client", "shop", "shop::db"];
const LEVELS: [&str; 5] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];

/// For each of the targets, its lines by tracing and by the `log` crate start at this level.
#[track_caller]
fn check(lambda: &str, setting: &str, least: [Option<&str>; 3]) {
    let function = logging("levels")
        .env(FORMAT, "JSON")
        .env(LEVEL, lambda)
        .env("COLDSPARK_LOG", setting);
    let session = served(function, "\"\"");
    let lines = lines(&session);
    let mut count = 0;
    for (target, least) in TARGETS.iter().zip(least) {
        let place = least.map(|least| LEVELS.iter().position(|level| *level == least));
        let expected = place.map_or(&[][..], |place| &LEVELS[place.expect("a level")..]);
        for source in ["tracing", "log"] {
            let own = lines
                .iter()
                .filter(|line| line["target"] == *target && line["message"] == source);
            let mut found: Vec<_> = own.map(|line| line["level"].as_str().unwrap()).collect();
            // The levels of the log crate begin with the highest.
            if source == "log" {
                found.reverse();
            }
            assert_eq!(
                found, expected,
                "{lambda:?} {setting:?}: {target} by {source}"
            );
            count += found.len();
        }
    }
    assert_eq!(lines.len(), count, "{setting:?}: {lines:?}");
}

#[test]
fn the_longest_beginning_of_a_target_decides() {
    let all = |level| [Some(level); 3];
    check("", "", all("INFO"));
    check("WARN", " , ", all("WARN"));
    check("WARN", "debug", all("DEBUG"));
    check("TRACE", "error", all("ERROR"));
    check("", "hyper=warn", [Some("WARN"), Some("INFO"), Some("INFO")]);
    check(
        "ERROR",
        "shop=Trace",
        [Some("ERROR"), Some("TRACE"), Some("TRACE")],
    );
    let both = "off,shop::db=debug, shop = warn";
    check("TRACE", both, [None, Some("WARN"), Some("DEBUG")]);
    check(
        "",
        "shop=debug,shop::db=off",
        [Some("INFO"), Some("DEBUG"), None],
    );
}

#[test]
fn bad_directives_are_named_in_one_warning_and_the_others_hold() {
    let function = logging("levels")
        .env(FORMAT, "JSON")
        .env("COLDSPARK_LOG", "hyper=wran,shop=error,lo\"ud,=warn,off");
    let session = served(function, "\"\"");
    let lines = lines(&session);
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert_eq!(lines[0]["level"], "WARN");
    let warning = lines[0]["message"].as_str().unwrap();
    let expected = r#"COLDSPARK_LOG has ["hyper=wran", "lo\"ud", "=warn"], where LEVEL or "#;
    assert!(warning.starts_with(expected), "{warning}");
    assert!(warning.ends_with("; the rest of it holds"), "{warning}");
    for line in &lines[1..] {
        assert_eq!(line["level"], "ERROR");
    }
}
