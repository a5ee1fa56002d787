//! Why a record is not written.

use std::fmt;

use super::{MAX_BYTES, MAX_DIMENSION_VALUE, MAX_NAME, MAX_VALUE, MAX_VALUES, MIN_VALUE};

/// Why CloudWatch would not make metrics of a record.
///
/// ```
/// use coldspark::metrics::{InvalidRecord, Record, Unit};
///
/// let empty = Record::new("Shop").to_json();
/// assert_eq!(empty, Err(InvalidRecord::Empty));
/// let endless = Record::new("Shop").metric("Weight", Unit::None, f64::INFINITY).to_json();
/// assert_eq!(endless, Err(InvalidRecord::Value("Weight".to_owned())));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidRecord {
    /// The record has no metric.
    Empty,
    /// The record has too many of something: what, how many, and the limit.
    TooMany(&'static str, usize, usize),
    /// The metric has more than 100 values.
    TooManyValues(String, usize),
    /// CloudWatch does not accept a namespace or a name: what it names, and the name.
    Name(&'static str, String),
    /// The dimension of this name has a value that CloudWatch does not take.
    DimensionValue(String),
    /// The metric of this name has a value that is not a number, or outside CloudWatch's range.
    Value(String),
    /// The name is used for two things in the record, for a metric with two units or resolutions, or twice in
    /// a dimension set, or it is `_aws`, `level` or `timestamp`.
    Twice(String),
    /// A dimension set has this name, and the record has no such dimension.
    NoSuchDimension(String),
    /// The property of this name cannot be written as JSON: the name, and why.
    Property(String, String),
    /// The time is more than 14 days ago or 2 hours ahead.
    Time,
    /// The record has this many bytes, more than one event of CloudWatch Logs.
    TooLarge(usize),
}

impl fmt::Display for InvalidRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the metrics were not written: ")?;
        match self {
            Self::Empty => f.write_str("the record has no metric; add one with `metric`"),
            Self::TooMany(what, count, limit) => {
                write!(
                    f,
                    "{count} {what}, and a record may have {limit}; write several"
                )
            }
            Self::TooManyValues(name, count) => write!(
                f,
                "the metric {name:?} has {count} values, and may have {MAX_VALUES}; write several \
                 records"
            ),
            Self::Name(what, name) => {
                let shown: String = name.chars().take(100).collect();
                write!(
                    f,
                    "the {what} {shown:?} has no name that CloudWatch takes: 1 to {MAX_NAME} \
                     printable ASCII characters, not only blanks, no colon at the start"
                )
            }
            Self::DimensionValue(name) => write!(
                f,
                "the value of the dimension {name:?} is not 1 to {MAX_DIMENSION_VALUE} printable \
                 ASCII characters, not only blanks"
            ),
            Self::Value(name) => write!(
                f,
                "the metric {name:?} has a value that CloudWatch does not take: it takes 0, and \
                 numbers between {MIN_VALUE:e} and {MAX_VALUE:e} or their negatives"
            ),
            Self::Twice(name) => write!(
                f,
                "the name {name:?} is taken; dimensions, metrics and properties are members of \
                 one object beside `_aws`, `level` and `timestamp`, a metric has one unit and one \
                 resolution, and a set has a dimension once"
            ),
            Self::NoSuchDimension(name) => write!(
                f,
                "a dimension set has {name:?}, which is no dimension of the record; add it with \
                 `dimension`"
            ),
            Self::Property(name, error) => {
                write!(
                    f,
                    "the property {name:?} cannot be written as JSON: {error}"
                )
            }
            Self::Time => f.write_str("the time is more than 14 days ago or 2 hours ahead"),
            Self::TooLarge(size) => write!(
                f,
                "the record has {size} bytes, and CloudWatch Logs takes less than {MAX_BYTES}; \
                 leave properties out"
            ),
        }
    }
}

impl std::error::Error for InvalidRecord {}
