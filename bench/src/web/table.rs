//! The tables, as markdown.

use std::fmt::Write;

use super::figures::{BESIDE, DOWNLOAD, FIRST, NEXT, Results, SEVERAL, STREAM, UPLOAD, WARM};

const COLUMNS: [(&str, &str); 8] = [
    ("spawn to `next`", NEXT),
    ("first answer", FIRST),
    ("first answer without the application's CPU time", BESIDE),
    ("warm request", WARM),
    ("6 MB event", UPLOAD),
    ("6 MB response", DOWNLOAD),
    ("first byte of a stream", STREAM),
    ("event, 16 at a time", SEVERAL),
];

/// Everything that was measured; times are medians in microseconds.
pub(super) fn render(results: &Results) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for application in &results.applications {
        let about = &application.about;
        let _ = writeln!(text, "## {about}, {} rounds, us\n", application.rounds);
        let titles = COLUMNS.map(|(title, _)| title).join(" | ");
        let _ = writeln!(text, "| | {titles} | warm p99 | RSS, kB | bytes |");
        let _ = writeln!(text, "{}|", "|---".repeat(COLUMNS.len() + 4));
        for row in &application.stacks {
            let _ = write!(text, "| `{}` |", row.name);
            for (_, figure) in COLUMNS {
                let ratio = row.layer_ratio.get(figure).map(|ratio| ratio.median);
                let ratio = ratio.map_or_else(String::new, |ratio| format!(" ({ratio:.2})"));
                let cell = row
                    .us
                    .get(figure)
                    .map(|us| format!("{:.0}{ratio}", us.median));
                let _ = write!(text, " {} |", cell.unwrap_or_default());
            }
            let number =
                |value: Option<f64>| value.map_or_else(String::new, |it| format!("{it:.0}"));
            let bytes = results.sizes.get(&row.name).map(|size| size.bytes as f64);
            let (p99, resident) = (number(row.warm_p99_us), number(row.resident_kb));
            let _ = writeln!(text, " {p99} | {resident} | {} |", number(bytes));
        }
        text.push('\n');
        for row in &application.stacks {
            for (figure, error) in &row.failed {
                let _ = writeln!(text, "- {}, {figure} failed: {error}", row.name);
            }
        }
    }
    let _ = writeln!(text, "In brackets: the layer's time through this one's.\n");
    for aim in &results.aims {
        let word = if aim.holds { "holds" } else { "MISSED" };
        let _ = writeln!(
            text,
            "- {}: {:.3}, limit {}: {word}",
            aim.what, aim.value, aim.limit
        );
    }
    for missing in &results.missing {
        let _ = writeln!(text, "- not measured: {}, {}", missing.name, missing.reason);
    }
    let _ = writeln!(text, "- {}", results.moments.describe());
    for noise in &results.noise {
        let _ = writeln!(text, "- NOISY: {noise}");
    }
    let _ = writeln!(text, "\n{}", results.machine.describe());
    text
}
