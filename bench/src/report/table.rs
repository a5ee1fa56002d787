//! The tables, in markdown.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::figures::{self, COUNTED, TIMED};
use crate::pairs::Pair;
use crate::results::{Measured, Results, Time};
use crate::stats::Spread;

/// The whole report on one architecture.
pub(crate) fn render(results: &Results) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_report(&mut text, results);
    text
}

fn write_report(out: &mut String, results: &Results) -> std::fmt::Result {
    writeln!(out, "### {}\n", results.arch)?;
    writeln!(
        out,
        "{} ({}), {}.",
        results.date,
        results.commit,
        results.machine.describe()
    )?;
    let versions: Vec<String> = results
        .versions
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    writeln!(out, "{}.", versions.join(", "))?;
    if let Some(limit) = &results.limit {
        writeln!(out, "{limit}.")?;
    }
    if !results.noise.is_empty() {
        writeln!(
            out,
            "\n**NOISY, not to be committed**: {}. Measure again when the machine has nothing else \
             to do.\n",
            results.noise.join("; ")
        )?;
    }
    if results.wall_time {
        writeln!(out, "{}.\n", results.moments.describe())?;
        writeln!(
            out,
            "Microseconds: median [p10 to p90] ratio to the floor in the same rounds. Up to {} \
             rounds warm, {} cold, {} with the 6 MB event, {} with 1 MB of JSON.\n",
            results.rounds.warm, results.rounds.cold, results.rounds.large, results.rounds.json
        )?;
        times(out, &results.programs)?;
    } else {
        writeln!(
            out,
            "This machine runs {} under qemu only: no wall time. The counts are exact.",
            results.arch
        )?;
    }
    writeln!(out)?;
    counts(out, &results.programs)?;
    if !results.allocators.is_empty() {
        writeln!(out)?;
        if results.wall_time {
            times(out, &results.allocators)?;
            writeln!(out)?;
        }
        counts(out, &results.allocators)?;
    }
    if !results.calls.is_empty() {
        writeln!(
            out,
            "\nAnswers with a call of a service, a local server with TLS 1.3 and an RSA chain; ratios are \
             to the first line:\n"
        )?;
        if results.wall_time {
            times(out, &results.calls)?;
            writeln!(out)?;
        }
        counts(out, &results.calls)?;
    }
    pairs(out, &results.pairs)?;
    notes(out, results)
}

fn times(out: &mut String, programs: &[Measured]) -> std::fmt::Result {
    let figures = TIMED.iter().map(|figure| (figure.name, figure.title));
    rows(out, programs, figures, |program, figure| {
        program.timed.get(figure).map(cell)
    })
}

fn counts(out: &mut String, programs: &[Measured]) -> std::fmt::Result {
    let figures = COUNTED.iter().map(|figure| (figure.name, figure.title));
    rows(out, programs, figures, |program, figure| {
        program.counted.get(figure).copied().map(grouped)
    })
}

