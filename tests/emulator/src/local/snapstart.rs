//! `--snapstart`: the protocol around a snapshot, with a process for each environment.

use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use coldspark_emulator::emulator::Invocation;
use coldspark_emulator::function::{Function, SnapStartError};

use crate::run::{log, print, status};

/// Taking a snapshot takes Lambda longer. A process that does not stay parked shows it in this
/// time.
const SNAPSHOT: Duration = Duration::from_millis(100);

/// Parks every environment, then restores one after the other. An error means that the tool was
/// used wrongly.
pub(crate) fn run(environments: &[Arc<Function>], event: &[u8]) -> Result<ExitCode, String> {
    let count = environments.len();
    say(&format!(
        "SnapStart protocol with {count} environment(s). Memory is not cloned here: a process \
         cannot be duplicated from outside, so each environment runs its own init. \
         scripts/verify-clones restores one snapshot on virtual machines."
    ));
    let report_failure = |number: usize, error| match error {
        SnapStartError::Start(error) => Err(error.to_string()),
        SnapStartError::Failed(why) => {
            say(&format!("environment {number} of {count}: {why}"));
            Ok(())
        }
    };
    for (number, environment) in (1..).zip(environments) {
        if let Err(error) = environment.park() {
            report_failure(number, error)?;
            return Ok(status(true));
        }
        log(format!(
            "SNAPSHOT environment {number} of {count}: parked in GET /2018-06-01/runtime/restore/next"
        )
        .as_bytes());
    }
    thread::sleep(SNAPSHOT);
    let mut failed = false;
    for (number, environment) in (1..).zip(environments) {
        log(format!("RESTORE environment {number} of {count}").as_bytes());
        match environment.restore(Invocation::new(event)) {
            Ok(report) => {
                failed |= report.outcome.is_error() || report.outcome.http_fault().is_some();
                if !print(report.payload()) {
                    return Ok(status(true));
                }
            }
            Err(error) => {
                failed = true;
                report_failure(number, error)?;
            }
        }
    }
    Ok(status(failed))
}

fn say(text: &str) {
    log(format!("coldspark-local: {text}").as_bytes());
}
