//! One program from its start to its end, and the moments in between.

use std::path::PathBuf;
use std::time::Duration;

use crate::api::{Api, Call, Request};
use crate::clock::Moment;
use crate::cold;
use crate::limit::Spawner;
use crate::process::{self, Usage};
use crate::programs::Program;
use crate::quiet::Quiet;
use crate::spawn::{self, Launch};

/// How long a program may take for any step.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

/// What to do with a program.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'a> {
    /// Drop its files' pages before it starts.
    pub(crate) cold: bool,
    /// The first event, and all warm ones.
    pub(crate) event: &'a [u8],
    /// The expected response; `None` for the event itself.
    pub(crate) answer: Option<&'a [u8]>,
    /// How many events follow the first one, at most.
    pub(crate) warm_events: usize,
    /// After this long it gets no further ones.
    pub(crate) warm_time: Duration,
    /// An event after the others.
    pub(crate) last: Option<&'a [u8]>,
    /// Look at its memory and faults, which takes time.
    pub(crate) inspect: bool,
}

impl Plan<'_> {
    /// The same with the program's own event, if it has one.
    fn of(self, program: &Program) -> Result<Self, String> {
        match program.exchange {
            None => Ok(self),
            Some(_) if self.last.is_some() => {
                Err("it does not return its event, and is sent none of 6 MB".to_owned())
            }
            Some((event, answer)) => Ok(Self {
                event,
                answer: Some(answer),
                ..self
            }),
        }
    }
}

/// The measured times, in microseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    /// From just before the start to the complete `GET /next`.
    pub(crate) init: f64,
    /// From sending the first event to its complete response.
    pub(crate) first: f64,
    /// From just before the start to the complete first response.
    pub(crate) total: f64,
    /// CPU time up to the first response, of a program whose answer is not its event.
    pub(crate) cpu: f64,
    pub(crate) warm: Vec<f64>,
    pub(crate) last: Option<f64>,
    /// At the first poll.
    pub(crate) polling: Usage,
    /// At the end.
    pub(crate) end: Usage,
}

/// The parameters of a measurement besides the program.
pub(crate) struct Stage {
    pub(crate) runner: Runner,
    pub(crate) quiet: Quiet,
}

/// What runs a program, whether the moment is quiet or not.
pub(crate) struct Runner {
    pub(crate) api: Api,
    pub(crate) spawner: Spawner,
    pub(crate) log: PathBuf,
}

impl Runner {
    /// Runs a program as planned, and ends it.
    pub(crate) fn run(&mut self, program: &Program, plan: Plan<'_>) -> Result<Sample, String> {
        let plan = plan.of(program)?;
        if plan.cold {
            for file in &program.files {
                cold::drop_pages(file)?;
            }
            cold::wait_for_disks();
        }
        self.spawner.wait_for_share();
        let _ = std::fs::remove_file(&self.log);
        let launch = Launch {
            arguments: program.command.clone(),
            environment: program.environment(&self.api.address()?, &program.task_root),
            log: self.log.clone(),
        };
        let started = self.spawner.start(&launch)?;
        let result = self.drive(started.pid, started.moment(), plan);
        spawn::end(started.pid);
        self.spawner.reap(started.pid);
        self.api.reset();
        result.map_err(|error| error + &spawn::last_words(&self.log))
    }

    fn drive(&mut self, pid: i32, started: Moment, plan: Plan<'_>) -> Result<Sample, String> {
        let mut sample = Sample::default();
        let mut next = expect(&mut self.api, &Call::Next, pid)?;
        sample.init = next.at.micros_since(started);
        if plan.inspect {
            // The request was sent a moment ago; the program has yet to begin its wait.
            std::thread::sleep(Duration::from_millis(3));
            sample.polling = process::usage(pid)?;
        }
        let answer = plan.answer.unwrap_or(plan.event);
        let first = answered(&mut self.api, &next, plan.event, answer, pid)?;
        sample.first = first.micros;
        sample.total = first.at.micros_since(started);
        if plan.answer.is_some() {
            sample.cpu = process::cpu_micros(pid)?;
        }
        next = expect(&mut self.api, &Call::Next, pid)?;

        let enough = Moment::now().after(plan.warm_time);
        while sample.warm.len() < plan.warm_events
            && (sample.warm.is_empty() || Moment::now() < enough)
        {
            let warm = answered(&mut self.api, &next, plan.event, answer, pid)?;
            sample.warm.push(warm.micros);
            next = expect(&mut self.api, &Call::Next, pid)?;
        }
        if let Some(event) = plan.last {
            sample.last = Some(answered(&mut self.api, &next, event, event, pid)?.micros);
        }
        if plan.inspect {
            sample.end = process::usage(pid)?;
        }
        Ok(sample)
    }
}

/// Sends an event, waits for its response, which must be this answer, and accepts it.
pub(super) fn answered(
    api: &mut Api,
    next: &Request,
    event: &[u8],
    answer: &[u8],
    pid: i32,
) -> Result<Invoked, String> {
    let sent = api.send_event(next, event)?;
    let response = expect(api, &Call::Response, pid)?;
    let body = api.body(&response);
    if body != answer {
        let begin = String::from_utf8_lossy(&body[..body.len().min(100)]).into_owned();
        return Err(format!(
            "its response of {} bytes is not the expected one of {} bytes: {begin}",
            body.len(),
            answer.len()
        ));
    }
    api.accept_response(&response);
    Ok(Invoked {
        micros: response.at.micros_since(sent),
        at: response.at,
    })
}

/// Waits for a request of this kind.
pub(super) fn expect(api: &mut Api, call: &Call, pid: i32) -> Result<Request, String> {
    let until = Moment::now().after(TIMEOUT);
    match api.receive(until, &mut || spawn::ended(pid))? {
        Some(request) => expected(api, request, call),
        None => Err(format!("no {call:?} within {} s", TIMEOUT.as_secs())),
    }
}

/// The request, if it is of this kind; otherwise the error is what the program sent instead.
pub(crate) fn expected(api: &Api, request: Request, call: &Call) -> Result<Request, String> {
    match &request.call {
        sent if sent == call => Ok(request),
        Call::Error => {
            let text = String::from_utf8_lossy(api.body(&request)).into_owned();
            Err(format!(
                "it reported an error: {}",
                text.chars().take(300).collect::<String>()
            ))
        }
        sent => Err(format!("it sent {sent:?} instead of {call:?}")),
    }
}

/// An event that was answered.
pub(super) struct Invoked {
    micros: f64,
    at: Moment,
}
