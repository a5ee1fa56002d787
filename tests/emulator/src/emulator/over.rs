//! Invocations that are over, remembered so that a second answer to one gets another refusal than a wrong id.

use std::collections::VecDeque;

use super::refusal::{LATE, NOT_NOW, Refusal, UNKNOWN_ID};

/// How many are remembered.
const REMEMBERED: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Over {
    invocations: VecDeque<Invocation>,
}

#[derive(Debug)]
struct Invocation {
    request_id: String,
    nonce: String,
    /// Whether it was answered; otherwise it was given up.
    answered: bool,
}

impl Over {
    pub(super) fn remember(&mut self, id: &str, nonce: String, answered: bool) {
        if self.invocations.len() == REMEMBERED {
            self.invocations.pop_front();
        }
        self.invocations.push_back(Invocation {
            request_id: id.to_owned(),
            nonce,
            answered,
        });
    }

    /// The refusal of an answer to an invocation that is not in hand.
    pub(super) fn refusal(&self, id: &str, nonce: Option<&str>) -> Refusal {
        let mut newest_first = self.invocations.iter().rev();
        let Some(found) = newest_first.find(|invocation| invocation.request_id == id) else {
            return UNKNOWN_ID;
        };
        let is_the_same = nonce.is_none_or(|nonce| nonce == found.nonce);
        if found.answered && is_the_same {
            NOT_NOW
        } else {
            LATE
        }
    }
}
