//! The plan of an event, drawn from a seed.

use fastrand::Rng;

/// The handler's instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Return a response.
    Respond,
    /// Return an error.
    Fail,
    /// Write a response while it is read.
    Stream,
    /// Begin a response, then fail.
    Break,
    /// Panic.
    Panic,
    /// Write a response with pauses between its parts.
    Linger,
    /// Respond, while a thread panics.
    Thread,
}

/// The delivery of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// In one write.
    Whole,
    /// In writes that end at these offsets, taken modulo the reply's length.
    Pieces(Vec<usize>),
    /// One byte a write.
    Dribble,
    /// In chunks of this size.
    Chunks(usize),
    /// Behind interim replies.
    Interim,
    /// With bytes behind it that belong to nothing.
    Extra,
    /// With `Connection: close`.
    Last,
    /// Ended by nothing but the connection.
    UntilEnd,
    /// The connection ends behind it.
    Ended,
    /// The first call gets no byte, the second one the event.
    Second,
    /// Only this part of the body comes, in hundredths.
    CutBody(usize),
    /// Only a part of the head comes: the process must end.
    CutHead,
}

/// What becomes of an answer, which was read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// This status, in one write.
    Status(u16),
    /// 202 in two writes.
    Pieces(usize),
    /// 202 behind interim replies.
    Interim,
    /// Interim replies before the body of the answer is read, then 202.
    Early,
    /// 202 with bytes behind it that belong to nothing.
    Extra,
    /// 202 with `Connection: close`.
    Last,
    /// 202, and the connection ends behind it.
    Ended,
    /// No byte.
    Nothing,
    /// A part of a head.
    CutHead,
    /// Not HTTP.
    Garbage,
}

/// One event of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The request id. A retry has that of another event, which may still be in hand.
    pub id: String,
    /// The invocation id; no other event of the process has it.
    pub nonce: String,
    /// What the handler is to do.
    pub verb: Verb,
    /// Bytes behind verb and invocation id in the event.
    pub filler: usize,
    /// How the event comes.
    pub delivery: Delivery,
    /// What becomes of the answer.
    pub receipt: Receipt,
}

/// What may be drawn.
#[derive(Clone, Debug)]
pub struct Choices {
    /// Most events in a run.
    pub events: usize,
    /// The verbs, each as likely as it is often here.
    pub verbs: Vec<Verb>,
    /// Whether faults that end the process may come; such a run ends with it.
    pub fatal: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Choices {
            events: 5,
            verbs: vec![Verb::Respond, Verb::Respond, Verb::Fail],
            fatal: false,
        }
    }
}

impl Plan {
    /// The bytes of the event: verb, invocation id and filler, with blanks between.
    #[must_use]
    pub fn event(&self) -> Vec<u8> {
        let verb = match self.verb {
            Verb::Respond => "respond",
            Verb::Fail => "fail",
            Verb::Stream => "stream",
            Verb::Break => "break",
            Verb::Panic => "panic",
            Verb::Linger => "linger",
            Verb::Thread => "thread",
        };
        let mut event = format!("{verb} {} ", self.nonce).into_bytes();
        // Of the event's own bytes: those of another one would show anywhere in it.
        event.extend(self.nonce.bytes().cycle().take(self.filler));
        event
    }

    /// Whether the event does not come whole.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        matches!(self.delivery, Delivery::CutBody(_))
    }

    /// Whether the process must end because of it.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.delivery == Delivery::CutHead || matches!(self.receipt, Receipt::Status(500..))
    }
}

/// The events of the run with this seed.
#[must_use]
pub fn plan(seed: u64, choices: &Choices) -> Vec<Plan> {
    let mut rng = Rng::with_seed(seed);
    let count = rng.usize(1..=choices.events);
    let mut plans: Vec<Plan> = (0..count)
        .map(|at| Plan {
            id: match rng.u8(..8) {
                0 => "retried".to_owned(),
                _ => format!("{seed:x}-{at}"),
            },
            nonce: format!("nonce-{seed:x}-{at}"),
            verb: choices.verbs[rng.usize(..choices.verbs.len())],
            filler: filler(&mut rng),
            delivery: delivery(&mut rng),
            receipt: receipt(&mut rng),
        })
        .collect();
    if choices.fatal && rng.u8(..) < 2 {
        let last = &mut plans[count - 1];
        match rng.bool() {
            true => last.delivery = Delivery::CutHead,
            false => last.receipt = Receipt::Status([500, 503][rng.usize(..2)]),
        }
    }
    plans
}

/// Mostly little, sometimes more than a buffer, seldom more than a socket holds.
fn filler(rng: &mut Rng) -> usize {
    match rng.u8(..) {
        0..=199 => rng.usize(..300),
        200..=249 => rng.usize(..20_000),
        _ => rng.usize(..400_000),
    }
}

fn delivery(rng: &mut Rng) -> Delivery {
    match rng.u8(..40) {
        0..=14 => Delivery::Whole,
        15..=19 => {
            let mut offsets: Vec<_> = (0..rng.usize(1..4)).map(|_| rng.usize(1..)).collect();
            offsets.sort_unstable();
            Delivery::Pieces(offsets)
        }
        20 => Delivery::Dribble,
        21..=23 => Delivery::Chunks(rng.usize(1..5000)),
        24..=25 => Delivery::Interim,
        26..=27 => Delivery::Extra,
        28..=29 => Delivery::Last,
        30..=31 => Delivery::UntilEnd,
        32..=34 => Delivery::Ended,
        35..=37 => Delivery::Second,
        _ => Delivery::CutBody(rng.usize(..100)),
    }
}

fn receipt(rng: &mut Rng) -> Receipt {
    match rng.u8(..40) {
        0..=20 => Receipt::Status(202),
        21 => Receipt::Early,
        22..=23 => Receipt::Status([200, 204][rng.usize(..2)]),
        24..=26 => Receipt::Status([302, 400, 403, 404, 410, 413][rng.usize(..6)]),
        27..=28 => Receipt::Pieces(rng.usize(1..)),
        29..=30 => Receipt::Interim,
        31 => Receipt::Extra,
        32 => Receipt::Last,
        33..=35 => Receipt::Ended,
        36..=37 => Receipt::Nothing,
        38 => Receipt::CutHead,
        _ => Receipt::Garbage,
    }
}
