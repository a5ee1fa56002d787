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

/// A worker in Perl, which starts as soon as bash and does its own system calls: it runs `body` for
/// each event, with the event in `$event`, its number in `$number`, and how many it has had in
/// `$events`. `put` writes to the response, `say_line` a line for the bootstrap.
pub(crate) fn perl(body: &str) -> String {
    format!(
        r#"#!/usr/bin/env perl
use strict;
use POSIX ();
my ($events, $lines) = (0, "");
sub say_line {{ POSIX::write(4, "$_[0]\n", 1 + length $_[0]) }}
sub put {{ POSIX::write(6, $_[0], length $_[0]) }}
sub line {{
    while ($lines !~ /\n/) {{
        POSIX::read(3, my $more, 4096) > 0 or POSIX::_exit(0);
        $lines .= $more;
    }}
    $lines =~ s/^(.*)\n//;
    return $1;
}}
say_line("ready");
while (1) {{
    my $number = (split / /, line())[1];
    $events++;
    POSIX::_exit(8) if POSIX::lseek(5, 0, 0) < 0;
    my $event = "";
    while (POSIX::read(5, my $more, 1 << 20) > 0) {{ $event .= $more }}
    {{
        {body}
    }}
}}
"#
    )
    .replace("\\n", "\n")
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
