//! Medians, spread, and ratios taken pair by pair.

use serde::{Deserialize, Serialize};

/// A median with the spread around it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) p10: f64,
    pub(crate) p90: f64,
    pub(crate) count: usize,
}

impl Spread {
    /// `None` when there is nothing to summarise.
    pub(crate) fn of(values: &[f64]) -> Option<Spread> {
        let sorted = sorted(values);
        Some(Spread {
            median: quantile(&sorted, 0.5)?,
            p10: quantile(&sorted, 0.1)?,
            p90: quantile(&sorted, 0.9)?,
            count: sorted.len(),
        })
    }

    /// How far the median may be off: its standard error, from the spread as if it were normal.
    pub(crate) fn error(&self) -> f64 {
        // p10 and p90 are 2.563 standard deviations apart; a median's error is 1.2533 times
        // that of a mean.
        let deviation = (self.p90 - self.p10) / 2.563;
        1.2533 * deviation / (self.count as f64).sqrt()
    }
}

/// The values of one program against those of the floor in the same rounds; a round that one of
/// them failed in is left out.
pub(crate) fn ratios(values: &[Option<f64>], floor: &[Option<f64>]) -> Vec<f64> {
    let pairs = values.iter().zip(floor);
    pairs
        .filter_map(|(value, floor)| Some((*value)? / (*floor)?))
        .collect()
}

/// The value below which a part of the values lies.
pub(crate) fn quantile_of(values: &[f64], part: f64) -> Option<f64> {
    quantile(&sorted(values), part)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = last as f64 * part;
    let (below, above) = (
        sorted[place.floor() as usize],
        sorted[place.ceil() as usize],
    );
    Some(below + (above - below) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_neighbours() {
        let values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(quantile_of(&values, 0.5), Some(2.5));
        assert_eq!(quantile_of(&values, 0.0), Some(1.0));
        assert_eq!(quantile_of(&values, 1.0), Some(4.0));
        assert_eq!(quantile_of(&[], 0.5), None);
        assert_eq!(quantile_of(&[7.0], 0.99), Some(7.0));
    }

    #[test]
    fn one_outlier_does_not_move_the_median() {
        let mut values = vec![10.0; 99];
        values.push(1e9);
        let spread = Spread::of(&values).unwrap();
        assert_eq!((spread.median, spread.p10, spread.p90), (10.0, 10.0, 10.0));
        assert_eq!(spread.error(), 0.0);
    }

    #[test]
    fn ratios_pair_the_same_round() {
        // A machine that gets twice as slow midway changes no ratio.
        let floor = [Some(100.0), Some(200.0), None, Some(100.0)];
        let values = [Some(150.0), Some(300.0), Some(1.0), None];
        assert_eq!(ratios(&values, &floor), [1.5, 1.5]);
    }

    #[test]
    fn more_values_are_surer() {
        let few = Spread {
            median: 1.0,
            p10: 0.9,
            p90: 1.1,
            count: 10,
        };
        let many = Spread { count: 1000, ..few };
        assert!((few.error() / many.error() - 10.0).abs() < 1e-9);
    }
}
