//! A process has the descriptors that it was given and no others, whatever is started beside it.

use crate::common::{Concurrent, Function, Package, process, workers};

/// A program lists what it has open, as `NUMBER TARGET`: bash has more for itself, which no program gets.
const LIST: &str = "python3 -c '
import os
for number in os.listdir(\"/proc/self/fd\"):
    try: print(number, os.readlink(\"/proc/self/fd/\" + number))
    except FileNotFoundError: pass'";

/// The numbers of a list, without what every process has.
fn numbers(list: &str) -> Vec<u32> {
    let entries = list.lines().filter_map(|line| line.split_once(' '));
    let entries =
        entries.filter_map(|(number, target)| Some((number.parse().ok()?, target.into())));
    process::own_numbers(entries.collect())
}

fn modes() -> [(&'static str, Package, Vec<u32>); 4] {
    let worker = workers::answering(&format!("{{ {LIST}; }} >&6"));
    let exec = workers::raw(LIST);
    let shell = format!("handler() {{ {LIST}; }}");
    [
        (
            "worker:handler",
            Package::new().executable("handler", worker),
            (0..8).collect(),
        ),
        (
            "exec:handler",
            Package::new().executable("handler", &exec),
            vec![0, 1, 2],
        ),
        (
            "stream:handler",
            Package::new().executable("handler", &exec),
            vec![0, 1, 2],
        ),
        (
            "f.handler",
            Package::new().file("f.sh", 0o644, shell),
            vec![0, 1, 2, 60, 61, 62, 63, 64, 65],
        ),
    ]
}

/// Another test may have the same file open under the same number, and still no process has inherited it.
#[test]
fn what_another_test_has_open_is_not_inherited() {
    let file = std::fs::File::open("/dev/null").expect("/dev/null");
    let number = std::os::fd::AsRawFd::as_raw_fd(&file);
    assert_eq!(numbers(&format!("{number} /dev/null")), [number as u32]);
}

#[test]
fn processes_of_one_event_at_a_time_inherit_no_other_descriptor() {
    for (handler, package, expected) in modes() {
        let mut function = Function::start(handler, package);
        for _ in 0..3 {
            assert_eq!(
                numbers(&function.invoke("{}").text()),
                expected,
                "{handler}"
            );
        }
    }
}

#[test]
fn processes_of_several_events_at_a_time_inherit_no_other_descriptor() {
    for (handler, package, expected) in modes() {
        let function = Concurrent::start(handler, package, 4);
        for _ in 0..2 {
            for list in function.invoke(&["1", "2", "3", "4", "5", "6"]) {
                assert_eq!(numbers(&list), expected, "{handler}: {list}");
            }
        }
    }
}
