//! Workers in bash, as the protocol page shows them.

use super::{Function, Package};

/// A worker that runs `body` for each event, with the event in `$event`, its number in `$number`.
/// `body` writes the response to descriptor 6.
pub(crate) fn answering(body: &str) -> String {
    raw(&format!(
        "echo ready >&4\n\
         while read -r -u 3 _ number; do\n\
         event=$(</dev/fd/5)\n\
         {body}\n\
         echo \"response $number\" >&4\n\
         done\n"
    ))
}

/// A bash script.
pub(crate) fn raw(body: &str) -> String {
    format!("#!/bin/bash\n{body}\n")
}

/// Answers with its own process id and how many events it has had.
pub(crate) const COUNTING: &str = "count=$((count + 1)); printf '%s %s' $$ $count >&6";

/// A function whose worker does `body` for the event `bad`, and answers others with its process id.
pub(crate) fn failing(body: &str) -> Function {
    let script = answering(&format!(
        "if [ \"$event\" = bad ]; then {body}\nfi\nprintf '%s' $$ >&6"
    ));
    Function::start(
        "worker:handler",
        Package::new().executable("handler", script),
    )
}

/// The same behind the event `bad`, which got an error of this type; the events before and after it
/// were answered by two workers, of which the second one's process id comes along.
#[track_caller]
pub(crate) fn replaced(body: &str, error_type: &str, texts: &[&str]) -> (Function, String) {
    let mut function = failing(body);
    let first = function.invoke("good").text();
    function.invoke("bad").assert_error(error_type, texts);
    let second = function.invoke("good").text();
    assert_ne!(first, second, "the worker was not restarted");
    (function, second)
}
