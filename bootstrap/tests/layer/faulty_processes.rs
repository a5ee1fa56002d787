//! Executables, streams and shell functions that do wrong in every way: each event has exactly
//! one answer, and no event waits past its deadline.

use crate::common::faulty::{Fate, Fault, play};
use crate::common::{Function, Package, workers};

const STATUS: &[&str] = &["Function.ExitStatus"];
const ENDED: &[&str] = &["Runtime.WorkerExited"];
const PROTOCOL: &[&str] = &["Runtime.WorkerProtocol"];

/// Makes the descriptors 0 to 2 non-blocking, and does not take it back.
const NONBLOCK: &str = "python3 -c 'import os\nfor fd in (0, 1, 2): os.set_blocking(fd, False)'";

/// What an executable does for an event, which it has read into `$event`.
fn executable() -> Package {
    let script = format!(
        "event=$(cat)\n\
         case $event in\n\
         good*) printf %s \"$event\";;\n\
         crash*) kill -SEGV $$;;\n\
         half*) printf half; kill -KILL $$;;\n\
         status*) echo why >&2; exit 3;;\n\
         garbage*) head -c 5000 /dev/urandom; head -c 1000 /dev/urandom >&2;;\n\
         loud*) seq 20000 >&2; printf %s \"$event\";;\n\
         closed*) exec 0<&- 2>&-; printf %s \"$event\"; exec 1>&-;;\n\
         mute*) exec 0<&- 1>&- 2>&-; exec sleep 1000;;\n\
         held*) setsid sleep 2 & printf %s \"$event\";;\n\
         group*) sleep 1000 & printf %s \"$event\";;\n\
         nonblock*) {NONBLOCK}; printf %s \"$event\";;\n\
         moved*) exec python3 -c 'import os, time; os.setpgid(0, os.getpgid(os.getppid())); time.sleep(1000)';;\n\
         flood*) yes >&2;;\n\
         hang*) trap '' TERM INT HUP; printf some; while :; do sleep 1000; done;;\n\
         esac"
    );
    Package::new().executable("handler", workers::raw(&script))
}

const EXECUTABLE: &[Fault] = &[
    ("good", 30, Fate::Echo),
    ("crash", 5, Fate::Error(STATUS)),
    ("half", 5, Fate::Error(STATUS)),
    ("status", 5, Fate::Error(STATUS)),
    ("garbage", 5, Fate::Bytes(5_000)),
    ("loud", 5, Fate::Echo),
    ("closed", 5, Fate::Echo),
    ("held", 5, Fate::Echo),
    ("group", 5, Fate::Echo),
    ("nonblock", 3, Fate::Echo),
    ("mute", 1, Fate::Late),
    ("moved", 1, Fate::Late),
    ("flood", 1, Fate::Late),
    ("hang", 1, Fate::Late),
];

#[test]
fn events_of_faulty_executables_have_one_answer_each() {
    play(
        || Function::start("exec:handler", executable()),
        "executables",
        EXECUTABLE,
        false,
    );
}

#[test]
fn events_of_faulty_executables_with_files_have_one_answer_each() {
    let variables = [("COLDSPARK_EXEC_STDOUT", "file")];
    play(
        || Function::start_env("exec:handler", executable(), &variables),
        "executables with files",
        EXECUTABLE,
        false,
    );
}

#[test]
fn events_of_faulty_streams_have_one_answer_each() {
    play(
        || Function::start("stream:handler", executable()),
        "streams",
        EXECUTABLE,
        true,
    );
}

/// The same of a shell function.
fn shell() -> Package {
    let script = format!(
        "f() {{ case $1 in\n\
         good*) printf %s \"$1\";;\n\
         crash*) printf half; kill -KILL $$; sleep 1000;;\n\
         end*) printf half; exec 2>&-; exit 0;;\n\
         status*) printf half; echo why >&2; return 3;;\n\
         garbage*) head -c 5000 /dev/urandom; head -c 1000 /dev/urandom >&2;;\n\
         loud*) seq 20000 >&2; printf %s \"$1\";;\n\
         closed*) printf %s \"$1\"; exec 0<&- 1>&-;;\n\
         nonsense*) echo nonsense >&61; sleep 1000;;\n\
         away*) exec 61>&-; sleep 1000;;\n\
         held*) setsid sleep 2 & printf %s \"$1\";;\n\
         job*) sleep 2 & printf %s \"$1\";;\n\
         group*) set -m; sleep 2 & set +m; printf %s \"$1\";;\n\
         nonblock*) {NONBLOCK}; printf %s \"$1\";;\n\
         flood*) yes >&2;;\n\
         hang*) trap '' TERM INT HUP; while :; do sleep 1000; done;;\n\
         esac; }}\n"
    );
    Package::new().file("function.sh", 0o644, script)
}

/// `ended` is how the end of a shell is told, which is that of the event alone in a subshell.
fn of_a_shell(ended: Fate) -> Vec<Fault> {
    vec![
        ("good", 30, Fate::Echo),
        ("crash", 5, Fate::Error(ENDED)),
        ("status", 5, Fate::Error(STATUS)),
        ("garbage", 5, Fate::Bytes(5_000)),
        ("loud", 5, Fate::Echo),
        ("closed", 5, Fate::Echo),
        ("nonsense", 5, Fate::Error(PROTOCOL)),
        ("held", 5, Fate::Echo),
        ("job", 5, Fate::Echo),
        ("group", 3, Fate::Echo),
        ("nonblock", 3, Fate::Echo),
        ("flood", 1, Fate::Late),
        ("hang", 1, Fate::Late),
        ("end", 3, ended),
    ]
}

#[test]
fn events_of_faulty_shell_functions_have_one_answer_each() {
    let mut faults = of_a_shell(Fate::Error(ENDED));
    faults.push(("away", 3, Fate::Error(PROTOCOL)));
    play(
        || Function::start("function.f", shell()),
        "shell functions",
        &faults,
        false,
    );
}

#[test]
fn events_of_faulty_subshells_have_one_answer_each() {
    let faults = of_a_shell(Fate::Bytes(4));
    let variables = [("COLDSPARK_SHELL", "subshell")];
    play(
        || Function::start_env("function.f", shell(), &variables),
        "shell functions in subshells",
        &faults,
        false,
    );
}
