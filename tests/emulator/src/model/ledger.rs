//! The reference model: which events are out, and what was answered.

use std::collections::HashMap;

use super::plan::{Plan, Receipt};
use crate::http::{Head, Request};
use crate::{api, base64};

/// The answer that was posted for an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A response; the error type in its trailers when it broke off.
    Response {
        /// The bytes.
        body: Vec<u8>,
        /// `Lambda-Runtime-Function-Error-Type` of the trailers.
        broken: Option<String>,
        /// The JSON in the trailers.
        error_json: Vec<u8>,
    },
    /// An error: `Lambda-Runtime-Function-Error-Type` and the JSON.
    Error {
        /// The type.
        error_type: String,
        /// The JSON.
        body: Vec<u8>,
    },
}

impl Answer {
    /// The bytes that were posted.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        match self {
            Answer::Response { body, .. } | Answer::Error { body, .. } => body,
        }
    }

    fn of(request: &Request) -> Answer {
        let body = request.body.clone();
        let header = request.header(api::ERROR_TYPE);
        if request.path.ends_with("/error") {
            let error_type = header.unwrap_or_default().to_owned();
            return Answer::Error { error_type, body };
        }
        let broken = request.trailer(api::ERROR_TYPE).map(str::to_owned);
        let error_json = request.trailer(api::ERROR_BODY).and_then(base64::decode);
        let error_json = error_json.unwrap_or_default();
        Answer::Response {
            body,
            broken,
            error_json,
        }
    }
}

/// Whether an answer is right for its event; the text says why not.
pub(super) type Judge = Box<dyn Fn(&Plan, &Answer) -> Result<(), String> + Send + Sync>;

/// Every event of a process, and whether it was answered.
pub struct Ledger {
    /// How many events the process may have in hand.
    concurrency: usize,
    judge: Judge,
    /// By their invocation ids.
    events: HashMap<String, Entry>,
    in_hand: usize,
}

struct Entry {
    plan: Plan,
    answered: bool,
}

impl Ledger {
    /// A ledger for a process that may have so many events in hand.
    pub(super) fn new(concurrency: usize, judge: Judge) -> Ledger {
        Ledger {
            concurrency,
            judge,
            events: HashMap::new(),
            in_hand: 0,
        }
    }

    /// How many events were handed out and not answered.
    pub(super) fn in_hand(&self) -> usize {
        self.in_hand
    }

    /// `next` is called: the process must be able to take one more event.
    pub(super) fn asked(&self) -> Result<(), String> {
        if self.in_hand < self.concurrency {
            return Ok(());
        }
        let open = self.events.iter().filter(|(_, entry)| !entry.answered);
        let open: Vec<_> = open.map(|(id, _)| id).collect();
        Err(format!(
            "asked for another event before it answered {open:?}"
        ))
    }

    /// The head of this event goes out; from then on the process knows its id.
    pub(super) fn handed(&mut self, plan: &Plan) {
        let entry = Entry {
            plan: plan.clone(),
            answered: false,
        };
        self.events.insert(plan.nonce.clone(), entry);
        self.in_hand += 1;
    }

    /// The reply to the answer with this head, if its event was handed out.
    pub(super) fn receipt(&self, head: &Head) -> Option<Receipt> {
        let nonce = head.header(api::INVOCATION_ID)?;
        Some(self.events.get(nonce)?.plan.receipt.clone())
    }

    /// An answer came; gives the plan of its event.
    pub(super) fn answered(&mut self, request: &Request) -> Result<Plan, String> {
        let path = &request.path;
        if let Some(fault) = &request.fault {
            return Err(format!("{path} did not come whole: {fault}"));
        }
        let nonce = request.header(api::INVOCATION_ID).unwrap_or_default();
        let Some(entry) = self.events.get_mut(nonce) else {
            return Err(format!(
                "{path} answers {nonce:?}, which was never handed out"
            ));
        };
        if request.request_id() != Some(&entry.plan.id) {
            return Err(format!(
                "{path} has the invocation id {nonce:?} of another event"
            ));
        }
        if entry.answered {
            return Err(format!("{path} answers what has an answer"));
        }
        entry.answered = true;
        self.in_hand -= 1;
        let answer = Answer::of(request);
        (self.judge)(&entry.plan, &answer).map_err(|why| format!("{path}: {why}"))?;
        Ok(entry.plan.clone())
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger")
            .field("events", &self.events.len())
            .field("in_hand", &self.in_hand)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Body, Fault, Head};
    use crate::model::{Delivery, Receipt, Verb};

    fn planned(id: &str, nonce: &str) -> Plan {
        Plan {
            id: id.to_owned(),
            nonce: nonce.to_owned(),
            verb: Verb::Respond,
            filler: 0,
            delivery: Delivery::Whole,
            receipt: Receipt::Status(202),
        }
    }

    fn answer(id: &str, nonce: &str, body: &[u8], fault: Option<Fault>) -> Request {
        let head = Head {
            method: "POST".to_owned(),
            path: format!("/2018-06-01/runtime/invocation/{id}/response"),
            headers: vec![(api::INVOCATION_ID.to_owned(), nonce.to_owned())],
            ..Head::default()
        };
        let body = Body {
            bytes: body.to_vec(),
            fault,
            ..Body::default()
        };
        Request::new(1, head, body)
    }

    fn ledger(concurrency: usize) -> Ledger {
        let judge = |plan: &Plan, answer: &Answer| match answer.body() == plan.event() {
            true => Ok(()),
            false => Err("another's bytes".to_owned()),
        };
        let mut ledger = Ledger::new(concurrency, Box::new(judge));
        for (id, nonce) in [("a", "one"), ("b", "two")] {
            ledger.handed(&planned(id, nonce));
        }
        ledger
    }

    #[track_caller]
    fn refused(ledger: &mut Ledger, request: &Request, why: &str) {
        let said = ledger.answered(request).expect_err(why);
        assert!(said.contains(why), "{said}");
    }

    #[test]
    fn an_answer_is_taken_once_and_only_for_its_own_event() {
        let mut ledger = ledger(3);
        refused(
            &mut ledger,
            &answer("a", "three", b"", None),
            "never handed out",
        );
        refused(
            &mut ledger,
            &answer("b", "one", b"", None),
            "of another event",
        );
        assert_eq!(ledger.in_hand(), 2);
        let bytes = planned("a", "one").event();
        let taken = ledger.answered(&answer("a", "one", &bytes, None));
        assert_eq!(taken.map(|plan| plan.nonce), Ok("one".to_owned()));
        assert_eq!(ledger.in_hand(), 1);
        refused(
            &mut ledger,
            &answer("a", "one", &bytes, None),
            "has an answer",
        );
        refused(
            &mut ledger,
            &answer("b", "two", &bytes, None),
            "another's bytes",
        );
    }

    #[test]
    fn an_answer_that_does_not_come_whole_is_refused() {
        let bytes = planned("a", "one").event();
        let cut = answer(
            "a",
            "one",
            &bytes,
            Some(Fault::Ended("the body".to_owned())),
        );
        refused(&mut ledger(2), &cut, "did not come whole");
    }

    #[test]
    fn no_more_is_asked_for_than_may_be_in_hand() {
        assert_eq!(ledger(3).asked(), Ok(()));
        let said = ledger(2).asked().expect_err("two are in hand");
        assert!(said.contains("one") && said.contains("two"), "{said}");
    }
}
