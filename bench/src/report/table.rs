//! The tables, in markdown.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::figures::{COUNTED, TIMED};
use crate::results::{Measured, Results, Time};

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
    if results.wall_time {
        writeln!(
            out,
            "Microseconds: median [p10 to p90] ratio to the floor in the same rounds. {} rounds \
             warm, {} cold, {} with the 6 MB event.\n",
            results.rounds.warm, results.rounds.cold, results.rounds.large
        )?;
        times(out, results)?;
    } else {
        writeln!(
            out,
            "This machine runs {} under qemu only: no wall time. The counts are exact.",
            results.arch
        )?;
    }
    writeln!(out)?;
    counts(out, results)?;
    notes(out, results)
}

fn times(out: &mut String, results: &Results) -> std::fmt::Result {
    // A column that no program has, as the 6 MB event under --short, is left out.
    let figures: Vec<_> = TIMED
        .iter()
        .filter(|figure| {
            has(results, |program| {
                program.timed.contains_key(figure.name) || program.failed.contains_key(figure.name)
            })
        })
        .collect();
    header(out, figures.iter().map(|figure| figure.title))?;
    for program in &results.programs {
        write!(out, "| {} |", program.name)?;
        for figure in &figures {
            match program.timed.get(figure.name) {
                Some(time) => write!(out, " {} |", cell(time))?,
                None => write!(out, " {} |", absent(program, figure.name))?,
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

fn counts(out: &mut String, results: &Results) -> std::fmt::Result {
    let figures: Vec<_> = COUNTED
        .iter()
        .filter(|figure| {
            has(results, |program| {
                program.counted.contains_key(figure.name)
                    || program.failed.contains_key(figure.name)
            })
        })
        .collect();
    header(out, figures.iter().map(|figure| figure.title))?;
    for program in &results.programs {
        write!(out, "| {} |", program.name)?;
        for figure in &figures {
            match program.counted.get(figure.name) {
                Some(count) => write!(out, " {} |", grouped(*count))?,
                None => write!(out, " {} |", absent(program, figure.name))?,
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// What the programs are, what is missing, and why figures are.
fn notes(out: &mut String, results: &Results) -> std::fmt::Result {
    writeln!(out)?;
    let mut reasons: BTreeMap<&str, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
    for program in &results.programs {
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

fn has(results: &Results, figure: impl Fn(&Measured) -> bool) -> bool {
    results.programs.iter().any(figure)
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
