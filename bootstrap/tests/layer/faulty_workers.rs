//! Workers that go wrong in every way, at random: exactly one answer an event, and no event waits beyond
//! its deadline.

use crate::common::faulty::{Fate, Fault, play};
use crate::common::{Function, Package, workers};

const FAULTS: &[Fault] = &[
    ("fine", 30, Fate::Own),
    ("streams", 10, Fate::Own),
    ("fails", 5, Fate::Own),
    ("exits", 3, Fate::Own),
    ("killed", 3, Fate::Own),
    ("garbage", 3, Fate::Own),
    ("endless", 2, Fate::Own),
    ("half", 3, Fate::Own),
    ("long-log", 3, Fate::Own),
    ("too-large", 2, Fate::Own),
    ("early", 6, Fate::Own),
    ("double", 3, Fate::Own),
    ("double-late", 4, Fate::Own),
    ("other", 3, Fate::Own),
    ("wrong-chunk", 3, Fate::Own),
    ("stream-exits", 3, Fate::Own),
    ("stream-fails", 3, Fate::Own),
    ("leaves-group", 3, Fate::Own),
    ("leaves-and-exits", 3, Fate::Own),
    ("closes-files", 3, Fate::Own),
    ("closes-lines", 1, Fate::Own),
    ("held", 3, Fate::Own),
    ("held-elsewhere", 3, Fate::Own),
    ("nonblocking", 4, Fate::Own),
    ("forks-answer", 3, Fate::Own),
    ("truncates", 3, Fate::Own),
    ("hangs", 1, Fate::Hangs),
    ("stops", 1, Fate::Hangs),
    ("flood", 1, Fate::Hangs),
    ("leaves-and-hangs", 1, Fate::Hangs),
    ("ignores", 1, Fate::Hangs),
];

const WORKER: &str = r#"
    my ($do, $id) = split / /, $event;
    my $answer = sub { put($id); say_line("response $number") };
    my $leave = sub {
        my $child = fork;
        if (!$child) { setpgrp(0, 0); sleep 2; POSIX::_exit(0) }
        select(undef, undef, undef, 0.001) until getpgrp($child) == $child;
        setpgrp(0, $child);
    };
    if ($do eq "streams") {
        put($id);
        say_line("chunk $number " . length $id);
        for (1 .. 20) { put("x" x 100); say_line("chunk $number 100") }
        say_line("response $number");
    } elsif ($do eq "fails") { put("no"); say_line("error $number Faulty.No")
    } elsif ($do eq "exits") { POSIX::_exit($events % 4)
    } elsif ($do eq "killed") { kill "KILL", $$; sleep 1
    } elsif ($do eq "garbage") { say_line(join "", map { chr int rand 256 } 1 .. 40)
    } elsif ($do eq "endless") { my $long = "response " . "1" x 5000; POSIX::write(4, $long, length $long); sleep 1000
    } elsif ($do eq "half") { my $half = "response"; POSIX::write(4, $half, length $half); POSIX::_exit(0)
    } elsif ($do eq "long-log") { print STDERR "a line of the log\n" x 3000; $answer->()
    } elsif ($do eq "too-large") { put($id); put("x" x 7_000_000); say_line("response $number")
    } elsif ($do eq "early") {
        $answer->();
        for (1 .. int rand 3000) { }
        say_line("response " . ($number + 1));
    } elsif ($do eq "double") { put($id); say_line("response $number\nresponse $number")
    } elsif ($do eq "double-late") {
        $answer->();
        for (1 .. int rand 3000) { }
        say_line("response $number");
    } elsif ($do eq "other") { put($id); say_line("response " . (1 + int rand 99))
    } elsif ($do eq "wrong-chunk") { put($id); say_line("chunk $number 1000000"); sleep 1000
    } elsif ($do eq "stream-exits") { put($id); say_line("chunk $number 1"); POSIX::_exit(5)
    } elsif ($do eq "stream-fails") { put($id); say_line("chunk $number 1"); say_line("error $number Faulty.Late")
    } elsif ($do eq "leaves-group") { $leave->(); $answer->()
    } elsif ($do eq "leaves-and-exits") { $leave->(); POSIX::_exit(6)
    } elsif ($do eq "closes-files") { $answer->(); POSIX::close($_) for 5 .. 7
    } elsif ($do eq "closes-lines") { POSIX::close(4); sleep 1000
    } elsif ($do eq "held" || $do eq "held-elsewhere") {
        if (!fork) {
            POSIX::setsid() if $do eq "held-elsewhere";
            sleep 2; POSIX::_exit(0);
        }
        $events % 2 ? $answer->() : POSIX::_exit(7);
    } elsif ($do eq "nonblocking") {
        for (0 .. 7) { open(my $file, "+<&=", $_) or next; fcntl($file, 4, fcntl($file, 3, 0) | 2048); push @main::kept, $file }
        $answer->();
    } elsif ($do eq "forks-answer") {
        my $child = fork;
        if (!$child) { $answer->(); POSIX::_exit(0) }
        waitpid($child, 0);
    } elsif ($do eq "truncates") {
        put("x" x 1000); open(my $file, ">", "/dev/fd/6"); close $file; $answer->();
    } elsif ($do eq "hangs") { sleep 1000
    } elsif ($do eq "stops") { kill "STOP", $$; sleep 1000
    } elsif ($do eq "flood") {
        my $lines = "chunk $number 0\n" x 1000;
        while (1) { POSIX::write(4, $lines, length $lines) }
    } elsif ($do eq "leaves-and-hangs") { $leave->(); sleep 1000
    } elsif ($do eq "ignores") { $SIG{$_} = "IGNORE" for qw(TERM INT HUP PIPE); sleep 1000
    } else { $answer->() }
"#;

#[test]
fn each_event_has_one_answer_whatever_its_worker_does() {
    let package = || Package::new().executable("handler", workers::perl(WORKER));
    let variables = [("AWS_LAMBDA_LOG_LEVEL", "FATAL")];
    let start = || Function::start_env("worker:handler", package(), &variables);
    play(start, "faulty workers", FAULTS, false);
}
