//! The charts and their contents.

use std::fs;
use std::path::{Path, PathBuf};

use super::paint::{self, Bar, Chart};
use super::table::grouped;
use crate::figures::{self, COUNTED, TIMED};
use crate::results::{Measured, Results};

/// From here on times are told in milliseconds.
const MILLISECONDS: f64 = 10_000.0;

/// What a bar of a time shows.
const SPREAD: &str = "median, the line goes from p10 to p90";

/// The programs of the chart at the top of README.md, as those of its table, with the ends of the scale.
const SHORT: [&str; 7] = [
    crate::FLOOR,
    "hello",
    "typed",
    "layer-worker",
    "minlambda",
    "lambda_runtime",
    "lambda_runtime-docs",
];

/// The texts of a chart.
struct Labels<'a> {
    title: &'a str,
    /// What the bars are.
    note: &'a str,
    /// The program that the ratios are to.
    base: &'a str,
}

/// Draws all charts of the results, in the place of older ones; gives the files.
pub(crate) fn draw(results: &Results, folder: &Path) -> Result<Vec<PathBuf>, String> {
    remove_old(&results.arch, folder)?;
    let mut files = Vec::new();
    for figure in &TIMED {
        let Some(title) = figure.chart else { continue };
        for (programs, base) in tables(results) {
            let bars = timed(programs, figure.name);
            let labels = Labels {
                title,
                note: SPREAD,
                base,
            };
            let path = folder.join(file_name(&results.arch, figure.name));
            files.extend(draw_bars(results, &path, labels, bars)?);
        }
    }
    for figure in &COUNTED {
        let Some(title) = figure.chart else { continue };
        // The floor has almost no bytes.
        let base = match figure.name {
            figures::BYTES => "hello",
            _ => crate::FLOOR,
        };
        let bars = counted(&results.programs, figure.name, base);
        let labels = Labels {
            title,
            note: if figure.exact { "exact" } else { "median" },
            base,
        };
        let path = folder.join(file_name(&results.arch, figure.name));
        files.extend(draw_bars(results, &path, labels, bars)?);
    }
    files.extend(draw_short(results, folder)?);
    Ok(files)
}

/// Draws the chart of README.md: a cold init of a few programs.
fn draw_short(results: &Results, folder: &Path) -> Result<Option<PathBuf>, String> {
    let mut bars = timed(&results.programs, figures::INIT_COLD);
    bars.retain(|bar| SHORT.contains(&bar.name));
    let labels = Labels {
        title: "Init with a cold page cache",
        note: SPREAD,
        base: crate::FLOOR,
    };
    let path = folder.join(format!("{}-init-cold-short.svg", results.arch));
    draw_bars(results, &path, labels, bars)
}

/// Charts of an earlier run, which may have had other figures.
fn remove_old(arch: &str, folder: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // The charts of --aws are of another run, and stay.
        let is_own = name.starts_with(&format!("{arch}-")) && !name.contains("-aws-");
        if is_own && name.ends_with(".svg") {
            fs::remove_file(entry.path()).map_err(failed)?;
        }
    }
    Ok(())
}

/// Draws the charts of functions with a call of a service; gives the files.
pub(crate) fn draw_calls(results: &Results, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for (figure, name, title) in figures::CALL_CHARTS {
        let labels = Labels {
            title,
            note: &format!("{SPREAD}; a local server with TLS 1.3"),
            base: crate::sources::CALL,
        };
        let path = folder.join(file_name(&format!("{}-aws", results.arch), name));
        let bars = timed(&results.calls, figure);
        files.extend(draw_bars(results, &path, labels, bars)?);
    }
    Ok(files)
}

/// The programs, and the one that they are compared to.
fn tables(results: &Results) -> [(&[Measured], &str); 2] {
    let first = results.allocators.first();
    [
        (&results.programs, crate::FLOOR),
        (
            &results.allocators,
            first.map_or("", |program| &program.name),
        ),
    ]
}

fn timed<'a>(programs: &'a [Measured], figure: &str) -> Vec<Bar<'a>> {
    let bars = programs.iter().filter_map(|program| {
        let time = program.timed.get(figure)?;
        Some(Bar {
            name: &program.name,
            group: program.group,
            value: time.us.median,
            spread: Some((time.us.p10, time.us.p90)),
            label: micros(time.us.median),
            ratio: time.ratio.map(|ratio| times(ratio.median)),
        })
    });
    bars.collect()
}

