//! Invocations that are over, to tell a second answer from a wrong id.

use std::collections::VecDeque;

use super::refusal::{LATE, NOT_NOW, Refusal, UNKNOWN_ID};

/// How many are remembered.
const REMEMBERED: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Past {
    /// Request id, nonce, and whether it was answered rather than given up.
    invocations: VecDeque<(String, String, bool)>,
}

impl Past {
    pub(super) fn remember(&mut self, id: &str, nonce: String, answered: bool) {
        if self.invocations.len() == REMEMBERED {
            self.invocations.pop_front();
        }
        self.invocations.push_back((id.to_owned(), nonce, answered));
    }

    /// The refusal of an answer to an invocation that is not in flight.
    pub(super) fn refusal(&self, id: &str, nonce: Option<&str>) -> Refusal {
        let mut past = self.invocations.iter().rev();
        match past.find(|(past, ..)| past == id) {
            Some((_, past, true)) if nonce.is_none_or(|nonce| nonce == past) => NOT_NOW,
            Some(_) => LATE,
            None => UNKNOWN_ID,
        }
    }
}
