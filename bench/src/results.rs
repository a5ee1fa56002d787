//! What was measured, as the JSON file holds it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::measure::rounds::Series;
use crate::pairs::Pair;
use crate::programs::{Group, Missing};
use crate::quiet::Moments;
use crate::stats::{self, Spread};

/// One architecture's results.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) arch: String,
    /// False: counts only, taken under emulation.
    pub(crate) wall_time: bool,
    pub(crate) date: String,
    pub(crate) commit: String,
    pub(crate) machine: Machine,
    /// Why the times are not to be kept, when the machine was busy.
    #[serde(default)]
    pub(crate) noise: Vec<String>,
    /// How many measurements were repeated, since the core was busy.
    #[serde(default)]
    pub(crate) moments: Moments,
    /// Versions of compilers and tools.
    pub(crate) versions: BTreeMap<String, String>,
    /// What limited the CPU, if something did.
    pub(crate) limit: Option<String>,
    pub(crate) rounds: Rounds,
    pub(crate) programs: Vec<Measured>,
    /// The same program on several allocators; ratios are to the first.
    #[serde(default)]
    pub(crate) allocators: Vec<Measured>,
    /// Functions that answer with a call of a service; ratios are to the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) calls: Vec<Measured>,
    /// Microseconds of round trip to the server at a distance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) away_round_trip_us: Option<f64>,
    #[serde(default)]
    pub(crate) pairs: Vec<Pair>,
    pub(crate) missing: Vec<Missing>,
}

/// How often programs were started for what, at most: slow ones are left out of some rounds. Each
/// figure has its own count.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Rounds {
    pub(crate) warm: usize,
    pub(crate) cold: usize,
    pub(crate) large: usize,
    #[serde(default)]
    pub(crate) json: usize,
}

/// One program's figures, by the names in figures.rs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) group: Group,
    pub(crate) about: String,
    #[serde(default)]
    pub(crate) timed: BTreeMap<String, Time>,
    #[serde(default)]
    pub(crate) counted: BTreeMap<String, u64>,
    /// Figures that could not be measured, and why.
    #[serde(default)]
    pub(crate) failed: BTreeMap<String, String>,
}

/// Microseconds, and against the floor of the same round.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Time {
    pub(crate) us: Spread,
    pub(crate) ratio: Option<Spread>,
}

impl Measured {
    /// Takes a timed figure from the rounds of this program and of the floor.
    pub(crate) fn put_time(
        &mut self,
        name: &str,
        series: &Series,
        floor: &Series,
        value: impl Fn(&crate::measure::one::Sample) -> f64,
    ) {
        if let Some(reason) = series.failure() {
            self.failed.insert(name.to_owned(), reason.to_owned());
            return;
        }
        let values = series.column(&value);
        let present: Vec<f64> = values.iter().copied().flatten().collect();
        if let Some(us) = Spread::of(&present) {
            let ratio = Spread::of(&stats::ratios(&values, &floor.column(&value)));
            self.timed.insert(name.to_owned(), Time { us, ratio });
        }
    }

    /// Takes a count, or why there is no count.
    pub(crate) fn put_count(&mut self, name: &str, count: Result<u64, String>) {
        match count {
            Ok(count) => drop(self.counted.insert(name.to_owned(), count)),
            Err(reason) => drop(self.failed.insert(name.to_owned(), reason)),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::measure::one::Sample;

    /// A program with one timed figure and one count.
    pub(crate) fn program(name: &str, ratio: f64, instructions: u64) -> Measured {
        let spread = |median: f64| Spread {
            median,
            p10: median * 0.95,
            p90: median * 1.05,
            count: 100,
        };
        Measured {
            name: name.to_owned(),
            group: Group::Ours,
            about: "a program".to_owned(),
            timed: [(
                crate::figures::INIT_WARM.to_owned(),
                Time {
                    us: spread(ratio * 200.0),
                    ratio: Some(spread(ratio)),
                },
            )]
            .into(),
            counted: [(crate::figures::INSTRUCTIONS.to_owned(), instructions)].into(),
            failed: BTreeMap::new(),
        }
    }

    /// Results with these programs.
    pub(crate) fn results(programs: Vec<Measured>) -> Results {
        Results {
            arch: "x86_64".to_owned(),
            wall_time: true,
            date: "2026-01-01".to_owned(),
            commit: "0123456".to_owned(),
            machine: Machine::of_this_host(),
            noise: Vec::new(),
            moments: Moments::default(),
            versions: BTreeMap::new(),
            limit: None,
            rounds: Rounds {
                warm: 1,
                cold: 1,
                large: 1,
                json: 1,
            },
            programs,
            allocators: Vec::new(),
            calls: Vec::new(),
            away_round_trip_us: None,
            pairs: Vec::new(),
            missing: Vec::new(),
        }
    }

    #[test]
    fn results_survive_their_file() {
        let text = serde_json::to_string(&results(vec![program("hello", 1.1, 5000)])).unwrap();
        let read: Results = serde_json::from_str(&text).unwrap();
        assert_eq!(read.programs[0].counted[crate::figures::INSTRUCTIONS], 5000);
    }

    #[test]
    fn ratios_are_taken_in_the_same_round() {
        let series = |values: [f64; 3]| Series {
            samples: values
                .map(|init| {
                    Some(Ok(Sample {
                        init,
                        ..Sample::default()
                    }))
                })
                .into(),
        };
        let mut measured = program("hello", 1.0, 1);
        let (own, floor) = (series([200.0, 400.0, 800.0]), series([100.0, 200.0, 400.0]));
        measured.put_time("init", &own, &floor, |sample| sample.init);
        let time = measured.timed["init"];
        assert_eq!(time.us.median, 400.0);
        assert_eq!(time.ratio.unwrap().p90, 2.0);
    }
}
