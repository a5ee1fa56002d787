//! Statuses that a setting names.

use super::{find, unreadable};

/// Ranges of HTTP statuses.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::http) struct Statuses(Vec<(u16, u16)>);

impl Statuses {
    pub(in crate::http) fn contain(&self, status: u16) -> bool {
        self.0
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&status))
    }

    /// The ranges of a setting such as `200-399,404`, or else of its default.
    #[inline(never)]
    pub(super) fn from_env(name: &'static str, default: Option<&str>) -> Self {
        if let Some((name, text)) = find(name) {
            let (ranges, invalid) = Self::read(&text);
            if invalid {
                let instead = match ranges.0.is_empty() {
                    true => default,
                    false => Some("its valid part"),
                };
                unreadable(name, &text, "statuses such as 200-399,404", instead);
            }
            if !ranges.0.is_empty() {
                return ranges;
            }
        }
        let (ranges, _) = Self::read(default.unwrap_or_default());
        ranges
    }

    /// The valid ranges of a text, and whether it has invalid ones or no valid one. No status matches an invalid
    /// range.
    fn read(text: &str) -> (Self, bool) {
        let mut ranges = Vec::new();
        let mut invalid = false;
        for part in text
            .split(',')
            .map(str::trim_ascii)
            .filter(|part| !part.is_empty())
        {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (first.trim_ascii().parse(), last.trim_ascii().parse());
            match (first, last) {
                (Ok(first), Ok(last)) if first <= last && first < 1000 && last >= 100 => {
                    ranges.push((first, last));
                }
                _ => invalid = true,
            }
        }
        invalid |= ranges.is_empty();
        (Self(ranges), invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_numbers_and_ranges() {
        let (statuses, invalid) = Statuses::read("200-299, 404,,x,500-");
        assert_eq!(statuses, Statuses(vec![(200, 299), (404, 404)]));
        assert!(invalid);
        assert!(statuses.contain(299) && statuses.contain(404) && !statuses.contain(300));
        assert_eq!(Statuses::read("0-399"), (Statuses(vec![(0, 399)]), false));
        for nothing in ["ok", "499-100", "99", "1000-2000", ",", "", "-1"] {
            assert_eq!(
                Statuses::read(nothing),
                (Statuses::default(), true),
                "{nothing}"
            );
        }
    }
}
