//! Reading the tables: a heading names the call, a row has the fault and its fate.

use super::call::Call;
use super::common::Client;
use super::fate::Fate;

/// One case.
pub(super) struct Row {
    pub(super) call: Call,
    pub(super) fault: String,
    pub(super) fate: Fate,
}

impl Row {
    pub(super) fn name(&self) -> String {
        format!("{}: {}", self.call.heading(), self.fault)
    }
}

/// The cases of a client, in their order.
pub(super) fn rows(client: Client) -> Vec<Row> {
    let mut call = None;
    let mut rows: Vec<Row> = Vec::new();
    for line in include_str!("../FAULTS.md").lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            call = Call::of(heading);
            continue;
        }
        let (Some(call), Some(cells)) = (call, line.strip_prefix("| ")) else {
            continue;
        };
        let cells: Vec<_> = cells.trim_end_matches(" |").split(" | ").collect();
        let [fault, own, ureq] = cells[..] else {
            panic!("not three cells: {line}");
        };
        if fault == "fault" {
            continue;
        }
        let text = match client {
            Client::Ureq if ureq != "same" => ureq,
            _ => own,
        };
        let row = Row {
            call,
            fault: fault.to_owned(),
            fate: Fate::of(text),
        };
        let again = rows.iter().any(|known| known.name() == row.name());
        assert!(!again, "the same case twice: {}", row.name());
        rows.push(row);
    }
    let missing = Call::ALL.into_iter();
    let mut missing = missing.filter(|call| !rows.iter().any(|row| row.call == *call));
    assert!(missing.next().is_none(), "a call without a case");
    rows
}
