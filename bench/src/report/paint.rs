//! Paints a chart: a bar for each program, a line in it from p10 to p90, a ratio beside it.

use std::path::Path;

use plotters::coord::ranged1d::Ranged;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::programs::Group;

const WIDTH: i32 = 880;
const MARGIN: i32 = 20;
const ROW: i32 = 27;
const TOP: i32 = 98;
/// Below the bars: the scale, and where the figures are from.
const BOTTOM: i32 = 58;
/// Where bars begin, unless a name needs more room.
const LEFT: i32 = 180;
/// Pixels of a character of a name, and beside the longest.
const CHARACTER: i32 = 7;
const BESIDE: i32 = 30;
/// Where bars end; the numbers stand behind them.
const RIGHT: i32 = 660;
/// A bar may be so many times the length of the median bar; longer ones are cut, and say so.
const LONGEST: f64 = 4.0;
const INK: RGBColor = RGBColor(31, 35, 40);
const FAINT: RGBColor = RGBColor(101, 109, 118);
const GRID: RGBColor = RGBColor(226, 230, 235);
/// Opaque, so that the ink is readable on dark pages too.
const PAPER: RGBColor = WHITE;
const FONT: &str = "sans-serif";
/// plotters' sizes are so many times those that it writes into an SVG.
const POINTS: f64 = 1.24;

pub(super) struct Bar<'a> {
    pub(super) name: &'a str,
    pub(super) group: Group,
    pub(super) value: f64,
    pub(super) spread: Option<(f64, f64)>,
    pub(super) label: String,
    pub(super) ratio: Option<String>,
}

pub(super) struct Chart<'a> {
    pub(super) title: String,
    pub(super) note: String,
    /// What the ratios are to.
    pub(super) base: String,
    pub(super) foot: String,
    /// The text of a value on the scale.
    pub(super) axis: fn(f64) -> String,
    pub(super) bars: Vec<Bar<'a>>,
}

type Painted = Result<(), Box<dyn std::error::Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

pub(super) fn paint(path: &Path, chart: &Chart<'_>) -> Painted {
    let bottom = TOP + i32::try_from(chart.bars.len())? * ROW;
    let size = (WIDTH.unsigned_abs(), (bottom + BOTTOM).unsigned_abs());
    let area = SVGBackend::new(path, size).into_drawing_area();
    area.fill(&PAPER)?;
    let edge = [(0, 0), (WIDTH - 1, bottom + BOTTOM - 1)];
    area.draw(&Rectangle::new(edge, GRID.stroke_width(1)))?;
    let title = bold(style(18.0, INK, HPos::Left));
    text(&area, &chart.title, (MARGIN, 26), title)?;
    text(
        &area,
        &chart.note,
        (MARGIN, 49),
        style(12.5, FAINT, HPos::Left),
    )?;
    let foot = (MARGIN, bottom + BOTTOM - 16);
    text(&area, &chart.foot, foot, style(11.0, FAINT, HPos::Left))?;
    legend(&area, &chart.bars)?;
    let base = (WIDTH - MARGIN, 76);
    text(&area, &chart.base, base, style(12.5, FAINT, HPos::Right))?;

    let end = scale_end(&chart.bars);
    let longest = chart.bars.iter().map(|bar| bar.name.len()).max();
    let left = LEFT.max(BESIDE + CHARACTER * i32::try_from(longest.unwrap_or(0))?);
    let place = |value: f64| left + (value.min(end) / end * f64::from(RIGHT - left)).round() as i32;
    for value in RangedCoordf64::from(0.0..end).key_points(7) {
        let x = place(value);
        let line = vec![(x, TOP), (x, bottom)];
        area.draw(&PathElement::new(line, GRID.stroke_width(1)))?;
        let label = (chart.axis)(value);
        text(
            &area,
            &label,
            (x, bottom + 13),
            style(11.0, FAINT, HPos::Center),
        )?;
    }
    for (bar, row) in chart.bars.iter().zip(0..) {
        line(&area, bar, TOP + row * ROW, end, &place)?;
    }
    area.present()?;
    Ok(())
}

