//! What is shown of the results: tables in markdown, and charts.

pub(crate) mod chart;
mod paint;
pub(crate) mod table;
