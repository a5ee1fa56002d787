//! The report of one invocation, in the form of Lambda's log.

use std::time::Duration;

use crate::emulator::Outcome;

/// One invocation's outcome and figures.
#[derive(Clone, Debug)]
pub struct Report {
    /// The request id.
    pub request_id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// From sending the event to having read the answer; with a repeated init phase from the
    /// start of the process.
    pub duration: Duration,
    /// The init phase that came before the first invocation.
    pub init_duration: Option<Duration>,
    /// From the end of the wait in `restore/next` to `next`, after-restore hooks included.
    pub restore_duration: Option<Duration>,
    /// The configured memory in MB.
    pub memory_mb: u32,
    /// Peak resident memory in MB.
    pub max_memory_mb: u64,
    /// The function's timeout.
    pub timeout: Duration,
}

impl Report {
    /// The payload the caller gets: the response, or the error's JSON.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        self.outcome.payload(&self.request_id, self.timeout)
    }

    /// Whole milliseconds, rounded up, that Lambda would bill: since August 2025 with the init
    /// phase, and with the part of a restore that is the runtime's.
    #[must_use]
    pub fn billed_ms(&self) -> u128 {
        let ahead = self.init_duration.or(self.restore_duration);
        whole_ms(self.duration + ahead.unwrap_or_default())
    }

    /// The platform's lines behind the function's own: what went wrong, `END`, `REPORT`.
    #[must_use]
    pub fn log_lines(&self) -> Vec<String> {
        let id = &self.request_id;
        let mut lines = Vec::new();
        match &self.outcome {
            Outcome::Timeout => {
                let seconds = self.timeout.as_secs_f64();
                lines.push(format!("{id} Task timed out after {seconds:.2} seconds"));
            }
            Outcome::Response {
                http_fault: Some(why),
                ..
            } => lines.push(format!(
                "{id} {why}; a function URL or API Gateway could not use it"
            )),
            Outcome::Exited { .. } => {
                let payload = serde_json::from_slice::<serde_json::Value>(&self.payload());
                let message = payload.unwrap_or_default()["errorMessage"].take();
                lines.push(message.as_str().unwrap_or_default().to_owned());
            }
            _ => {}
        }
        lines.push(format!("END RequestId: {id}"));
        lines.push(self.report_line());
        lines
    }

    fn report_line(&self) -> String {
        let mut line = format!(
            "REPORT RequestId: {}\tDuration: {} ms\tBilled Duration: {} ms\tMemory Size: {} MB\t\
             Max Memory Used: {} MB",
            self.request_id,
            ms(self.duration),
            self.billed_ms(),
            self.memory_mb,
            self.max_memory_mb,
        );
        if let Some(init) = self.init_duration {
            line += &format!("\tInit Duration: {} ms", ms(init));
        }
        if let Some(restore) = self.restore_duration {
            // Lambda does not bill loading the snapshot, and here nothing is loaded.
            line += &format!(
                "\tRestore Duration: {} ms\tBilled Restore Duration: {} ms",
                ms(restore),
                whole_ms(restore)
            );
        }
        // Errors that the function itself posted carry no status on Lambda either.
        if !matches!(self.outcome, Outcome::FunctionError { .. }) {
            line += &status(&self.outcome);
        }
        line
    }
}

/// The line for an init phase that failed, or for one that a snapshot follows.
pub(super) fn init_report(duration: Duration, failure: Option<&Outcome>) -> String {
    let status = failure.map(status).unwrap_or_default();
    format!(
        "INIT_REPORT Init Duration: {} ms\tPhase: init{status}",
        ms(duration)
    )
}

/// The line for a restore.
pub(super) fn restore_report(duration: Duration, failure: Option<&Outcome>) -> String {
    let status = failure.map(status).unwrap_or_default();
    format!(
        "RESTORE_REPORT Restore Duration: {} ms{status}",
        ms(duration)
    )
}

fn status(outcome: &Outcome) -> String {
    match (outcome, outcome.error_type()) {
        (Outcome::Response { .. }, _) => String::new(),
        (Outcome::Timeout, _) => "\tStatus: timeout".to_owned(),
        (_, Some(error_type)) => format!("\tStatus: error\tError Type: {error_type}"),
        (_, None) => "\tStatus: error\tError Type: Runtime.Unknown".to_owned(),
    }
}

fn whole_ms(duration: Duration) -> u128 {
    duration.as_nanos().div_ceil(1_000_000)
}

fn ms(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcome: Outcome, init: Option<u64>) -> Report {
        Report {
            request_id: "r".to_owned(),
            outcome,
            duration: Duration::from_micros(1_230),
            init_duration: init.map(Duration::from_micros),
            restore_duration: None,
            memory_mb: 128,
            max_memory_mb: 1,
            timeout: Duration::from_secs(3),
        }
    }

    #[test]
    fn the_report_line_is_lambdas() {
        let response = Outcome::Response {
            body: Vec::new(),
            content_type: None,
            streamed: false,
            trailers: Vec::new(),
            http_fault: None,
        };
        assert_eq!(
            report(response, Some(350)).log_lines(),
            [
                "END RequestId: r",
                "REPORT RequestId: r\tDuration: 1.23 ms\tBilled Duration: 2 ms\t\
                 Memory Size: 128 MB\tMax Memory Used: 1 MB\tInit Duration: 0.35 ms"
            ]
        );
        let timeout = report(Outcome::Timeout, None).log_lines();
        assert_eq!(timeout[0], "r Task timed out after 3.00 seconds");
        assert!(timeout[2].ends_with("Used: 1 MB\tStatus: timeout"));
    }

    #[test]
    fn billing_includes_the_init_phase() {
        assert_eq!(report(Outcome::Timeout, None).billed_ms(), 2);
        assert_eq!(report(Outcome::Timeout, Some(771)).billed_ms(), 3);
    }

    #[test]
    fn a_restore_is_reported_and_billed() {
        let mut report = report(Outcome::Timeout, None);
        report.restore_duration = Some(Duration::from_micros(771));
        let lines = report.log_lines();
        assert!(lines[2].contains("\tBilled Duration: 3 ms\t"));
        let end = "\tRestore Duration: 0.77 ms\tBilled Restore Duration: 1 ms\tStatus: timeout";
        assert!(lines[2].ends_with(end), "{}", lines[2]);
        assert_eq!(
            restore_report(Duration::from_micros(771), Some(&Outcome::Timeout)),
            "RESTORE_REPORT Restore Duration: 0.77 ms\tStatus: timeout"
        );
    }
}
