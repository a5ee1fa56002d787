//! The aims of the layer beside Lambda Web Adapter, and whether it reaches them.

use serde::{Deserialize, Serialize};

use super::figures::{FIRST, Measured, NEXT, Row, WARM};
use super::stacks::{ADAPTER, ALONE, DOCS, LAYER};

/// One aim.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Aim {
    pub(super) what: String,
    pub(super) value: f64,
    pub(super) limit: f64,
    pub(super) holds: bool,
}

/// The aims, of the applications that were measured.
pub(super) fn of(measured: &[Measured]) -> Vec<Aim> {
    let mut aims = Vec::new();
    for application in measured {
        // By our recipe, and as its authors build it.
        for row in [ADAPTER, DOCS] {
            if let Some(row) = application.row(row) {
                beside(application, row, &mut aims);
            }
        }
        let alone = application.row(ALONE);
        let behind = alone.and_then(|row| row.layer_lead_us.get(FIRST));
        if let Some(behind) = behind.filter(|_| application.name != "c") {
            let what = format!(
                "{}: ms of the first answer behind the application's own",
                application.name
            );
            aims.push(at_most(what, -behind.median / 1000.0, 2.0));
        }
    }
    aims
}

fn beside(application: &Measured, row: &Row, aims: &mut Vec<Aim>) {
    let (name, adapter) = (&application.name, &row.name);
    let ratio = |figure| row.layer_ratio.get(figure).map(|ratio| ratio.median);
    if name == "c" {
        let own = application.row(LAYER).and_then(|row| row.resident_kb);
        let memory = own.zip(row.resident_kb).map(|(own, other)| own / other);
        let limits = [
            ("spawn to next", ratio(NEXT), 0.15),
            ("a warm request", ratio(WARM), 0.5),
            ("resident memory", memory, 0.1),
        ];
        for (what, value, limit) in limits {
            let what = format!("{name}: {what}, of {adapter}'s");
            aims.extend(value.map(|value| at_most(what, value, limit)));
        }
    } else if let Some(lead) = row.layer_lead_us.get(FIRST) {
        let value = lead.median / 1000.0;
        aims.push(Aim {
            what: format!("{name}: ms of the first answer before {adapter}'s, at least"),
            value,
            limit: 8.0,
            holds: value >= 8.0,
        });
    }
}

fn at_most(what: String, value: f64, limit: f64) -> Aim {
    Aim {
        what: what + ", at most",
        value,
        limit,
        holds: value <= limit,
    }
}
