//! Says what the Lambda service does where its documentation is silent, for `scripts/bench-aws --probe`.
//!
//! The response has what the function found out in its init phase, in this event, and about the machine.
//! At the end of its environment it writes lines into its log until it is killed: the last one says how
//! long a shutdown hook may take.
#![cfg_attr(not(test), no_main)]

mod machine;

use std::io::Write as _;
use std::time::{Duration, Instant};

use coldspark::{Context, Error, Init, Runtime};
use serde_json::{Value, json};

coldspark::main!(
    Runtime::with_init(started)
        .on_shutdown(ended)
        .json("probe", found)
);

/// How long a measurement of the share of a CPU takes: several of the slices in which the service gives
/// a function its time.
const MEASURED: Duration = Duration::from_millis(200);
/// The service is said to give a runtime half a second after SIGTERM, two with an external extension.
const LONGEST: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// What the init phase found out.
struct Started {
    kind: String,
    init: Value,
}

fn started(_: &Init<'_>) -> Result<Started, Error> {
    let kind = std::env::var("AWS_LAMBDA_INITIALIZATION_TYPE");
    Ok(Started {
        kind: kind.unwrap_or_else(|_| "not told".to_owned()),
        init: share(),
    })
}

fn found(_: Value, context: &Context<'_, Started>) -> Result<Value, Error> {
    Ok(json!({
        "initialization_type": context.state().kind,
        "init": context.state().init,
        "event": share(),
        "invocation_id": context.invocation_id().is_some(),
        "telemetry_descriptor": std::env::var_os("_LAMBDA_TELEMETRY_LOG_FD").is_some(),
        "machine": machine::described(),
    }))
}

/// Computes for a while; the time on a CPU and by the clock, in microseconds, and the work that was done.
fn share() -> Value {
    let began = Instant::now();
    let before = machine::cpu_time();
    let (mut work, mut seed) = (0_u64, 1_u64);
    while began.elapsed() < MEASURED {
        for _ in 0..10_000 {
            seed =
                std::hint::black_box(seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
        work += 1;
    }
    let after = machine::cpu_time();
    let cpu = before
        .zip(after)
        .map(|(before, after)| after.saturating_sub(before).as_micros() as u64);
    json!({ "clock_us": began.elapsed().as_micros() as u64, "cpu_us": cpu, "work": work })
}

/// SIGTERM has come: says so until the process is killed.
fn ended(_: &Started) -> Result<(), Error> {
    let began = Instant::now();
    while began.elapsed() < LONGEST {
        // A log that nobody reads any more is no reason to fail.
        let _ = writeln!(
            std::io::stderr(),
            "PROBE shutdown {} ms",
            began.elapsed().as_millis()
        );
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldspark::testing;

    #[test]
    fn a_machine_is_described() -> Result<(), Error> {
        let runtime = Runtime::with_init(started).json("probe", found);
        let function = testing::Function::new(runtime, "probe")?;
        let found: Value = function.call(b"{}")?.json()?;
        for phase in ["init", "event"] {
            assert!(
                found[phase]["clock_us"].as_u64() >= Some(200_000),
                "{found}"
            );
            assert!(found[phase]["work"].as_u64() > Some(0), "{found}");
        }
        let release = found["machine"]["kernel"].as_str();
        assert!(
            release.is_some_and(|release| release.contains('.')),
            "{found}"
        );
        assert!(found["machine"]["user"].is_u64(), "{found}");
        assert!(found["invocation_id"].is_boolean(), "{found}");
        Ok(())
    }
}
