//! Children and signals of a bootstrap that was started in another way than by Lambda: as the first
//! process of a container, as a subreaper, with SIGCHLD ignored, with signals blocked.
#![allow(unsafe_code)]

use std::fs::OpenOptions;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::{io, ptr};

use crate::common::function::runner;
use crate::common::{Function, Package, event, process, workers};

/// Handlers that leave an orphan with each event, which ends soon or is killed with its group.
fn leaving() -> [(&'static str, Package); 3] {
    let leave = "(sleep 0.02 & setsid sleep 0.02 & :); (:) & disown";
    let worker = workers::answering(&format!("{leave}; printf x >&6"));
    let exec = workers::raw(&format!("{leave}; printf x"));
    let shell = format!("f() {{ {leave}; printf x; }}");
    [
        (
            "worker:handler",
            Package::new().executable("handler", worker),
        ),
        ("exec:handler", Package::new().executable("handler", exec)),
        ("f.f", Package::new().file("f.sh", 0o644, shell)),
    ]
}

/// Plays events, and expects that nothing is left of the orphans while the bootstrap waits.
#[track_caller]
fn leaves_no_zombies(function: &mut Function, bootstrap: u32) {
    for _ in 0..40 {
        assert_eq!(function.invoke("{}").text(), "x", "{}", function.log());
    }
    function.wait_idle();
    function.wait_until("reaped", |_| process::zombies(bootstrap).is_empty());
}

#[test]
fn a_subreaper_reaps_orphans() {
    if runner().is_some() {
        coldspark_emulator::left_to_another_form(
            "qemu does not tell a process whether it is a subreaper",
        );
        return;
    }
    for (handler, package) in leaving() {
        let mut function = Function::start_with(handler, package, |command| {
            // SAFETY: prctl(2) with PR_SET_CHILD_SUBREAPER takes integers.
            unsafe {
                command.pre_exec(|| match libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) {
                    0 => Ok(()),
                    _ => Err(io::Error::last_os_error()),
                });
            }
        });
        let bootstrap = function.pid();
        leaves_no_zombies(&mut function, bootstrap);
        // Its own children's statuses are its own.
        let worker = process::children(bootstrap).first().copied();
        if let Some(worker) = worker.filter(|_| !handler.starts_with("exec")) {
            process::signal(worker as i32, libc::SIGKILL);
            function.wait_until("ended", |_| !process::is_running(worker));
            assert_eq!(function.invoke("{}").text(), "x");
            assert!(function.log().contains("SIGKILL"), "{}", function.log());
        }
    }
}

/// The command as the first process of a namespace of its own.
fn first_process(command: &mut Command, log: &std::path::Path) {
    let mut outer = Command::new("unshare");
    outer.args([
        "--user",
        "--map-root-user",
        "--pid",
        "--mount-proc",
        "--fork",
        "--kill-child",
    ]);
    outer.arg(command.get_program()).args(command.get_args());
    outer.env_clear();
    let set = command.get_envs();
    outer.envs(set.filter_map(|(name, value)| Some((name, value?))));
    outer.current_dir(command.get_current_dir().expect("a folder"));
    let log = OpenOptions::new().append(true).open(log).expect("the log");
    outer.stdin(Stdio::null());
    outer.stdout(log.try_clone().expect("a second handle"));
    outer.stderr(log);
    *command = outer;
}

#[test]
fn the_first_process_of_a_container_reaps_orphans() {
    let mut probe = Command::new("unshare");
    probe.args([
        "--user",
        "--map-root-user",
        "--pid",
        "--mount-proc",
        "--fork",
        "true",
    ]);
    if !probe.status().is_ok_and(|status| status.success()) {
        coldspark_emulator::skipped("this machine allows no namespace of processes");
        return;
    }
    for (handler, package) in leaving() {
        let log = package.log();
        let mut function = Function::start_with(handler, package, |command| {
            first_process(command, &log);
        });
        assert_eq!(function.invoke("{}").text(), "x");
        let bootstrap = function.worker();
        leaves_no_zombies(&mut function, bootstrap);
    }
}

/// Starts the bootstrap with SIGCHLD ignored and all signals blocked.
fn start_odd(handler: &str, package: Package) -> Function {
    Function::start_with(handler, package, |command| {
        // SAFETY: signal(2) takes integers; sigfillset(3) initialises the set, which sigprocmask(2)
        // then reads. All of them are async-signal-safe.
        unsafe {
            command.pre_exec(|| {
                libc::signal(libc::SIGCHLD, libc::SIG_IGN);
                let mut all = MaybeUninit::uninit();
                libc::sigfillset(all.as_mut_ptr());
                libc::sigprocmask(libc::SIG_SETMASK, all.as_ptr(), ptr::null_mut());
                Ok(())
            });
        }
    })
}

#[test]
fn statuses_and_signals_are_right_whatever_was_inherited() {
    // A shell changes its own.
    let masks = "open(my $status, '<', '/proc/self/status'); my @masks = grep { /^Sig(Blk|Ign)/ } <$status>;";
    let worker = workers::perl(&format!(
        "POSIX::_exit(3) if $event eq 'bad'; {masks} put(join '', @masks); say_line(\"response $number\");"
    ));
    let exec = format!("#!/usr/bin/env perl\nexit 3 if <STDIN> eq 'bad'; {masks} print @masks;\n");
    for (handler, package, error_type) in [
        (
            "worker:handler",
            Package::new().executable("handler", worker),
            "Runtime.WorkerExited",
        ),
        (
            "exec:handler",
            Package::new().executable("handler", exec),
            "Function.ExitStatus",
        ),
    ] {
        let mut function = start_odd(handler, package);
        for _ in 0..2 {
            let text = function.invoke_event(event("masks", "{}")).text();
            for line in text.lines() {
                let (name, mask) = line.split_once(':').expect("a mask");
                let mask = u64::from_str_radix(mask.trim(), 16).expect("a number");
                let of = |signal: i32| mask >> (signal - 1) & 1;
                assert_eq!(of(libc::SIGCHLD), 0, "{handler}: {name} {mask:x}");
                assert!(name != "SigBlk" || mask == 0, "{handler}: {name} {mask:x}");
            }
            assert_eq!(text.lines().count(), 2);
            function
                .invoke("bad")
                .assert_error(error_type, &["status: 3"]);
        }
        assert!(process::zombies(function.pid()).is_empty());
        process::signal(function.pid() as i32, libc::SIGTERM);
        assert_eq!(function.status().code(), Some(0), "{}", function.log());
    }
}
