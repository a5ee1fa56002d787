//! A function and what the Runtime API does around the call that a fault concerns.

use std::thread;
use std::time::{Duration, Instant};

use coldspark_emulator::script::{self, Scripted, Step};

use super::common::{Function, Refusing, Session, is_connected, limit};
use super::relay::Relay;

/// Before it is played.
pub(super) struct Scene {
    pub(super) function: Function,
    /// The replies before that to the call.
    pub(super) before: Vec<Step>,
    /// The event behind it, which shows that the process goes on.
    pub(super) after: Vec<Step>,
}

/// After the fault.
pub(super) struct Played {
    pub(super) session: Session,
    /// The number of requests before the call.
    pub(super) before: usize,
    /// Whether the call reached a server.
    pub(super) reached: bool,
    /// How many events the scene has, the one behind the fault included.
    pub(super) rounds: usize,
    pub(super) _refusing: Option<Refusing>,
    pub(super) _relay: Option<Relay>,
}

impl Scene {
    pub(super) fn new<const N: usize>(function: Function, before: [Step; N], after: &[u8]) -> Self {
        Self {
            function,
            before: before.into(),
            after: script::exchange("after", after).into(),
        }
    }

    /// Plays it with these replies to the call.
    pub(super) fn play(self, replies: Vec<Step>) -> Played {
        let before = self.before.len();
        let steps = [self.before, replies, self.after].concat();
        Played::new(self.function.start(steps), before)
    }

    /// Plays it up to the call, which then waits for its reply; gives the steps behind that.
    pub(super) fn play_to_call(self) -> (Played, Vec<Step>) {
        let before = self.before.len();
        let played = Played::new(self.function.start(self.before), before);
        (played, self.after)
    }

    /// Plays it with nobody there when the call is made.
    pub(super) fn play_refused(mut self) -> Played {
        let Some(last) = self.before.pop() else {
            let refusing = Refusing::new();
            let api = Scripted::start([] as [Step; 0]);
            let process = self.function.start_at(refusing.address());
            let mut played = Played::new(Session::new(process, api), 0);
            played._refusing = Some(refusing);
            return played;
        };
        self.before.push(last.closing_listener().then_close());
        let before = self.before.len();
        // A reply for what comes over the connection that stays, if one does.
        let steps = [self.before, vec![script::status(202).into()], self.after].concat();
        Played::new(self.function.start(steps), before)
    }

    /// Plays it up to the call over a relay.
    pub(super) fn play_to_call_relayed(self) -> (Played, Vec<Step>) {
        let before = self.before.len();
        let api = Scripted::start(self.before);
        let relay = Relay::start(&api.address());
        let process = self.function.start_at(relay.address());
        let mut played = Played::new(Session::new(process, api), before);
        played._relay = Some(relay);
        (played, self.after)
    }
}

impl Played {
    pub(super) fn new(session: Session, before: usize) -> Self {
        Self {
            session,
            before,
            reached: true,
            rounds: 1,
            _refusing: None,
            _relay: None,
        }
    }

    pub(super) fn relay(&self) -> &Relay {
        self._relay.as_ref().expect("it goes over a relay")
    }

    pub(super) fn push(&self, steps: impl IntoIterator<Item = Step>) {
        steps
            .into_iter()
            .for_each(|step| self.session.api.push(step));
    }

    /// Waits until that many requests have come.
    pub(super) fn await_requests(&self, count: usize) {
        self.session.api.wait_for(count, limit());
    }

    /// Waits until the first connection is closed, and the process could see it or has seen it.
    pub(super) fn await_disconnected(&self) {
        let api = &self.session.api;
        api.wait_closed(1, limit());
        let until = Instant::now() + limit();
        let noticed = || api.connections() > 1 || self.session.process.ended().is_some();
        while is_connected(&api.address()) && !noticed() {
            assert!(Instant::now() < until, "the connection stays open");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Lets a handler that waits go on, for this event and the one behind it.
    pub(super) fn go_on(&self) {
        self.session.process.offer_stdin("go");
    }

    /// Waits until the process waits.
    pub(super) fn await_sleep(&self) {
        let until = Instant::now() + limit();
        while !self.session.process.is_sleeping() {
            assert!(Instant::now() < until, "the process works on");
            thread::sleep(Duration::from_millis(5));
        }
    }
}
