//! Bars, one for each program: the length is the median, a line goes from p10 to p90.

use std::path::{Path, PathBuf};

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::table::grouped;
use crate::figures::{COUNTED, TIMED};
use crate::programs::Group;
use crate::results::Results;

const WIDTH: u32 = 820;
const ROW: i32 = 26;
const TOP: i32 = 56;
const BOTTOM: i32 = 40;
const LEFT: i32 = 170;
/// Where bars end; the numbers stand behind them.
const RIGHT: i32 = 640;
/// A bar may be so many times the length of the median bar; longer ones are cut, and say so.
const LONGEST: f64 = 4.0;
const INK: RGBColor = RGBColor(40, 44, 52);
const FAINT: RGBColor = RGBColor(120, 126, 136);
const FONT: &str = "sans-serif";

struct Bar<'a> {
    name: &'a str,
    group: Group,
    value: f64,
    spread: Option<(f64, f64)>,
    label: String,
}

/// Draws all charts of the results; gives the files.
pub(crate) fn draw(results: &Results, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for figure in &TIMED {
        let bars = results.programs.iter().filter_map(|program| {
            let time = program.timed.get(figure.name)?;
            let ratio = time
                .ratio
                .map_or_else(String::new, |ratio| format!(", {:.2}x", ratio.median));
            Some(Bar {
                name: &program.name,
                group: program.group,
                value: time.us.median,
                spread: Some((time.us.p10, time.us.p90)),
                label: format!("{} us{ratio}", grouped(time.us.median.round() as u64)),
            })
        });
        if let Some(title) = figure.chart {
            files.extend(file(results, folder, figure.name, title, bars.collect())?);
        }
    }
    for figure in &COUNTED {
        let bars = results.programs.iter().filter_map(|program| {
            let count = *program.counted.get(figure.name)?;
            Some(Bar {
                name: &program.name,
                group: program.group,
                value: count as f64,
                spread: None,
                label: grouped(count),
            })
        });
        if let Some(title) = figure.chart {
            files.extend(file(results, folder, figure.name, title, bars.collect())?);
        }
    }
    Ok(files)
}

fn file(
    results: &Results,
    folder: &Path,
    name: &str,
    title: &str,
    bars: Vec<Bar<'_>>,
) -> Result<Option<PathBuf>, String> {
    if bars.is_empty() {
        return Ok(None);
    }
    let path = folder.join(format!("{}-{}.svg", results.arch, name.replace('_', "-")));
    let title = format!("{title}, {}", results.arch);
    let unit = if bars.iter().any(|bar| bar.spread.is_some()) {
        "median, line from p10 to p90, ratio to the floor; "
    } else {
        ""
    };
    let foot = format!(
        "{unit}blue: coldspark; {}, {} cores, Linux {}, {} ({})",
        results.machine.cpu,
        results.machine.cores,
        results.machine.kernel,
        results.date,
        results.commit
    );
    paint(&path, &title, &foot, &bars).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Some(path))
}

type Painted = Result<(), Box<dyn std::error::Error>>;

