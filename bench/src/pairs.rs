//! Programs that are compared with each other instead of the floor, in the same rounds.

use serde::{Deserialize, Serialize};

use crate::figures::{FIRST, INIT_COLD, INIT_WARM, JSON, WARM};
use crate::stats::Spread;

/// Figure, program, and the program that it is compared with.
pub(crate) const PAIRS: [(&str, &str, &str); 8] = [
    // The cost of an unused mimalloc.
    (INIT_WARM, "hello", "hello-lean"),
    (INIT_COLD, "hello", "hello-lean"),
    // The cost of an event through another process.
    (FIRST, "layer-worker", "hello-lean"),
    (WARM, "layer-worker", "hello-lean"),
    // The cost of allocators: the times are inverse speeds.
    (JSON, "json-mimalloc", "json-coldspark"),
    (JSON, "json-musl", "json-coldspark"),
    (JSON, "json-lean", "json-coldspark"),
    (JSON, "json-musl", "json-lean"),
];

/// A program's time against another's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Pair {
    /// By the names in figures.rs.
    pub(crate) figure: String,
    pub(crate) program: String,
    pub(crate) to: String,
    pub(crate) ratio: Spread,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::TIMED;

    #[test]
    fn pairs_are_of_programs_and_figures_that_there_are() {
        let names = crate::sources::names(false);
        for (figure, program, to) in PAIRS {
            assert!(TIMED.iter().any(|timed| timed.name == figure), "{figure}");
            assert!(names.contains(&program) && names.contains(&to));
            assert_ne!(program, to);
        }
    }
}