/// A table: a line for each program, a column for each figure that any of them has.
fn rows(
    out: &mut String,
    programs: &[Measured],
    figures: impl Iterator<Item = (&'static str, &'static str)>,
    cell: impl Fn(&Measured, &str) -> Option<String>,
) -> std::fmt::Result {
    let figures: Vec<_> = figures
        .filter(|(figure, _)| {
            let has = |program: &Measured| {
                cell(program, figure).is_some() || program.failed.contains_key(*figure)
            };
            programs.iter().any(has)
        })
        .collect();
    header(out, figures.iter().map(|(_, title)| *title))?;
    for program in programs {
        write!(out, "| {} |", program.name)?;
        for (figure, _) in &figures {
            match cell(program, figure) {
                Some(cell) => write!(out, " {cell} |")?,
                None => write!(out, " {} |", absent(program, figure))?,
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Programs against each other.
fn pairs(out: &mut String, pairs: &[Pair]) -> std::fmt::Result {
    if pairs.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let titles = [
        "compared with",
        "figure",
        "ratio in the same rounds [p10 to p90]",
    ];
    header(out, titles.into_iter())?;
    for pair in pairs {
        let Spread {
            median, p10, p90, ..
        } = pair.ratio;
        let figure = figures::title(&pair.figure);
        writeln!(
            out,
            "| {} | {} | {figure} | {median:.2}x [{p10:.2}x to {p90:.2}x] |",
            pair.program, pair.to
        )?;
    }
    Ok(())
}

/// What the programs are, what is missing, and why figures are.
fn notes(out: &mut String, results: &Results) -> std::fmt::Result {
    writeln!(out)?;
    let mut reasons: BTreeMap<&str, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
    let all = results.programs.iter().chain(&results.allocators);
    for program in all.chain(&results.calls) {
        writeln!(out, "- {}: {}", program.name, program.about)?;
        for (figure, reason) in &program.failed {
            let figures = reasons.entry(reason).or_default();
            figures.entry(&program.name).or_default().push(figure);
        }
    }
    for missing in &results.missing {
        writeln!(out, "- {}: not measured, {}", missing.name, missing.reason)?;
    }
    for (reason, programs) in reasons {
        writeln!(out, "- not measured, {}:", reason.replace('\n', " "))?;
        for (program, figures) in programs {
            writeln!(out, "  - {program}: {}", figures.join(", "))?;
        }
    }
    Ok(())
}

fn header<'a>(out: &mut String, titles: impl Iterator<Item = &'a str> + Clone) -> std::fmt::Result {
    write!(out, "| program |")?;
    for title in titles.clone() {
        write!(out, " {title} |")?;
    }
    write!(out, "\n|---|")?;
    for _ in titles {
        write!(out, "---|")?;
    }
    writeln!(out)
}

fn absent(program: &Measured, figure: &str) -> &'static str {
    if program.failed.contains_key(figure) {
        "not measured"
    } else {
        ""
    }
}

fn cell(time: &Time) -> String {
    let us = &time.us;
    let mut spread = micros(us.median);
    if us.p10 < us.p90 {
        spread += &format!(" [{} to {}]", micros(us.p10), micros(us.p90));
    }
    match time.ratio {
        Some(ratio) => format!("{spread} {:.2}x", ratio.median),
        None => spread,
    }
}

fn micros(us: f64) -> String {
    if us < 100.0 {
        format!("{us:.1}")
    } else {
        grouped(us.round() as u64)
    }
}

/// 1234567 as 1,234,567.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::INIT_COLD;
    use crate::programs::Missing;
    use crate::results::tests::{program, results};

    #[test]
    fn the_table_says_what_was_measured_and_what_not() {
        let mut hello = program("hello", 1.1, 5432);
        hello
            .failed
            .insert(INIT_COLD.to_owned(), "no disk".to_owned());
        let mut results = results(vec![program("floor", 1.0, 300), hello]);
        results.missing.push(Missing {
            name: "peer".to_owned(),
            reason: "not built".to_owned(),
        });
        let text = render(&results);
        for line in [
            "| program | init, warm cache | init, cold cache |",
            "| floor | 200 [190 to 210] 1.00x |  |",
            "| hello | 220 [209 to 231] 1.10x | not measured |",
            "| hello | 5,432 |",
            "- not measured, no disk:",
            "  - hello: init_cold_us",
            "- peer: not measured, not built",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn a_noisy_machine_is_named_in_the_report() {
        let mut results = results(vec![program("floor", 1.0, 300)]);
        assert!(!render(&results).contains("NOISY"));
        results.noise = vec!["the load was 9".to_owned()];
        let text = render(&results);
        assert!(text.contains("**NOISY, not to be committed**: the load was 9. Measure again"));
    }

    #[test]
    fn without_wall_time_it_says_so() {
        let mut results = results(vec![program("floor", 1.0, 300)]);
        results.wall_time = false;
        let text = render(&results);
        assert!(text.contains("no wall time") && !text.contains("init, warm"));
    }

    #[test]
    fn digits_are_grouped() {
        let texts = [0, 12, 123, 1234, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "12", "123", "1,234", "1,234,567"]);
    }
}
