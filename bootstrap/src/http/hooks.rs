//! Requests to an application before a SnapStart snapshot and after a restore, by the paths in settings.

use coldspark::Error;
use coldspark::internal::since_boot;

use super::application::{Application, NotReady};
use super::exchange::Exchange;
use super::exchange_error::ExchangeError;
use super::process::Process;
use super::request::Request;
use crate::error;
use crate::worker::protocol::Hook;

impl Application {
    /// Posts to the path of the hook, if a setting names one, and expects a status of success. After the restore
    /// it also waits until the application is ready.
    #[cold]
    #[inline(never)]
    pub(crate) fn hook(&self, hook: Hook) -> Result<(), Error> {
        self.log.begin_hook();
        // No connection survives the snapshot.
        self.close_idle();
        let result = self.run_hook(hook);
        self.close_idle();
        if result.is_err() {
            self.end();
        }
        self.log.flush();
        result
    }

    fn run_hook(&self, hook: Hook) -> Result<(), Error> {
        let limit = self.web.check.timeout;
        let until = limit.map(|limit| since_boot() + limit);
        let path = match hook {
            Hook::BeforeSnapshot => &self.web.before_snapshot_path,
            Hook::AfterRestore => &self.web.after_restore_path,
        };
        let when = hook.when().words();
        let (process, _) = self.prepare(until).map_err(|reason| match reason {
            NotReady::Failed(error) => error,
            NotReady::TimedOut(_) => self.not_ready(when),
        })?;
        let failed = |error| self.report(&process, error, hook.when());
        if let Some(path) = path {
            let status = self.post(&process, path).map_err(failed)?;
            if !(200..=299).contains(&status) {
                return Err(Error::new(
                    error::ERROR_STATUS,
                    format!(
                        "POST {path} {when} was answered with status {status}; the application must answer it \
                         with 2xx"
                    ),
                ));
            }
        }
        if hook == Hook::AfterRestore {
            match self.await_ready(&process, until) {
                Err(ExchangeError::TimedOut) => return Err(self.not_ready(when)),
                other => drop(other.map_err(failed)?),
            }
        }
        Ok(())
    }

    fn not_ready(&self, when: &str) -> Error {
        Error::new(
            error::INIT_TIMEOUT,
            format!(
                "{} was not ready in time {when} (AWS_LWA_READINESS_CHECK_TIMEOUT_SECONDS)",
                self.name()
            ),
        )
    }

    /// Posts to this path, and returns the status of the answer. There is no time limit: Lambda has one.
    fn post(&self, process: &Process, path: &str) -> Result<u16, ExchangeError> {
        let connection = self.connect(process, None)?;
        let request = Request::empty("POST", path, &self.host);
        let head = Exchange::new(connection, &request, process, None).await_head()?;
        Ok(head.status)
    }
}
