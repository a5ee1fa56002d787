//! Metrics by CloudWatch's Embedded Metric Format: a record is a line of JSON on standard output,
//! out of which CloudWatch makes metrics. No call of an API, and nothing to wait for.
//!
//! ```
//! use coldspark::metrics::{Record, Unit};
//!
//! fn placed(pieces: u32, seconds: f64) -> Result<(), coldspark::Error> {
//!     Record::new("Shop")
//!         .dimension("Service", "orders")
//!         .metric("Pieces", Unit::Count, pieces)
//!         .metric("Duration", Unit::Seconds, seconds)
//!         .property("customer", "c-17")
//!         .write()?;
//!     Ok(())
//! }
//! # placed(3, 0.25).unwrap();
//! ```
//!
//! Dimensions make a metric of its own out of each combination of values, which costs: what has
//! many values, such as a request id, is a property.
//!
//! Both log formats leave a record as it is. Source: the CloudWatch user guide, "Specification:
//! Embedded metric format", and the API reference, `MetricDatum` and `Dimension`.

mod invalid;
mod unit;

use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::escape::{self, Form};
use crate::sys;

pub use self::invalid::InvalidRecord;
pub use self::unit::Unit;

/// Metrics that a record may have.
pub const MAX_METRICS: usize = 100;
/// Values that a metric of a record may have.
pub const MAX_VALUES: usize = 100;
/// Dimensions that a record may have.
pub const MAX_DIMENSIONS: usize = 30;
/// Characters of a namespace, and of the name of a metric, dimension or property.
pub const MAX_NAME: usize = 255;
/// Characters of a dimension's value.
pub const MAX_DIMENSION_VALUE: usize = 1024;
/// Bytes of a record: what CloudWatch Logs takes as one event.
pub const MAX_BYTES: usize = 1024 * 1024;
/// How old a record may be, and how far ahead of the clock.
const MAX_AGE: Duration = Duration::from_secs(14 * 24 * 3600);
const MAX_AHEAD: Duration = Duration::from_secs(2 * 3600);

/// A record under construction. What is wrong with it, [`write`](Self::write) says.
///
/// ```
/// use coldspark::metrics::{Record, Unit};
/// use std::time::SystemTime;
///
/// let json = Record::new("Shop")
///     .dimension("Service", "orders")
///     .metric("Pieces", Unit::Count, 3)
///     .metric("Pieces", Unit::Count, 5) // a further value
///     .property("customer", "c-17")
///     .at(SystemTime::now())
///     .to_json()?;
/// assert!(json.contains(r#""Pieces":[3"#));
/// # Ok::<(), coldspark::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a record is only written by `write`"]
pub struct Record {
    namespace: String,
    dimensions: Vec<(String, String)>,
    metrics: Vec<Metric>,
    /// Names and values, these as JSON.
    properties: Vec<(String, String)>,
    time: Option<SystemTime>,
    /// What was wrong first.
    invalid: Option<InvalidRecord>,
}

#[derive(Debug, Clone)]
struct Metric {
    name: String,
    unit: Unit,
    values: Vec<f64>,
}

