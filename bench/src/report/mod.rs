//! What is shown of the results: tables in markdown, and charts.

pub(crate) mod chart;
pub(crate) mod table;
