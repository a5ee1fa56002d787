//! How much of the program is in memory for a web application.

use std::env;
use std::fs;

use coldspark_emulator::left_to_another_form;

use crate::common::Function;
use crate::common::function::{binary, runner};
use crate::common::web::{Web, get, page, text};

/// What three page faults map: the parts of 64 KiB in which src/start_up.ld puts what runs.
const MOST_KB: u64 = 3 * 64;

/// How much of the binary's code is resident in this process, in kB.
fn resident_code_kb(pid: u32) -> u64 {
    let path = binary().canonicalize().expect("the binary");
    let path = path.to_str().expect("a path in UTF-8");
    let mappings = fs::read_to_string(format!("/proc/{pid}/smaps")).expect("its mappings");
    let mut mappings = mappings.lines();
    let code = mappings.find(|line| line.ends_with(path) && line.contains(" r-xp "));
    assert!(code.is_some(), "no code of {path}");
    let resident = mappings.find_map(|line| line.strip_prefix("Rss:"));
    let resident = resident.and_then(|line| line.split_whitespace().next());
    resident
        .and_then(|number| number.parse().ok())
        .expect("a number of kB")
}

#[test]
fn ordinary_events_leave_the_rest_of_the_program_out_of_memory() {
    if runner().is_some() || env::var_os("COLDSPARK_TEST_BINARIES").is_none_or(|f| f.is_empty()) {
        return left_to_another_form(
            "the layout is that of the static program on its own processor",
        );
    }
    let process = "echo 'a line'; echo >written; until [ -e die ]; do sleep 0.02; done";
    let mut web = Web::run(process, &[], [text("ready")], |_| {});
    let written = |function: &Function| function.package.task().join("written").exists();
    web.function.wait_until("written to the log", written);
    for number in 0..20 {
        let answer = web.answer(&get("/"), page("text/html", format!("page {number}")));
        assert_eq!(answer["body"], format!("page {number}"), "{answer}");
    }
    let function = &web.function;
    function.wait_idle();
    assert!(function.log().contains("a line"), "{}", function.log());
    let resident = resident_code_kb(function.pid());
    assert!((1..=MOST_KB).contains(&resident), "{resident} kB of code");
}
