//! Metrics by CloudWatch's Embedded Metric Format: a record is a line of JSON on standard output,
//! from which CloudWatch makes metrics. There is no call of an API, and no wait.
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
//! CloudWatch makes, and bills, a metric for each combination of the dimensions' values: use a property for
//! data with many values, such as a request id.
//!
//! In the log format JSON a record has a `level` and a `timestamp` as well: Lambda counts a line
//! without them as INFO, and drops it where `AWS_LAMBDA_LOG_LEVEL` is above that. The level is INFO, or
//! that setting where it is above, so that no filter drops metrics; a metric filter or an alarm
//! on `level` should leave records with `_aws` out. Source: the CloudWatch user guide, "Specification:
//! Embedded metric format", the API reference, `PutMetricData`, `MetricDatum` and `Dimension`, and the
//! Lambda developer guide, "Log-level filtering".

mod check;
mod encode;
mod invalid;
mod unit;

use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::{log, sys};

pub use self::invalid::InvalidRecord;
pub use self::unit::Unit;

/// Metrics that a record may have.
pub const MAX_METRICS: usize = 100;
/// Values that a metric of a record may have.
pub const MAX_VALUES: usize = 100;
/// Dimensions that a record may have, or one of its dimension sets.
pub const MAX_DIMENSIONS: usize = 30;
/// Largest value of a metric, 2^360; the negative of it is the smallest.
pub const MAX_VALUE: f64 = 2.3485425827738332e108;
/// Smallest positive value of a metric; its negative is the limit on the other side. CloudWatch refuses
/// values that are nearer to 0, except 0.
pub const MIN_VALUE: f64 = 8.51592e-109;
/// Characters of a namespace, and of the name of a metric, dimension or property.
pub const MAX_NAME: usize = 255;
/// Characters of a dimension's value.
pub const MAX_DIMENSION_VALUE: usize = 1024;
/// Largest record, in bytes: one event of CloudWatch Logs.
pub const MAX_BYTES: usize = 1024 * 1024;
/// How old a record may be, and how far ahead of the clock.
const MAX_AGE: Duration = Duration::from_secs(14 * 24 * 3600);
const MAX_AHEAD: Duration = Duration::from_secs(2 * 3600);

/// A record under construction. [`write`](Self::write) returns the first mistake.
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
    /// Names of dimensions; without a set, there is one with all dimensions.
    sets: Vec<Vec<String>>,
    metrics: Vec<Metric>,
    /// Names, and values as JSON.
    properties: Vec<(String, String)>,
    time: Option<SystemTime>,
    /// The first mistake.
    invalid: Option<InvalidRecord>,
}

#[derive(Debug, Clone)]
struct Metric {
    name: String,
    unit: Unit,
    is_high_resolution: bool,
    values: Vec<f64>,
}

impl Record {
    /// A record for metrics of this namespace: 1 to 255 printable ASCII characters, no colon at
    /// the start.
    pub fn new(namespace: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            dimensions: Vec::new(),
            sets: Vec::new(),
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

    /// Adds a dimension set: CloudWatch makes the metrics once for each set, by the values of the
    /// dimensions that it names. An empty set makes metrics without dimensions. A record to which
    /// no set was added has one with all its dimensions; each set may have 30.
    ///
    /// ```
    /// use coldspark::metrics::{Record, Unit};
    ///
    /// let json = Record::new("Shop")
    ///     .dimension("Service", "orders")
    ///     .dimension("Region", "north")
    ///     .dimension_set(["Service"]) // of the service, wherever it runs
    ///     .dimension_set(["Service", "Region"])
    ///     .metric("Pieces", Unit::Count, 3)
    ///     .to_json()?;
    /// assert!(json.contains(r#""Dimensions":[["Service"],["Service","Region"]]"#));
    /// # Ok::<(), coldspark::Error>(())
    /// ```
    pub fn dimension_set<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.sets.push(names.into_iter().map(N::into).collect());
        self
    }

    /// Adds a value of a metric: a further one if the record has the metric already. CloudWatch
    /// keeps the metric by minutes. It takes 0, and values that are not over
    /// [`MAX_VALUE`] and not nearer to 0 than [`MIN_VALUE`], without their sign.
    pub fn metric(self, name: impl Into<String>, unit: Unit, value: impl Into<f64>) -> Self {
        self.add(name.into(), unit, value.into(), false)
    }

    /// Like [`metric`](Self::metric), for a metric that CloudWatch keeps by seconds (`StorageResolution` 1),
    /// which costs more when it is read and when alarms watch it.
    ///
    /// ```
    /// use coldspark::metrics::{Record, Unit};
    ///
    /// let json = Record::new("Shop")
    ///     .high_resolution_metric("Queue", Unit::Count, 3)
    ///     .to_json()?;
    /// assert!(json.contains(r#""StorageResolution":1"#));
    /// # Ok::<(), coldspark::Error>(())
    /// ```
    pub fn high_resolution_metric(
        self,
        name: impl Into<String>,
        unit: Unit,
        value: impl Into<f64>,
    ) -> Self {
        self.add(name.into(), unit, value.into(), true)
    }

    fn add(mut self, name: String, unit: Unit, value: f64, is_high_resolution: bool) -> Self {
        match self.metrics.iter_mut().find(|metric| metric.name == name) {
            Some(known) if (known.unit, known.is_high_resolution) == (unit, is_high_resolution) => {
                known.values.push(value);
            }
            Some(_) => self.refuse(InvalidRecord::Twice(name)),
            None => self.metrics.push(Metric {
                name,
                unit,
                is_high_resolution,
                values: vec![value],
            }),
        }
        self
    }

    /// Adds a property: it is in the log beside the metrics, and does not become a metric.
    pub fn property(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let name = name.into();
        match serde_json::to_string(&value) {
            // Raw JSON may have line breaks, which only stand between its values.
            Ok(json) => self
                .properties
                .push((name, json.replace(['\n', '\r'], " "))),
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
        if !is_near(time, now) {
            return Err(InvalidRecord::Time);
        }
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        let millis = since.map_or(0, |since| since.as_millis() as u64);
        let json = self.encode(millis, log::is_json().then(log::level_and_time));
        match json.len() {
            ..MAX_BYTES => Ok(json),
            size => Err(InvalidRecord::TooLarge(size)),
        }
    }

    fn refuse(&mut self, invalid: InvalidRecord) {
        self.invalid.get_or_insert(invalid);
    }
}

/// Whether CloudWatch takes values of that time.
fn is_near(time: SystemTime, now: SystemTime) -> bool {
    match now.duration_since(time) {
        Ok(age) => age <= MAX_AGE,
        Err(ahead) => ahead.duration() <= MAX_AHEAD,
    }
}

#[cfg(test)]
mod tests;
