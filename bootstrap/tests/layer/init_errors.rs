//! What is wrong with a handler is said in the init phase: the file, the reason, what to do.

use std::fs;

use crate::common::function::machine;
use crate::common::{Function, Package, workers};

const NO_SUCH: &str = "Runtime.NoSuchHandler";
const INVALID: &str = "Runtime.InvalidHandler";

#[track_caller]
fn refused(handler: &str, package: Package, error_type: &str, texts: &[&str]) -> String {
    Function::start(handler, package).assert_init_error(error_type, texts)
}

#[test]
fn an_empty_handler_is_refused() {
    for handler in ["", "worker:", "exec:", "shell:"] {
        refused(handler, Package::new(), NO_SUCH, &["_HANDLER", "names n"]);
    }
}

#[test]
fn a_handler_without_a_file_is_refused() {
    for handler in [
        "handler",
        "worker:handler",
        "exec:handler",
        "shell:a.handler",
        "a.handler",
    ] {
        let message = refused(
            handler,
            Package::new(),
            NO_SUCH,
            &["is not there", "put the file"],
        );
        assert!(
            message.contains("/task/") && message.contains("/opt/"),
            "{message}"
        );
    }
    let message = refused("a.handler", Package::new(), NO_SUCH, &["/task/a.handler"]);
    assert!(message.contains("/opt/a.sh"), "{message}");
}

#[test]
fn a_name_that_leads_out_of_the_package_is_refused() {
    for name in ["../handler", "/bin/true", "a/../../b", "..", "a/.."] {
        for prefix in ["", "worker:", "exec:"] {
            let handler = format!("{prefix}{name}");
            refused(
                &handler,
                Package::new(),
                INVALID,
                &["leads out of the package", name],
            );
        }
    }
    refused(
        "shell:../x.handler",
        Package::new(),
        INVALID,
        &["leads out"],
    );
}

#[test]
fn a_shell_handler_without_a_function_is_refused() {
    let package = Package::new().file("handler.sh", 0o644, "handler() { :; }");
    refused(
        "shell:handler",
        package,
        NO_SUCH,
        &["names no function", "shell:NAME.FUNCTION"],
    );
}

#[test]
fn a_directory_is_refused() {
    for handler in ["worker:folder", "exec:folder", "folder"] {
        let package = Package::new().file("folder/file", 0o644, "");
        refused(handler, package, INVALID, &["/task/folder is a directory"]);
    }
    let package = Package::new().file("folder.sh/file", 0o644, "");
    refused(
        "shell:folder.x",
        package,
        INVALID,
        &["/task/folder.sh is not a file"],
    );
}

#[test]
fn a_file_that_is_not_executable_is_refused() {
    for handler in ["worker:handler", "exec:handler", "handler"] {
        let package = Package::new().file("handler", 0o644, workers::raw("exit"));
        refused(
            handler,
            package,
            INVALID,
            &["/task/handler", "(mode 644)", "chmod 755"],
        );
    }
}

#[test]
fn a_program_for_another_processor_is_refused() {
    let mut elf = fs::read("/proc/self/exe").expect("this program");
    elf.truncate(4096);
    let (other, name) = match machine() {
        62 => (
            183,
            "is a program for arm64, and this function runs on x86_64",
        ),
        _ => (
            62,
            "is a program for x86_64, and this function runs on arm64",
        ),
    };
    elf[18] = other;
    for handler in ["exec:handler", "handler"] {
        let package = Package::new().executable("handler", &elf);
        refused(
            handler,
            package,
            INVALID,
            &["/task/handler", name, "build it"],
        );
    }
    // A worker is refused by the kernel, which may have qemu for some processors, but not this.
    elf[18] = 1;
    let package = Package::new().executable("handler", &elf);
    let texts = ["/task/handler is a program for ELF machine 1"];
    refused("worker:handler", package, INVALID, &texts);
}

#[test]
fn a_dynamic_program_whose_loader_is_not_there_is_refused() {
    for handler in ["worker:handler", "exec:handler"] {
        let package = Package::new().executable("handler", dynamic_program(b"/lib/ld-none.so.9"));
        let texts = [
            "/task/handler",
            "asks for /lib/ld-none.so.9",
            "link it statically",
        ];
        refused(handler, package, INVALID, &texts);
    }
}