/// One program's line.
fn line(
    area: &Area<'_>,
    bar: &Bar<'_>,
    top: i32,
    end: f64,
    place: &impl Fn(f64) -> i32,
) -> Painted {
    let center = top + ROW / 2;
    let (left, right) = (place(0.0), place(bar.value));
    let is_cut = bar.value > end;
    let name = style(13.0, INK, HPos::Right);
    let name = match bar.group {
        Group::Ours => bold(name),
        _ => name,
    };
    text(area, bar.name, (left - 10, center), name)?;
    let shape = [(left, top + 4), (right, top + ROW - 4)];
    area.draw(&Rectangle::new(shape, color(bar.group).filled()))?;
    if is_cut {
        // A gap in the bar: it goes on.
        let gap = vec![
            (right - 22, top + ROW - 2),
            (right - 12, top + 2),
            (right - 6, top + 2),
            (right - 16, top + ROW - 2),
        ];
        area.draw(&Polygon::new(gap, PAPER.filled()))?;
    }
    let mut label_at = right;
    if let (Some((p10, p90)), false) = (bar.spread, is_cut) {
        let (from, to) = (place(p10), place(p90));
        let stroke = INK.stroke_width(1);
        area.draw(&PathElement::new(
            vec![(from, center), (to, center)],
            stroke,
        ))?;
        // A line that leaves the picture has no end in it.
        let ends = [Some(from), (p90 <= end).then_some(to)];
        for at in ends.into_iter().flatten() {
            let tick = vec![(at, center - 4), (at, center + 4)];
            area.draw(&PathElement::new(tick, stroke))?;
        }
        label_at = label_at.max(to);
    }
    let label = (label_at + 8, center);
    text(area, &bar.label, label, style(12.0, INK, HPos::Left))?;
    if let Some(ratio) = &bar.ratio {
        let at = (WIDTH - MARGIN, center);
        text(area, ratio, at, style(13.0, INK, HPos::Right))?;
    }
    Ok(())
}

/// What the colours mean.
fn legend(area: &Area<'_>, bars: &[Bar<'_>]) -> Painted {
    let groups = [
        (Group::Floor, "without a runtime"),
        (Group::Ours, "coldspark"),
        (Group::Layer, "coldspark's layer"),
        (Group::Allocator, "allocators"),
        (Group::Peer, "other runtimes"),
    ];
    let mut x = MARGIN;
    for (group, name) in groups {
        if !bars.iter().any(|bar| bar.group == group) {
            continue;
        }
        area.draw(&Rectangle::new(
            [(x, 70), (x + 12, 82)],
            color(group).filled(),
        ))?;
        text(area, name, (x + 18, 76), style(12.5, INK, HPos::Left))?;
        x += 44 + 7 * i32::try_from(name.len())?;
    }
    Ok(())
}

fn text(area: &Area<'_>, words: &str, at: (i32, i32), style: TextStyle<'_>) -> Painted {
    area.draw(&Text::new(words.to_owned(), at, style))?;
    Ok(())
}

fn style(size: f64, color: RGBColor, side: HPos) -> TextStyle<'static> {
    let font = (FONT, size * POINTS).into_font();
    font.color(&color).pos(Pos::new(side, VPos::Center))
}

fn bold(style: TextStyle<'_>) -> TextStyle<'_> {
    TextStyle {
        font: style.font.style(FontStyle::Bold),
        ..style
    }
}

/// The value at which bars are cut: the largest, unless it would make all others tiny.
pub(super) fn scale_end(bars: &[Bar<'_>]) -> f64 {
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
        Group::Ours => RGBColor(31, 111, 196),
        Group::Layer => RGBColor(130, 180, 226),
        Group::Peer => RGBColor(230, 145, 56),
        Group::Allocator => RGBColor(106, 153, 106),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_giant_does_not_make_the_others_tiny() {
        let bar = |value| Bar {
            name: "x",
            group: Group::Peer,
            value,
            spread: None,
            label: String::new(),
            ratio: None,
        };
        let bars: Vec<Bar<'_>> = [100.0, 120.0, 150.0, 10_000.0].map(bar).into();
        assert_eq!(scale_end(&bars), 150.0);
        let bars: Vec<Bar<'_>> = [100.0, 120.0].map(bar).into();
        assert_eq!(scale_end(&bars), 120.0);
    }
}