fn paint(path: &Path, title: &str, foot: &str, bars: &[Bar<'_>]) -> Painted {
    let rows = i32::try_from(bars.len())?;
    let bottom = TOP + rows * ROW;
    let size = (WIDTH, u32::try_from(bottom + BOTTOM)?);
    let area = SVGBackend::new(path, size).into_drawing_area();
    area.fill(&WHITE)?;
    let text = |size: u32, color: RGBColor, side: HPos| {
        (FONT, size)
            .into_font()
            .color(&color)
            .pos(Pos::new(side, VPos::Center))
    };
    let middle = i32::try_from(WIDTH / 2)?;
    area.draw(&Text::new(
        title.to_owned(),
        (middle, 22),
        text(17, INK, HPos::Center),
    ))?;
    area.draw(&Text::new(
        foot.to_owned(),
        (middle, bottom + 22),
        text(11, FAINT, HPos::Center),
    ))?;

    let end = scale_end(bars);
    let place = |value: f64| LEFT + (value.min(end) / end * f64::from(RIGHT - LEFT)).round() as i32;
    for (bar, row) in bars.iter().zip(0..) {
        let top = TOP + row * ROW;
        let center = top + ROW / 2;
        let right = place(bar.value);
        let is_cut = bar.value > end;
        area.draw(&Text::new(
            bar.name.to_owned(),
            (LEFT - 8, center),
            text(13, INK, HPos::Right),
        ))?;
        area.draw(&Rectangle::new(
            [(LEFT, top + 4), (right, top + ROW - 4)],
            color(bar.group).filled(),
        ))?;
        if is_cut {
            // A gap in the bar: it goes on.
            let gap = vec![
                (right - 22, top + ROW - 2),
                (right - 12, top + 2),
                (right - 6, top + 2),
                (right - 16, top + ROW - 2),
            ];
            area.draw(&Polygon::new(gap, WHITE.filled()))?;
        }
        let mut label_at = right;
        if let (Some((p10, p90)), false) = (bar.spread, is_cut) {
            let (from, to) = (place(p10), place(p90));
            area.draw(&PathElement::new(
                vec![(from, center), (to, center)],
                INK.stroke_width(1),
            ))?;
            // A line that leaves the picture has no end in it.
            for at in [Some(from), (p90 <= end).then_some(to)]
                .into_iter()
                .flatten()
            {
                area.draw(&PathElement::new(
                    vec![(at, center - 4), (at, center + 4)],
                    INK.stroke_width(1),
                ))?;
            }
            label_at = label_at.max(to);
        }
        area.draw(&Text::new(
            bar.label.clone(),
            (label_at + 8, center),
            text(12, INK, HPos::Left),
        ))?;
    }
    area.draw(&PathElement::new(
        vec![(LEFT, TOP), (LEFT, bottom)],
        FAINT.stroke_width(1),
    ))?;
    area.present()?;
    Ok(())
}

/// The value at which bars are cut: the largest, unless it would make all others tiny.
fn scale_end(bars: &[Bar<'_>]) -> f64 {
    let mut values: Vec<f64> = bars.iter().map(|bar| bar.value).collect();
    values.sort_by(f64::total_cmp);
    let median = values.get(values.len() / 2).copied().unwrap_or(1.0);
    let limit = (median * LONGEST).max(1.0);
    let tops = bars.iter().filter(|bar| bar.value <= limit);
    let longest = tops.map(|bar| bar.spread.map_or(bar.value, |(_, p90)| p90.max(bar.value)));
    // A wild p90 must not stretch the scale either.
    longest.fold(1.0, f64::max).min(limit)
}

fn color(group: Group) -> RGBColor {
    match group {
        Group::Floor => RGBColor(150, 156, 166),
        Group::Ours => RGBColor(31, 119, 180),
        Group::Layer => RGBColor(127, 179, 213),
        Group::Peer => RGBColor(230, 145, 56),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::{program, results};

    #[test]
    fn one_giant_does_not_make_the_others_tiny() {
        let bar = |value| Bar {
            name: "x",
            group: Group::Peer,
            value,
            spread: None,
            label: String::new(),
        };
        let bars: Vec<Bar<'_>> = [100.0, 120.0, 150.0, 10_000.0].map(bar).into();
        assert_eq!(scale_end(&bars), 150.0);
        let bars: Vec<Bar<'_>> = [100.0, 120.0].map(bar).into();
        assert_eq!(scale_end(&bars), 120.0);
    }

    #[test]
    fn a_chart_names_its_programs() {
        let folder = std::env::temp_dir().join(format!("coldspark-chart-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let results = results(vec![
            program("floor", 1.0, 300),
            program("hello", 1.1, 5000),
        ]);
        let files = draw(&results, &folder).unwrap();
        assert_eq!(files.len(), 2);
        let text = std::fs::read_to_string(&files[0]).unwrap();
        assert!(text.contains("hello") && text.contains("1.10x"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
