//! A record as JSON, on one line.

use super::{Metric, Record};
use crate::escape::quoted;

impl Record {
    /// Encodes a record. Lambda filters by a level and a timestamp, which are members if they are given.
    pub(super) fn encode(&self, millis: u64, level_and_time: Option<(&str, String)>) -> String {
        let set = |names: &mut dyn Iterator<Item = &String>| {
            comma_separated(names.map(|name| quoted(name)))
        };
        let sets = match self.sets.as_slice() {
            [] => set(&mut self.dimensions.iter().map(|(name, _)| name)),
            sets => sets
                .iter()
                .map(|names| set(&mut names.iter()))
                .collect::<Vec<_>>()
                .join("],["),
        };
        let metrics = self.metrics.iter().map(|metric| {
            let resolution = match metric.is_high_resolution {
                true => ",\"StorageResolution\":1",
                false => "",
            };
            let (name, unit) = (quoted(&metric.name), metric.unit.name());
            format!("{{\"Name\":{name},\"Unit\":\"{unit}\"{resolution}}}")
        });
        let mut json = format!(
            "{{\"_aws\":{{\"Timestamp\":{millis},\"CloudWatchMetrics\":[{{\"Namespace\":{},\
             \"Dimensions\":[[{sets}]],\"Metrics\":[{}]}}]}}",
            quoted(&self.namespace),
            comma_separated(metrics)
        );
        if let Some((level, timestamp)) = level_and_time {
            json.extend([
                ",\"level\":\"",
                level,
                "\",\"timestamp\":\"",
                &timestamp,
                "\"",
            ]);
        }
        let mut member = |name: &str, value: &str| {
            json.extend([",", &quoted(name), ":", value]);
        };
        for (name, value) in &self.dimensions {
            member(name, &quoted(value));
        }
        for Metric { name, values, .. } in &self.metrics {
            // serde_json's code for floats is smaller than std's.
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

fn comma_separated(elements: impl Iterator<Item = String>) -> String {
    elements.collect::<Vec<_>>().join(",")
}
