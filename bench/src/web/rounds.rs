//! The rounds: in each of them every stack starts the application once, in changing order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::figures::{self, Measured};
use super::stacks::{Application, Kind, Stack};
use super::start::Running;
use super::steps;
use crate::api::Api;
use crate::options::Options;
use crate::quiet::Quiet;

/// Large answers, streams and several events at a time are measured in one of so many rounds.
const SELDOM: usize = 4;

/// The values of one figure, a place for each round.
pub(super) type Values = Vec<Option<f64>>;

/// What the rounds of a stack gave.
#[derive(Default)]
pub(super) struct Series {
    pub(super) figures: BTreeMap<&'static str, Values>,
    /// All warm events.
    pub(super) warm: Vec<f64>,
    pub(super) resident_kb: Vec<f64>,
    pub(super) anonymous_kb: Vec<f64>,
    pub(super) failed: BTreeMap<&'static str, String>,
}

impl Series {
    fn put(&mut self, figure: &'static str, round: usize, value: f64) {
        let values = self.figures.entry(figure).or_default();
        values.resize(round, None);
        values.push(Some(value));
    }

    fn fail(&mut self, figure: &'static str, error: String) {
        self.failed.entry(figure).or_insert(error);
    }
}

/// Measures every application behind every stack.
pub(super) fn take(
    options: &Options,
    applications: &[Application],
    stacks: &[Stack],
    quiet: &mut Quiet,
    folder: &Path,
) -> Result<Vec<Measured>, String> {
    let mut place = Place {
        api: Api::moving()?,
        quiet,
        on_one_core: !options.all_cores,
        log: folder.join("log"),
    };
    let mut measured = Vec::new();
    for application in applications {
        let rounds = options.rounds.div_ceil(application.every).max(3);
        eprintln!("[bench] {}: {rounds} rounds", application.name);
        let mut all = |round: usize, series: &mut [Series]| {
            for at in order(round, stacks.len()) {
                let (stack, series) = (&stacks[at], &mut series[at]);
                one(&mut place, application, stack, round, series);
            }
        };
        let empty = || -> Vec<Series> { stacks.iter().map(|_| Series::default()).collect() };
        // A round that does not count fills the page cache.
        all(0, &mut empty());
        let mut series = empty();
        for round in 0..rounds {
            all(round, &mut series);
        }
        measured.push(figures::of(application, rounds, stacks, &series));
    }
    Ok(measured)
}

/// The places in this round: each begins with another one, and every other goes backwards.
fn order(round: usize, count: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count)
        .map(|place| (place + round / 2) % count)
        .collect();
    if round % 2 == 1 {
        places.reverse();
    }
    places
}

/// Where the stacks start.
struct Place<'a> {
    api: Api,
    quiet: &'a mut Quiet,
    on_one_core: bool,
    log: PathBuf,
}

fn one(
    place: &mut Place<'_>,
    application: &Application,
    stack: &Stack,
    round: usize,
    series: &mut Series,
) {
    let sample = place.on(application, stack, &[], |running| {
        steps::start(running, &stack.kind)
    });
    match sample {
        Ok(sample) => {
            if let Some(next) = sample.next {
                series.put(figures::NEXT, round, next);
            }
            series.put(figures::FIRST, round, sample.first);
            if place.on_one_core {
                series.put(figures::BESIDE, round, sample.beside);
            }
            if let Some(median) = crate::stats::quantile_of(&sample.warm, 0.5) {
                series.put(figures::WARM, round, median);
            }
            series.warm.extend(sample.warm);
            if let Some((all, anonymous)) = sample.resident_kb {
                series.resident_kb.push(all as f64);
                series.anonymous_kb.push(anonymous as f64);
            }
        }
        Err(error) => series.fail(figures::NEXT, error),
    }
    if !application.is_server || matches!(stack.kind, Kind::Alone) || !round.is_multiple_of(SELDOM)
    {
        return;
    }
    match place.on(application, stack, &[], steps::large) {
        Ok((upload, download)) => {
            series.put(figures::UPLOAD, round, upload);
            series.put(figures::DOWNLOAD, round, download);
        }
        Err(error) => series.fail(figures::UPLOAD, error),
    }
    let streams = ["AWS_LWA_INVOKE_MODE=response_stream"];
    match place.on(application, stack, &streams, steps::stream) {
        Ok(first) => series.put(figures::STREAM, round, first),
        Err(error) => series.fail(figures::STREAM, error),
    }
    let concurrency = format!("AWS_LAMBDA_MAX_CONCURRENCY={}", steps::SEVERAL);
    match place.on(application, stack, &[&concurrency], steps::several) {
        Ok(each) => series.put(figures::SEVERAL, round, each),
        Err(error) => series.fail(figures::SEVERAL, error),
    }
}

impl Place<'_> {
    /// Starts the application behind the stack in a quiet moment of the core, measures, and ends it.
    fn on<T>(
        &mut self,
        application: &Application,
        stack: &Stack,
        variables: &[&str],
        mut measure: impl FnMut(&mut Running<'_>) -> Result<T, String>,
    ) -> Result<T, String> {
        let Self {
            api, quiet, log, ..
        } = self;
        let nothing = |_: &mut Api| ();
        quiet.measure(api, nothing, |api| {
            let given = stack.variables.iter().map(String::as_str);
            let variables: Vec<&str> = given.chain(variables.iter().copied()).collect();
            let mut running = Running::start(api, application, stack, &variables, log)?;
            let result = measure(&mut running);
            result.map_err(|error| running.explained(error))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_has_every_place_once() {
        for round in 0..12 {
            let mut places = order(round, 5);
            places.sort_unstable();
            assert_eq!(places, [0, 1, 2, 3, 4]);
        }
        assert_eq!((order(0, 3), order(2, 3)), (vec![0, 1, 2], vec![1, 2, 0]));
    }

    #[test]
    fn a_round_without_a_value_has_an_empty_place() {
        let mut series = Series::default();
        series.put(figures::UPLOAD, 0, 1.0);
        series.put(figures::UPLOAD, 4, 2.0);
        let values = &series.figures[figures::UPLOAD];
        assert_eq!(values[..], [Some(1.0), None, None, None, Some(2.0)]);
    }
}
