//! What a process learns of an invocation, as lines `NAME=value`: the context of workers, and variables of
//! other processes.
//!
//! Every name is always there. What is not known of an invocation is empty, so that no value of
//! the last one is left.

use std::borrow::Cow;
use std::ffi::{CStr, CString};

use coldspark::fresh::{self, FreshError};
use coldspark::internal::{deadline_ms, kernel_random};
use coldspark::{Context, Error};

use crate::deadline::Deadline;
use crate::{decimal, error};

/// The names, as a line begins.
const NAMES: [&str; 10] = [
    "COLDSPARK_REQUEST_ID=",
    "COLDSPARK_INVOCATION_ID=",
    "COLDSPARK_FUNCTION_ARN=",
    // Where X-Ray's libraries look for the tracing header.
    "_X_AMZN_TRACE_ID=",
    "COLDSPARK_TENANT_ID=",
    "COLDSPARK_CLIENT_CONTEXT=",
    "COLDSPARK_COGNITO_IDENTITY=",
    "COLDSPARK_DEADLINE_MS=",
    "COLDSPARK_RESTORE_COUNT=",
    "COLDSPARK_RANDOM_SEED=",
];

/// Whether the variable in this line of an environment is set for each event.
pub(crate) fn is_set_for_each_event(line: &[u8]) -> bool {
    // Most lines begin with another letter, and are not compared with the names.
    matches!(line, [b'C' | b'_', ..]) && NAMES.iter().any(|name| line.starts_with(name.as_bytes()))
}

/// How many random bytes are the event's seed.
const SEED: usize = 32;
/// How many random bytes give an event its number.
const NUMBER: usize = 8;

/// Writes the lines, with a new random seed for each event: random state that a process keeps would be in a
/// snapshot, and the same in every environment that is restored from it. Without `with_seed`, the seed is empty.
/// With it, this also returns 64 more random bits, which a process cannot guess from its seed.
pub(crate) fn write_lines<S>(
    context: &Context<'_, S>,
    deadline: &Deadline,
    with_seed: bool,
    text: &mut String,
) -> Result<Option<u64>, Error> {
    let mut more_bits = None;
    let mut hex = String::new();
    if with_seed {
        // Nobody would notice an event without a seed, so it fails.
        let drawn = fresh::bytes::<{ SEED + NUMBER }>().map_err(no_random_bytes)?;
        let (seed, rest) = drawn.split_at(SEED);
        push_hex(&mut hex, seed);
        more_bits = rest.first_chunk().copied().map(u64::from_ne_bytes);
    }
    let (mut end, mut restores) = (String::new(), String::new());
    if let (Some(_), Some(milliseconds)) = (deadline.end, deadline_ms(context)) {
        decimal::push(&mut end, milliseconds);
    }
    decimal::push(&mut restores, fresh::restore_count().into());
    let values = [
        Some(context.request_id()),
        context.invocation_id(),
        context.function_arn(),
        context.trace_id(),
        context.tenant_id(),
        context.client_context(),
        context.cognito_identity(),
        Some(&end),
        Some(&restores),
        Some(&hex),
    ];
    text.clear();
    for (name, value) in NAMES.iter().zip(&values) {
        for part in &[name, value.unwrap_or_default(), "\n"] {
            text.push_str(part);
        }
    }
    Ok(more_bits)
}

#[cold]
#[inline(never)]
fn no_random_bytes(error: FreshError) -> Error {
    match error {
        FreshError::Kernel(error) => error::system("make the event's random seed", &error),
        _ => Error::new(error::SYSTEM, "no random seed in the init phase"),
    }
}

/// Random bits for the numbers of events without a seed. They must not be guessed, but may be the same in
/// several environments that are restored from one snapshot.
#[derive(Default)]
pub(crate) struct EventNumbers {
    drawn: [u8; DRAWN],
    left: usize,
}

/// How many bytes the kernel's generator makes at once; more would cost twice the work.
const DRAWN: usize = 32;

impl EventNumbers {
    /// The next 64 bits. Every fourth call asks the kernel.
    pub(crate) fn next(&mut self) -> Result<u64, Error> {
        if self.left < NUMBER {
            kernel_random(&mut self.drawn)
                .map_err(FreshError::Kernel)
                .map_err(no_random_bytes)?;
            self.left = DRAWN;
        }
        let last = self.drawn.get(..self.left).unwrap_or_default();
        self.left -= NUMBER;
        Ok(last.last_chunk().copied().map_or(0, u64::from_ne_bytes))
    }
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    text.reserve(2 * bytes.len());
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
}

/// Adds the lines to the environment of a process that gets only this event.
pub(crate) fn push_variables(lines: &str, environment: &mut Vec<Cow<'static, CStr>>) {
    // Headers hold no zero bytes.
    let lines = lines.lines().filter_map(|line| CString::new(line).ok());
    environment.extend(lines.map(Cow::Owned));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// More than one draw of the kernel's generator gives.
    #[test]
    fn no_number_comes_twice() {
        let mut numbers = EventNumbers::default();
        let drawn: BTreeSet<_> = (0..10).map(|_| numbers.next().unwrap()).collect();
        assert!(drawn.len() == 10 && !drawn.contains(&0), "{drawn:?}");
    }
}
