//! Whether the machine was too busy for its times to be worth anything.

use crate::figures::{INIT_WARM, WARM};
use crate::machine::Machine;
use crate::results::Measured;

/// So many more processes than cores may want to run when the measurement begins. The build just
/// before keeps every core busy, and the load is a mean over a minute.
const WAITING: f64 = 1.0;
/// The floor's p90 may be so many times its p10. In the run of 2026-11-26, on a machine with nothing else
/// to do, it was 1.26 for a start, and 1.04 for an event.
const START: f64 = 1.5;
const EVENT: f64 = 1.25;

/// Why the times are not to be kept; nothing when the machine was quiet. `limited` says that the
/// programs had a share of a CPU, whose slices spread the times by themselves.
pub(crate) fn reasons(machine: &Machine, floor: Option<&Measured>, limited: bool) -> Vec<String> {
    let mut reasons = Vec::new();
    let cores = machine.cores;
    if let Some(load) = machine.load.first()
        && *load > cores as f64 + WAITING
    {
        reasons.push(format!(
            "the load at the start was {load:.1} on {cores} cores"
        ));
    }
    for (figure, most) in [(INIT_WARM, START), (WARM, EVENT)] {
        let Some(time) = floor.and_then(|floor| floor.timed.get(figure)) else {
            continue;
        };
        let spread = time.us.p90 / time.us.p10;
        if spread > most && !limited {
            reasons.push(format!(
                "the floor's p90 of {figure} is {spread:.2} times its p10, above {most}"
            ));
        }
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::program;

    fn quiet() -> Machine {
        Machine {
            cores: 2,
            load: vec![2.3, 9.0],
            ..Machine::of_this_host()
        }
    }

    #[test]
    fn a_quiet_machine_has_no_noise() {
        let floor = program("floor", 1.0, 300);
        assert!(reasons(&quiet(), Some(&floor), false).is_empty());
        assert!(reasons(&quiet(), None, false).is_empty());
    }

    #[test]
    fn load_and_spread_are_noise() {
        let mut machine = quiet();
        machine.load[0] = 3.1;
        let mut floor = program("floor", 1.0, 300);
        floor.timed.get_mut(INIT_WARM).unwrap().us.p90 = 1000.0;
        let found = reasons(&machine, Some(&floor), false);
        assert!(found[0].contains("3.1 on 2 cores"), "{found:?}");
        assert!(
            found[1].contains(INIT_WARM) && found.len() == 2,
            "{found:?}"
        );
        assert_eq!(reasons(&machine, Some(&floor), true).len(), 1);
    }
}
