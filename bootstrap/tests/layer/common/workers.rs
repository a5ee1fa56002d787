//! Workers in bash, as the protocol page shows them.

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
