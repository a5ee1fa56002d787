//! Budgets: upper limits of a program's exact counts.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::figures;
use crate::results::Measured;

/// For each architecture and program, the limit of each figure.
#[derive(Debug, Default)]
pub(crate) struct Budgets(BTreeMap<String, BTreeMap<String, BTreeMap<String, u64>>>);

/// A figure against its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) program: String,
    pub(crate) figure: String,
    pub(crate) limit: u64,
    /// Why there is no count.
    pub(crate) count: Result<u64, String>,
}

impl Check {
    pub(crate) fn is_met(&self) -> bool {
        self.count.as_ref().is_ok_and(|count| *count <= self.limit)
    }

    /// Whether the limit could be a tenth lower and would still be met.
    pub(crate) fn is_loose(&self) -> bool {
        self.count
            .as_ref()
            .is_ok_and(|count| count * 10 < self.limit * 9)
    }
}

impl Budgets {
    pub(crate) fn read(path: &Path) -> Result<Budgets, String> {
        let text =
            fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Budgets::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn parse(text: &str) -> Result<Budgets, String> {
        let limits = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let budgets = Budgets(limits);
        let exact = |name: &str| {
            figures::COUNTED
                .iter()
                .any(|figure| figure.exact && figure.name == name)
        };
        for figure in budgets
            .0
            .values()
            .flat_map(BTreeMap::values)
            .flat_map(BTreeMap::keys)
        {
            if !exact(figure) {
                return Err(format!("{figure} is not an exact figure"));
            }
        }
        Ok(budgets)
    }

    /// The names of the programs that have a budget.
    pub(crate) fn programs(&self, arch: &str) -> Vec<String> {
        self.0
            .get(arch)
            .into_iter()
            .flat_map(BTreeMap::keys)
            .cloned()
            .collect()
    }

    /// Holds a program's figures against the budget of the program called `name`.
    pub(crate) fn check(&self, arch: &str, name: &str, measured: &Measured) -> Vec<Check> {
        let limits = self.0.get(arch).and_then(|programs| programs.get(name));
        let limits = limits.into_iter().flatten();
        limits
            .map(|(figure, limit)| Check {
                program: measured.name.clone(),
                figure: figure.clone(),
                limit: *limit,
                count: match measured.counted.get(figure) {
                    Some(count) => Ok(*count),
                    None => Err(measured
                        .failed
                        .get(figure)
                        .map_or_else(|| "not measured".to_owned(), String::clone)),
                },
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::INSTRUCTIONS;
    use crate::results::tests::program;

    const TEXT: &str = r#"{"x86_64": {"hello": {"instructions": 5000}}}"#;

    #[test]
    fn a_limit_may_be_reached_and_not_passed() {
        let budgets = Budgets::parse(TEXT).unwrap();
        let met =
            |count| budgets.check("x86_64", "hello", &program("hello", 1.0, count))[0].is_met();
        assert!(met(5000));
        assert!(!met(5001));
    }

    #[test]
    fn what_was_not_measured_is_not_met() {
        let budgets = Budgets::parse(TEXT).unwrap();
        let mut measured = program("hello", 1.0, 1);
        measured.counted.clear();
        measured
            .failed
            .insert(INSTRUCTIONS.to_owned(), "no qemu".to_owned());
        let checks = budgets.check("x86_64", "hello", &measured);
        assert_eq!(checks[0].count, Err("no qemu".to_owned()));
        assert!(!checks[0].is_met());
    }

    #[test]
    fn loose_limits_are_seen() {
        let budgets = Budgets::parse(TEXT).unwrap();
        let loose =
            |count| budgets.check("x86_64", "hello", &program("hello", 1.0, count))[0].is_loose();
        assert!(loose(4000) && !loose(4600));
    }

    #[test]
    fn figures_that_vary_have_no_budget() {
        let text = r#"{"x86_64": {"hello": {"init_warm_us": 200}}}"#;
        assert!(Budgets::parse(text).unwrap_err().contains("init_warm_us"));
        assert!(
            Budgets::parse(TEXT)
                .unwrap()
                .check("arm64", "hello", &program("hello", 1.0, 1))
                .is_empty()
        );
    }
}
