//! A function's process together with the Runtime API it talks to.

use std::thread;
use std::time::{Duration, Instant};

use coldspark_emulator::script::{Request, Scripted};

use super::binaries::limit;
use super::function::{Exit, Process};

/// The function and its Runtime API; the process ends first.
pub(crate) struct Session {
    pub(crate) process: Process,
    pub(crate) api: Scripted,
}

impl Session {
    pub(crate) fn new(process: Process, api: Scripted) -> Self {
        Self { process, api }
    }

    /// Waits for that many requests and gives them. More than that is a failure, as is the
    /// process's end; so with one request more than there are steps, the process goes on and
    /// waits for another event.
    #[track_caller]
    pub(crate) fn requests(&self, count: usize) -> Vec<Request> {
        let until = Instant::now() + limit();
        let mut pause = Duration::from_millis(1);
        loop {
            let ended = self.process.ended();
            let requests = self.recorded();
            if requests.len() >= count {
                assert_eq!(requests.len(), count, "requests: {:?}", lines(&requests));
                return requests;
            }
            let seen = lines(&requests);
            if let Some(status) = ended {
                panic!("the process ended with {status}, after the requests {seen:?}");
            }
            assert!(Instant::now() < until, "only the requests {seen:?}");
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    /// Waits until the process ends by itself, which it must have done after that many requests.
    #[track_caller]
    pub(crate) fn exit_after(&self, count: usize) -> (Vec<Request>, Exit) {
        let exit = self.process.wait();
        let requests = self.recorded();
        assert_eq!(requests.len(), count, "requests: {:?}", lines(&requests));
        (requests, exit)
    }

    /// Every request so far. A connection that ended without a byte does not count, even if it was reset
    /// because the process had not read everything.
    fn recorded(&self) -> Vec<Request> {
        let mut requests = self.api.requests();
        requests.retain(|request| request.is_complete() || !request.head.is_empty());
        requests
    }

    /// The requests that are complete so far.
    pub(crate) fn complete_requests(&self) -> Vec<Request> {
        let mut requests = self.api.requests();
        requests.retain(Request::is_complete);
        requests
    }

    pub(crate) fn stderr(&self) -> String {
        self.process.stderr()
    }

    /// Each of these texts is in one line of the log.
    #[track_caller]
    pub(crate) fn assert_logged(&self, texts: &[&str]) {
        let stderr = self.stderr();
        let has_all = |line: &str| texts.iter().all(|text| line.contains(text));
        assert!(
            stderr.lines().any(has_all),
            "no line of stderr has {texts:?}"
        );
    }
}

fn lines(requests: &[Request]) -> Vec<String> {
    let lines = requests.iter().map(|request| {
        let connection = request.connection;
        format!("{connection}: {} {}", request.method, request.path)
    });
    lines.collect()
}
