//! The results, as the JSON file holds them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::aims::Aim;
use super::rounds::Series;
use super::stacks::{self, Application, Size, Stack};
use crate::machine::Machine;
use crate::programs::Missing;
use crate::quiet::Moments;
use crate::stats::{self, Spread};

/// From the start of the first process to `next`.
pub(super) const NEXT: &str = "next_us";
/// From there to the first answer.
pub(super) const FIRST: &str = "first_answer_us";
/// The same without the time in which the application computes, on one core.
pub(super) const BESIDE: &str = "beside_us";
/// From an event to its answer.
pub(super) const WARM: &str = "warm_us";
/// The same with a body of 4.7 MB, which is an event of 6 MB.
pub(super) const UPLOAD: &str = "upload_us";
/// The same with an answer of 4.7 MB, which is a response of 6 MB.
pub(super) const DOWNLOAD: &str = "download_us";
/// From an event to the first byte of its stream.
pub(super) const STREAM: &str = "first_byte_us";
/// For an event when 16 are in hand at the same time.
pub(super) const SEVERAL: &str = "of_16_us";

/// The p90 of the layer's start may be so many times its p10.
const QUIET: f64 = 1.5;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Results {
    pub(super) arch: String,
    pub(super) date: String,
    pub(super) commit: String,
    pub(super) machine: Machine,
    /// Why the times are not to be kept, when the machine was busy.
    pub(super) noise: Vec<String>,
    /// How many measurements were repeated, since the core was busy.
    #[serde(default)]
    pub(super) moments: Moments,
    pub(super) versions: BTreeMap<String, String>,
    /// By the name of the stack.
    pub(super) sizes: BTreeMap<String, Size>,
    #[serde(rename = "reach")]
    pub(super) aims: Vec<Aim>,
    pub(super) applications: Vec<Measured>,
    pub(super) missing: Vec<Missing>,
}

/// An application behind each stack.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Measured {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) rounds: usize,
    pub(super) stacks: Vec<Row>,
}

/// What was measured of one stack.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) about: String,
    /// Microseconds, by the names above.
    pub(super) us: BTreeMap<String, Spread>,
    /// Of all warm events.
    pub(super) warm_p99_us: Option<f64>,
    /// The layer's time through this one's, round by round.
    pub(super) layer_ratio: BTreeMap<String, Spread>,
    /// How much later than the layer this one is, in microseconds, round by round.
    pub(super) layer_lead_us: BTreeMap<String, Spread>,
    /// Resident memory of the bootstrap or the extension, without the application.
    pub(super) resident_kb: Option<f64>,
    /// The part of it that is not pages of files.
    pub(super) anonymous_kb: Option<f64>,
    pub(super) failed: BTreeMap<String, String>,
}

impl Measured {
    pub(super) fn row(&self, name: &str) -> Option<&Row> {
        self.stacks.iter().find(|row| row.name == name)
    }
}

/// The figures of the rounds.
pub(super) fn of(
    application: &Application,
    rounds: usize,
    stacks: &[Stack],
    series: &[Series],
) -> Measured {
    let layer = stacks.iter().position(|stack| stack.name == stacks::LAYER);
    let layer = layer.map(|place| &series[place]);
    let rows = stacks.iter().zip(series);
    Measured {
        name: application.name.to_owned(),
        about: application.about.to_owned(),
        rounds,
        stacks: rows
            .map(|(stack, series)| row(stack, series, layer))
            .collect(),
    }
}

fn row(stack: &Stack, series: &Series, layer: Option<&Series>) -> Row {
    let mut row = Row {
        name: stack.name.clone(),
        about: stack.about.clone(),
        us: BTreeMap::new(),
        warm_p99_us: stats::quantile_of(&series.warm, 0.99),
        layer_ratio: BTreeMap::new(),
        layer_lead_us: BTreeMap::new(),
        resident_kb: stats::quantile_of(&series.resident_kb, 0.5),
        anonymous_kb: stats::quantile_of(&series.anonymous_kb, 0.5),
        failed: BTreeMap::new(),
    };
    for (figure, error) in &series.failed {
        row.failed.insert((*figure).to_owned(), error.clone());
    }
    for (&figure, values) in &series.figures {
        let present: Vec<f64> = values.iter().flatten().copied().collect();
        if let Some(spread) = Spread::of(&present) {
            row.us.insert(figure.to_owned(), spread);
        }
        let own = layer.and_then(|layer| layer.figures.get(figure));
        if let Some(own) = own.filter(|_| stack.name != stacks::LAYER) {
            let ratios = Spread::of(&stats::ratios(own, values));
            row.layer_ratio
                .extend(ratios.map(|it| (figure.to_owned(), it)));
            let pairs = values.iter().zip(own);
            let leads: Vec<f64> = pairs
                .filter_map(|(it, own)| Some((*it)? - (*own)?))
                .collect();
            let leads = Spread::of(&leads);
            row.layer_lead_us
                .extend(leads.map(|it| (figure.to_owned(), it)));
        }
    }
    row
}

/// Why the machine was too busy, by what the layer took with the first application. What that one takes alone is
/// no measure: it is asked from another core, which sleeps between the attempts and is woken late now and then.
pub(super) fn spread(measured: &[Measured]) -> Option<String> {
    let first = measured.first()?;
    let next = first.row(stacks::LAYER)?.us.get(NEXT)?;
    let spread = next.p90 / next.p10;
    (spread > QUIET).then(|| {
        let name = &first.name;
        format!("the layer's p90 of {NEXT} with the application {name} is {spread:.2} times its p10, above {QUIET}")
    })
}
