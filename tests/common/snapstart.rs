//! A function under SnapStart whose hooks do as its handler setting says.

use coldspark_emulator::script::{self, Step};

use super::{Function, function};

/// The function whose hooks do as the handler setting says, under SnapStart.
pub(crate) fn snap_start(handler: &str) -> Function {
    let function = function("fixture-restore").handler(handler);
    function.env("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
}

/// The steps of an environment that is restored at once and serves one event, `a`.
pub(crate) fn restored() -> Vec<Step> {
    let [event, taken] = script::exchange("a", "1");
    vec![script::status(200).into(), event, taken]
}
