//! A secret that was dropped is nowhere in what the process prints, nor in its memory, of which a
//! core dump is a copy.

mod common;

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use coldspark_emulator::script;
use common::{Session, function, limit, runner};

const SIGABRT: i32 = 6;

/// The bytes that are looked for: of half a secret, so that a part of it is found too.
const PART: usize = 16;

/// Waits until the secret was dropped, and gives it.
#[track_caller]
fn dropped(session: &Session) -> Vec<u8> {
    let until = Instant::now() + limit();
    while !session.process.stdout().contains("dropped") {
        assert!(Instant::now() < until, "{}", session.process.stdout());
        thread::sleep(Duration::from_millis(5));
    }
    let output = session.process.stdout();
    let turned = output.lines().next().expect("a line");
    let digits = (0..32).map(|n| u8::from_str_radix(&turned[2 * n..2 * n + 2], 16));
    digits
        .map(|byte| byte.expect("hexadecimal") ^ 0xff)
        .collect()
}

fn has(bytes: &[u8], secret: &[u8]) -> bool {
    let mut parts = secret.chunks(PART);
    parts.any(|part| bytes.windows(PART).any(|window| window == part))
}

/// All memory of a process that it can read or write itself.
fn memory(pid: u32) -> Vec<u8> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("its mappings");
    let file = File::open(format!("/proc/{pid}/mem")).expect("its memory");
    let mut all = Vec::new();
    for line in maps.lines().filter(|line| !line.contains("[v")) {
        let (range, _) = line.split_once(' ').expect("a range");
        let (start, end) = range.split_once('-').expect("two addresses");
        let address = |text| u64::from_str_radix(text, 16).expect("an address");
        let mut bytes = vec![0; (address(end) - address(start)) as usize];
        // A guard page cannot be read.
        if file.read_exact_at(&mut bytes, address(start)).is_ok() {
            all.extend(bytes);
        }
    }
    all
}

#[test]
fn a_secret_is_in_no_line_and_no_answer() {
    let session = function("fixture-secret")
        .handler("secret")
        .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
        .start(script::exchange("shown", "back"));
    let secret = dropped(&session);
    session.process.write_stdin("!");
    let requests = session.requests(3);
    let mut printed = session.process.stdout().into_bytes();
    printed.extend(session.stderr().into_bytes());
    for request in &requests {
        printed.extend_from_slice(&request.head);
        printed.extend_from_slice(&request.body);
    }
    let text = String::from_utf8_lossy(&printed).into_owned();
    assert_eq!(text.matches("Secret(32 bytes)").count(), 4, "{text}");
    assert!(!has(&printed, &secret));
    let hexadecimal: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let decimal = format!("{secret:?}");
    for form in [hexadecimal, decimal.trim_matches(['[', ']']).to_owned()] {
        assert!(!text.contains(&form), "{text}");
    }
}

#[test]
fn a_secret_that_was_dropped_is_in_no_core_dump() {
    if runner().is_some() {
        coldspark_emulator::left_to_another_form(
            "the emulator's own memory has what the processor had",
        );
        return;
    }
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("core-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let session = function("fixture-secret")
        .handler("secret")
        .in_folder(&folder)
        .start(script::exchange("abort", "abort"));
    let secret = dropped(&session);
    let pid = session.process.id();
    let memory = memory(pid);
    assert!(
        memory.len() > 100_000 && has(&memory, b"Secret(32 bytes)"),
        "{}",
        memory.len()
    );
    assert!(!has(&memory, &secret), "in the memory of the process");
    let limited = Command::new("prlimit")
        .args([format!("--pid={pid}"), "--core=unlimited:".to_owned()])
        .status();
    let limited = limited.is_ok_and(|status| status.success());
    session.process.write_stdin("!");
    let exit = session.process.wait();
    assert_eq!(exit.status.signal(), Some(SIGABRT), "{exit:?}");
    let mut files = fs::read_dir(&folder).expect("the folder").flatten();
    match files.find(|file| file.file_name().to_string_lossy().starts_with("core")) {
        Some(core) => {
            let core = fs::read(core.path()).expect("the core file");
            assert!(core.len() > 50_000, "{}", core.len());
            assert!(!has(&core, &secret), "in the core file");
        }
        None => coldspark_emulator::skipped(&format!(
            "no core file here (limit raised: {limited}); only the memory was searched"
        )),
    }
    let _ = fs::remove_dir_all(&folder);
}