fn counted<'a>(programs: &'a [Measured], figure: &str, base: &str) -> Vec<Bar<'a>> {
    let base = programs.iter().find(|program| program.name == base);
    let base = base.and_then(|base| base.counted.get(figure));
    let bars = programs.iter().filter_map(|program| {
        let count = *program.counted.get(figure)?;
        let ratio = base.map(|base| count as f64 / *base as f64);
        Some(Bar {
            name: &program.name,
            group: program.group,
            value: count as f64,
            spread: None,
            label: grouped(count),
            ratio: ratio.map(times),
        })
    });
    bars.collect()
}

fn file_name(subject: &str, figure: &str) -> String {
    format!("{subject}-{}.svg", figure.replace('_', "-"))
}

/// Draws a chart into a file, and gives the file, unless there are no bars.
fn draw_bars(
    results: &Results,
    path: &Path,
    labels: Labels<'_>,
    bars: Vec<Bar<'_>>,
) -> Result<Option<PathBuf>, String> {
    if bars.is_empty() {
        return Ok(None);
    }
    let longest = paint::scale_end(&bars);
    let axis: fn(f64) -> String = match bars[0].spread {
        Some(_) if longest >= MILLISECONDS => |us| format!("{} ms", us / 1000.0),
        Some(_) => |us| format!("{} µs", grouped(us.round() as u64)),
        None => |count| grouped(count.round() as u64),
    };
    let machine = &results.machine;
    let chart = Chart {
        title: format!("{} ({})", labels.title, results.arch),
        note: format!(
            "{}; -docs: built as its own documentation says",
            labels.note
        ),
        base: format!("ratio to {}", labels.base),
        foot: format!(
            "{}, {} cores, {}, Linux {}; {} ({})",
            machine.cpu,
            machine.cores,
            machine.virtualised,
            machine.kernel,
            results.date,
            results.commit
        ),
        axis,
        bars,
    };
    paint::paint(path, &chart).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Some(path.to_owned()))
}

fn times(ratio: f64) -> String {
    if ratio < 10.0 {
        format!("{ratio:.2}x")
    } else if ratio < 100.0 {
        format!("{ratio:.1}x")
    } else {
        format!("{}x", grouped(ratio.round() as u64))
    }
}

fn micros(us: f64) -> String {
    if us < 100.0 {
        format!("{us:.1} µs")
    } else if us < MILLISECONDS {
        format!("{} µs", grouped(us.round() as u64))
    } else if us < 10.0 * MILLISECONDS {
        format!("{:.1} ms", us / 1000.0)
    } else {
        format!("{} ms", grouped((us / 1000.0).round() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::{program, results};

    #[test]
    fn a_chart_names_its_programs_and_takes_the_place_of_older_ones() {
        let folder = std::env::temp_dir().join(format!("coldspark-chart-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let old = folder.join("x86_64-of-old.svg");
        let others =
            ["arm64-bytes.svg", "x86_64-aws-first-answer.svg"].map(|name| folder.join(name));
        for file in others.iter().chain([&old]) {
            fs::write(file, "").unwrap();
        }
        let results = results(vec![
            program("floor", 1.0, 300),
            program("hello", 1.1, 5000),
        ]);
        let files = draw(&results, &folder).unwrap();
        assert_eq!(files.len(), 2);
        let text = fs::read_to_string(&files[0]).unwrap();
        assert!(text.contains("hello") && text.contains("1.10x") && text.contains("220 µs"));
        assert!(!old.exists() && others.iter().all(|other| other.exists()));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_short_chart_has_its_programs_alone() {
        let folder = std::env::temp_dir().join(format!("coldspark-short-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut all = vec![program("hello", 1.1, 5000), program("rtlambda", 9.0, 9000)];
        for program in &mut all {
            let time = program.timed[figures::INIT_WARM];
            program.timed.insert(figures::INIT_COLD.into(), time);
        }
        let file = draw_short(&results(all), &folder).unwrap().unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert!(file.ends_with("x86_64-init-cold-short.svg"));
        assert!(text.contains("hello") && !text.contains("rtlambda"));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn times_have_the_unit_that_suits_them() {
        let told = [23.45, 1234.0, 14_498.0, 357_929.0].map(micros);
        assert_eq!(told, ["23.4 µs", "1,234 µs", "14.5 ms", "358 ms"]);
        let told = [1.234, 80.78, 1416.95].map(times);
        assert_eq!(told, ["1.23x", "80.8x", "1,417x"]);
    }
}
