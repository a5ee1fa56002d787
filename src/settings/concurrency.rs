//! How many invocations may be in hand at a time.

use super::variable;
use crate::escape::quoted;

const MAX_CONCURRENCY: &str = "AWS_LAMBDA_MAX_CONCURRENCY";
/// Most pollers of one process: an ordinary environment has 1,024 threads and as many descriptors
/// (developer guide, "Lambda quotas").
const MOST: usize = 1000;

/// The number in the setting, within bounds, and the setting's mistake, if any.
pub(crate) fn max_concurrency() -> (usize, Option<String>) {
    parse(variable(MAX_CONCURRENCY).as_deref().unwrap_or_default())
}

pub(super) fn parse(value: &str) -> (usize, Option<String>) {
    if value.is_empty() {
        return (1, None);
    }
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let (count, what) = match value.parse() {
        _ if !digits => (1, "is not a whole number; one poller is used"),
        Ok(0) => (1, "is no number of pollers; one is used"),
        Ok(count) if count <= MOST => return (count, None),
        // Also a number that is too large for an integer.
        _ => (MOST, "is over 1000 pollers; 1000 are used"),
    };
    (
        count,
        Some(format!("{MAX_CONCURRENCY}={} {what}", quoted(value))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concurrency_is_a_number_within_bounds_or_a_problem() {
        for (value, count, problem) in [
            ("", 1, None),
            ("1", 1, None),
            ("8", 8, None),
            ("1000", 1000, None),
            ("0", 1, Some("is no number")),
            ("-1", 1, Some("not a whole number")),
            ("+8", 1, Some("not a whole number")),
            ("2.5", 1, Some("not a whole number")),
            ("many", 1, Some("not a whole number")),
            ("10000", 1000, Some("over 1000")),
            ("99999999999999999999999", 1000, Some("over 1000")),
        ] {
            let (got, said) = parse(value);
            assert_eq!(got, count, "{value:?}");
            match problem {
                None => assert_eq!(said, None),
                Some(problem) => {
                    let said = said.expect(value);
                    assert!(said.contains(problem) && said.contains(value), "{said}");
                }
            }
        }
    }
}