/// A program header that asks for this loader, and nothing else, for the processor under test.
fn dynamic_program(loader: &[u8]) -> Vec<u8> {
    let mut elf = vec![0; 64 + 56];
    elf[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    elf[16] = 2; // an executable
    elf[18] = machine();
    elf[20] = 1;
    elf[32] = 64; // program headers
    elf[52] = 64;
    elf[54] = 56;
    elf[56] = 1;
    elf[64] = 3; // PT_INTERP
    elf[72] = 120;
    elf[96] = loader.len() as u8 + 1;
    elf[104] = loader.len() as u8 + 1;
    elf.extend_from_slice(loader);
    elf.push(0);
    elf
}

#[test]
fn a_script_whose_interpreter_is_not_there_is_refused() {
    for (first, missing) in [
        ("#!/usr/bin/nosuch", "\"/usr/bin/nosuch\""),
        ("#!/usr/bin/env nosuch", "\"nosuch\""),
    ] {
        let package = Package::new().executable("handler", format!("{first}\n"));
        let texts = ["/task/handler", "interpreter", missing, "bring it"];
        refused("exec:handler", package, INVALID, &texts);
    }
    let package = Package::new().executable("handler", "#!/usr/bin/nosuch -x\n");
    refused(
        "worker:handler",
        package,
        INVALID,
        &["interpreter", "\"/usr/bin/nosuch\""],
    );
}

#[test]
fn a_worker_whose_interpreter_env_does_not_find_says_so_itself() {
    let package = Package::new().executable("handler", "#!/usr/bin/env nosuch\n");
    let texts = ["ended before it was ready", "status: 127", "nosuch"];
    refused("worker:handler", package, "Runtime.WorkerExited", &texts);
}

#[test]
fn a_script_with_windows_line_ends_is_refused() {
    for handler in ["worker:handler", "exec:handler"] {
        let package = Package::new().executable("handler", "#!/bin/bash\r\necho\r\n");
        refused(handler, package, INVALID, &["Unix line ends"]);
    }
}

#[test]
fn a_file_that_is_neither_program_nor_script_is_refused() {
    for handler in ["worker:handler", "exec:handler", "handler"] {
        let package = Package::new().executable("handler", "echo hello\n");
        refused(
            handler,
            package,
            INVALID,
            &["neither a program nor a script", "#!/bin/bash"],
        );
    }
}

#[test]
fn a_worker_that_says_why_it_cannot_start_is_an_init_error() {
    let script = "printf 'no model in %s\\n' there >&6; echo 'init-error Function.NoModel' >&4";
    for end in ["", "; sleep 1000"] {
        let script = workers::raw(&format!("{script}{end}"));
        let package = Package::new().executable("handler", script);
        let message = refused("worker:handler", package, "Function.NoModel", &[]);
        assert_eq!(message, "no model in there");
    }
}

#[test]
fn a_worker_that_ends_before_it_is_ready_is_an_init_error() {
    let script = workers::raw("echo 'no such table' >&2; exit 3");
    let package = Package::new().executable("handler", script);
    let texts = [
        "/task/handler",
        "before it was ready",
        "status: 3",
        "no such table",
    ];
    refused("worker:handler", package, "Runtime.WorkerExited", &texts);
}

#[test]
fn a_worker_that_says_something_else_than_ready_is_an_init_error() {
    for said in ["hello", "response 1", "ready 2", ""] {
        let script = workers::raw(&format!("echo '{said}' >&4; sleep 1000"));
        let package = Package::new().executable("handler", script);
        let texts = [
            "before it was ready",
            "layer/PROTOCOL.md",
            &format!("{said:?}"),
        ];
        refused("worker:handler", package, "Runtime.WorkerProtocol", &texts);
    }
}

#[test]
fn a_worker_that_closes_its_pipe_before_it_is_ready_is_an_init_error() {
    let script = workers::raw("exec 4>&-; sleep 1000");
    let package = Package::new().executable("handler", script);
    refused(
        "worker:handler",
        package,
        "Runtime.WorkerProtocol",
        &["closed its pipe"],
    );
}

#[test]
fn a_worker_that_is_not_ready_in_the_time_that_it_was_given_is_an_init_error() {
    let package = Package::new().executable("handler", workers::raw("echo wait >&2; sleep 1000"));
    let variables = [("COLDSPARK_INIT_TIMEOUT_MS", "50")];
    let function = Function::start_env("worker:handler", package, &variables);
    let texts = ["not ready within 50 ms", "COLDSPARK_INIT_TIMEOUT_MS"];
    function.assert_init_error("Runtime.InitTimeout", &texts);
}

#[test]
fn a_setting_that_is_not_a_number_is_an_init_error() {
    for name in ["COLDSPARK_INIT_TIMEOUT_MS", "COLDSPARK_DEADLINE_MARGIN_MS"] {
        for value in ["soon", "-1", "1.5", "1s"] {
            let package = Package::new().executable("handler", workers::answering(""));
            let function = Function::start_env("worker:handler", package, &[(name, value)]);
            let texts = [name, value, "milliseconds"];
            function.assert_init_error("Runtime.ConfigInvalid", &texts);
        }
    }
}