impl Record {
    /// A record for metrics of this namespace: 1 to 255 printable ASCII characters, no colon at
    /// the start.
    pub fn new(namespace: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            dimensions: Vec::new(),
            metrics: Vec::new(),
            properties: Vec::new(),
            time: None,
            invalid: None,
        }
    }

    /// Adds a dimension of all metrics of the record. Values have 1 to 1,024 printable ASCII
    /// characters.
    pub fn dimension(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.dimensions.push((name.into(), value.into()));
        self
    }

    /// Adds a value of a metric: a further one if the record has the metric already.
    pub fn metric(mut self, name: impl Into<String>, unit: Unit, value: impl Into<f64>) -> Self {
        let (name, value) = (name.into(), value.into());
        match self.metrics.iter_mut().find(|metric| metric.name == name) {
            Some(metric) if metric.unit == unit => metric.values.push(value),
            Some(_) => self.refuse(InvalidRecord::Twice(name)),
            None => self.metrics.push(Metric {
                name,
                unit,
                values: vec![value],
            }),
        }
        self
    }

    /// Adds a property: it stands in the log beside the metrics and becomes no metric.
    pub fn property(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let name = name.into();
        match serde_json::to_string(&value) {
            Ok(json) => self.properties.push((name, json)),
            Err(error) => self.refuse(InvalidRecord::Property(name, error.to_string())),
        }
        self
    }

    /// Sets the time of the record's values; without it, it is the time of writing. At most 14
    /// days ago, at most 2 hours ahead.
    pub fn at(mut self, time: SystemTime) -> Self {
        self.time = Some(time);
        self
    }

    /// Writes the record to standard output as one line, with one write(2).
    ///
    /// # Errors
    ///
    /// When CloudWatch would not make metrics of it; nothing is written then.
    pub fn write(&self) -> Result<(), InvalidRecord> {
        let mut line = self.to_json()?.into_bytes();
        line.push(b'\n');
        // Held so that no `println!` of another thread comes between the parts of a long line.
        let _alone = std::io::stdout().lock();
        sys::write_line(1, &line);
        Ok(())
    }

    /// The record as JSON, on one line.
    ///
    /// # Errors
    ///
    /// When CloudWatch would not make metrics of it.
    pub fn to_json(&self) -> Result<String, InvalidRecord> {
        let now = SystemTime::now();
        let time = self.time.unwrap_or(now);
        if let Some(invalid) = &self.invalid {
            return Err(invalid.clone());
        }
        self.check()?;
        let is_near = match now.duration_since(time) {
            Ok(age) => age <= MAX_AGE,
            Err(ahead) => ahead.duration() <= MAX_AHEAD,
        };
        if !is_near {
            return Err(InvalidRecord::Time);
        }
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        let millis = since.map_or(0, |since| since.as_millis() as u64);
        let json = self.encode(millis);
        match json.len() {
            ..MAX_BYTES => Ok(json),
            size => Err(InvalidRecord::TooLarge(size)),
        }
    }

    fn refuse(&mut self, invalid: InvalidRecord) {
        self.invalid.get_or_insert(invalid);
    }

    fn check(&self) -> Result<(), InvalidRecord> {
        check_name("namespace", &self.namespace)?;
        for (what, count, limit) in [
            ("metrics", self.metrics.len(), MAX_METRICS),
            ("dimensions", self.dimensions.len(), MAX_DIMENSIONS),
        ] {
            if count > limit {
                return Err(InvalidRecord::TooMany(what, count, limit));
            }
        }
        if self.metrics.is_empty() {
            return Err(InvalidRecord::Empty);
        }
        for (name, value) in &self.dimensions {
            check_name("dimension", name)?;
            if !is_text(value, MAX_DIMENSION_VALUE) {
                return Err(InvalidRecord::DimensionValue(name.clone()));
            }
        }
        for metric in &self.metrics {
            check_name("metric", &metric.name)?;
            let count = metric.values.len();
            if count > MAX_VALUES {
                return Err(InvalidRecord::TooManyValues(metric.name.clone(), count));
            }
            if !metric.values.iter().all(|value| value.is_finite()) {
                return Err(InvalidRecord::Value(metric.name.clone()));
            }
        }
        for (name, _) in &self.properties {
            if name.is_empty() || name.chars().count() > MAX_NAME {
                return Err(InvalidRecord::Name("property", name.clone()));
            }
        }
        self.check_twice()
    }

    /// All of them are members of one object.
    fn check_twice(&self) -> Result<(), InvalidRecord> {
        let metrics = self.metrics.iter().map(|metric| &metric.name);
        let others = self.dimensions.iter().chain(&self.properties);
        let mut seen = std::collections::BTreeSet::from(["_aws"]);
        for name in metrics.chain(others.map(|(name, _)| name)) {
            if !seen.insert(name) {
                return Err(InvalidRecord::Twice(name.clone()));
            }
        }
        Ok(())
    }

    fn encode(&self, millis: u64) -> String {
        let names = self.dimensions.iter().map(|(name, _)| quoted(name));
        let metrics = self.metrics.iter().map(|Metric { name, unit, .. }| {
            format!("{{\"Name\":{},\"Unit\":\"{}\"}}", quoted(name), unit.name())
        });
        let mut json = format!(
            "{{\"_aws\":{{\"Timestamp\":{millis},\"CloudWatchMetrics\":[{{\"Namespace\":{},\
             \"Dimensions\":[[{}]],\"Metrics\":[{}]}}]}}",
            quoted(&self.namespace),
            list(names),
            list(metrics)
        );
        let mut member = |name: &str, value: &str| {
            json.extend([",", &quoted(name), ":", value]);
        };
        for (name, value) in &self.dimensions {
            member(name, &quoted(value));
        }
        for Metric { name, values, .. } in &self.metrics {
            // By serde_json, whose code for floats is smaller than std's.
            let text = serde_json::to_string(values).unwrap_or_default();
            let one = text.trim_start_matches('[').trim_end_matches(']');
            member(name, if values.len() == 1 { one } else { &text });
        }
        for (name, value) in &self.properties {
            member(name, value);
        }
        json.push('}');
        json
    }
}

fn check_name(what: &'static str, name: &str) -> Result<(), InvalidRecord> {
    if is_text(name, MAX_NAME) && !name.starts_with(':') {
        return Ok(());
    }
    Err(InvalidRecord::Name(what, name.to_owned()))
}

/// Printable ASCII, not only blanks, not longer than that.
fn is_text(text: &str, limit: usize) -> bool {
    text.len() <= limit
        && text.bytes().all(|byte| (b' '..0x7f).contains(&byte))
        && !text.trim_ascii().is_empty()
}

fn quoted(text: &str) -> String {
    let mut out = vec![b'"'];
    escape::append(&mut out, text, Form::Json);
    out.push(b'"');
    String::from_utf8(out).unwrap_or_default()
}

fn list(elements: impl Iterator<Item = String>) -> String {
    elements.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests;
