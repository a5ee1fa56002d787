//! CloudWatch's rules for names, values and counts.

use super::{
    InvalidRecord, MAX_DIMENSION_VALUE, MAX_DIMENSIONS, MAX_METRICS, MAX_NAME, MAX_VALUE,
    MAX_VALUES, MIN_VALUE, Record,
};

/// Members of the object that the function may not set. Lambda reads the last two: a record with
/// another level may be dropped by its filter.
const RESERVED: [&str; 3] = ["_aws", "level", "timestamp"];

impl Record {
    pub(super) fn check(&self) -> Result<(), InvalidRecord> {
        name("namespace", &self.namespace)?;
        if self.metrics.is_empty() {
            return Err(InvalidRecord::Empty);
        }
        count("metrics", self.metrics.len(), MAX_METRICS)?;
        if self.sets.is_empty() {
            count("dimensions", self.dimensions.len(), MAX_DIMENSIONS)?;
        }
        for (dimension, value) in &self.dimensions {
            name("dimension", dimension)?;
            if !is_text(value, MAX_DIMENSION_VALUE) {
                return Err(InvalidRecord::DimensionValue(dimension.clone()));
            }
        }
        for metric in &self.metrics {
            name("metric", &metric.name)?;
            let count = metric.values.len();
            if count > MAX_VALUES {
                return Err(InvalidRecord::TooManyValues(metric.name.clone(), count));
            }
            if !metric.values.iter().all(|value| is_taken(*value)) {
                return Err(InvalidRecord::Value(metric.name.clone()));
            }
        }
        for (name, _) in &self.properties {
            if name.is_empty() || name.chars().count() > MAX_NAME {
                return Err(InvalidRecord::Name("property", name.clone()));
            }
        }
        self.check_sets()?;
        self.check_twice()
    }

    fn check_sets(&self) -> Result<(), InvalidRecord> {
        for set in &self.sets {
            count("dimensions in a set", set.len(), MAX_DIMENSIONS)?;
            for (place, name) in set.iter().enumerate() {
                let is_it = |(known, _): &(String, String)| known == name;
                if !self.dimensions.iter().any(is_it) {
                    return Err(InvalidRecord::NoSuchDimension(name.clone()));
                }
                if set[..place].contains(name) {
                    return Err(InvalidRecord::Twice(name.clone()));
                }
            }
        }
        Ok(())
    }

    /// Names that must differ, since all are members of one object.
    fn check_twice(&self) -> Result<(), InvalidRecord> {
        let metrics = self.metrics.iter().map(|metric| &metric.name);
        let others = self.dimensions.iter().chain(&self.properties);
        let mut seen = std::collections::BTreeSet::from(RESERVED);
        for name in metrics.chain(others.map(|(name, _)| name)) {
            if !seen.insert(name) {
                return Err(InvalidRecord::Twice(name.clone()));
            }
        }
        Ok(())
    }
}

fn count(what: &'static str, count: usize, limit: usize) -> Result<(), InvalidRecord> {
    if count > limit {
        return Err(InvalidRecord::TooMany(what, count, limit));
    }
    Ok(())
}

fn is_taken(value: f64) -> bool {
    value == 0.0 || (MIN_VALUE..=MAX_VALUE).contains(&value.abs())
}

fn name(what: &'static str, name: &str) -> Result<(), InvalidRecord> {
    if is_text(name, MAX_NAME) && !name.starts_with(':') {
        return Ok(());
    }
    Err(InvalidRecord::Name(what, name.to_owned()))
}

/// Whether it is printable ASCII, not only blanks, and not longer than that.
fn is_text(text: &str, limit: usize) -> bool {
    text.len() <= limit
        && text.bytes().all(|byte| (b' '..0x7f).contains(&byte))
        && !text.trim_ascii().is_empty()
}
