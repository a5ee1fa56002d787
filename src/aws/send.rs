//! Sending a request until there is an answer, or no reason to try again.

use std::sync::atomic::Ordering;

use ureq::http::{HeaderValue, Request};

use super::caller::Limits;
use super::client::Client;
use super::http::{self, Answer};
use super::outgoing::{self, Outgoing};
use super::retry::{self, Class};
use super::sigv4::{self, Signing};
use super::{Error, answer, credentials, timestamps};
use crate::sys;

/// A smaller difference of the clocks is not why a signature is refused.
const SKEW: i64 = 4 * 60;

impl Client {
    /// Sends it until there is an answer or a failure that is not worth a retry.
    pub(super) fn run(
        &self,
        limits: &Limits<'_>,
        outgoing: &Outgoing<'_>,
    ) -> Result<Answer, Error> {
        let (mut attempt, mut paid) = (1, None);
        loop {
            let now = sys::since_epoch().as_secs();
            let signed = now.saturating_add_signed(self.skew.load(Ordering::Relaxed));
            let (error, class, after) = match self.attempt(limits, outgoing, signed) {
                Ok(answer) if answer.status < 300 => {
                    self.rules.give_back(paid);
                    return Ok(answer);
                }
                Ok(answer) => {
                    let error = answer::error(&answer);
                    let skewed = self.learn_time(&answer, error.code(), signed, now);
                    if skewed && attempt < self.rules.attempts {
                        attempt += 1;
                        continue;
                    }
                    let class = Class::of(answer.status, error.code());
                    (error, class, answer::retry_after(&answer))
                }
                Err(failed) => {
                    let again = failed.error.code() == "Aws.Connection"
                        && (failed.unsent || outgoing.repeatable);
                    (failed.error, again.then_some(Class::Transient), None)
                }
            };
            let Some(class) = class.filter(|_| attempt < self.rules.attempts) else {
                return Err(error);
            };
            let delay = self.rules.delay(class, attempt, after);
            if limits.left().is_none_or(|left| left <= delay) {
                return Err(error);
            }
            let Some(cost) = self.rules.pay(class) else {
                return Err(error);
            };
            paid = Some(cost);
            sys::pause(delay.as_millis() as u32);
            attempt += 1;
        }
    }

    fn attempt(
        &self,
        limits: &Limits<'_>,
        outgoing: &Outgoing<'_>,
        now: u64,
    ) -> Result<Answer, http::Failed> {
        let credentials = credentials::now(limits)?;
        let base = self.endpoint.url.splitn(4, '/').nth(3).unwrap_or_default();
        let path = match base {
            "" => outgoing.path.to_owned(),
            base => ["/", base, outgoing.path].concat(),
        };
        let mut headers = outgoing.headers.clone();
        headers.push(("host".to_owned(), self.endpoint.host.clone()));
        let signing = Signing {
            method: outgoing.method,
            path: &path,
            query: &outgoing.query,
            headers: &headers,
            body: outgoing.body,
            region: &self.endpoint.region,
            service: self.service.signing_name,
            now,
        };
        let signature = sigv4::sign(&signing, &credentials);
        let mut url = [&*self.endpoint.url, outgoing.path].concat();
        if !outgoing.query.is_empty() {
            url.push('?');
            url.push_str(&outgoing.query);
        }
        let mut request = Request::builder().method(outgoing.method).uri(url);
        let given = headers.iter().map(|(name, value)| (&**name, value));
        let added = signature.iter().map(|(name, value)| (*name, value));
        for (name, value) in given.chain(added) {
            let (name, value) = outgoing::header(name, value)?;
            request = request.header(name, value);
        }
        // Not signed: proxies may add to it. Lambda detects recursive loops by it.
        if let Some(Ok(trace)) = limits.trace_id.map(HeaderValue::from_str) {
            request = request.header("x-amzn-trace-id", trace);
        }
        let request = request.body(outgoing.body).map_err(|error| {
            Error::of(
                "Aws.BadRequest",
                format!(
                    "a request with the method {:?} cannot be sent: {error}",
                    outgoing.method
                ),
            )
        })?;
        http::exchange(request, limits)
    }

    /// Adopts the service's time, if the answer says that the time of the signature was wrong and it was.
    fn learn_time(&self, answer: &Answer, code: &str, signed: u64, now: u64) -> bool {
        if !retry::may_be_skewed(code) {
            return false;
        }
        let Some(theirs) = answer.header("date").and_then(timestamps::of_http) else {
            return false;
        };
        if (theirs as i64 - signed as i64).abs() < SKEW {
            return false;
        }
        self.skew
            .store(theirs as i64 - now as i64, Ordering::Relaxed);
        true
    }
}
