//! The environment that a process begins with, as it lies in its memory: each name once. C's `getenv`
//! gives the first of two, so the last event's value would be found before this one's.

use std::collections::HashSet;

use crate::common::{Function, Package, event, workers};

/// Names that a function's own environment may have, from a tool or a wrapper.
const STALE: [(&str, &str); 4] = [
    ("COLDSPARK_TENANT_ID", "stale"),
    ("COLDSPARK_REQUEST_ID", "stale"),
    ("COLDSPARK_RANDOM_SEED", "stale"),
    ("_X_AMZN_TRACE_ID", "stale"),
];

/// What the kernel was given for the process, with line ends; bash has its own copy of it.
const BLOCK: &str = "tr '\\0' '\\n' </proc/$$/environ";

/// A program that asks C's `getenv`.
const GETENV: &str = "#!/usr/bin/env python3\n\
    import ctypes\n\
    getenv = ctypes.CDLL(None).getenv\n\
    getenv.restype = ctypes.c_char_p\n\
    names = [b'COLDSPARK_TENANT_ID', b'COLDSPARK_REQUEST_ID', b'_X_AMZN_TRACE_ID', b'MINE']\n\
    print([value if value is None else value.decode() for value in map(getenv, names)])\n";

#[track_caller]
fn names(block: &str) -> HashSet<String> {
    let mut names = HashSet::new();
    for line in block.lines() {
        let (name, _) = line.split_once('=').expect("a name");
        assert!(names.insert(name.to_owned()), "{name} twice: {block}");
    }
    assert!(names.contains("MINE"), "{block}");
    names
}

fn start(handler: &str, package: Package) -> Function {
    let variables = [&STALE[..], &[("MINE", "kept")]].concat();
    Function::start_env(handler, package, &variables)
}

/// Expects of a function that answers with the environment which the kernel was given: only with `has_context` it
/// has the names of the context, and then with the values of the event.
#[track_caller]
fn expect_environment(mut function: Function, has_context: bool) {
    for tenant in ["blue", "green"] {
        let event = event(tenant, "{}").header("Lambda-Runtime-Aws-Tenant-Id", tenant);
        let block = function.invoke_event(event).text();
        let names = names(&block);
        for (name, value) in STALE {
            assert_eq!(names.contains(name), has_context, "{name}: {block}");
            assert!(!block.contains(&format!("{name}={value}")), "{block}");
        }
        let line = format!("COLDSPARK_TENANT_ID={tenant}\n");
        assert_eq!(block.contains(&line), has_context, "{block}");
    }
}

#[test]
fn an_executable_begins_with_each_name_once() {
    let package = Package::new().executable("handler", workers::raw(BLOCK));
    expect_environment(start("exec:handler", package), true);
}

#[test]
fn a_worker_begins_without_the_names_that_it_gets_for_each_event() {
    let script = workers::answering(&format!("{BLOCK} >&6"));
    let package = Package::new().executable("handler", script);
    expect_environment(start("worker:handler", package), false);
}

#[test]
fn the_shell_of_a_function_begins_without_them_too() {
    let package = Package::new().file("f.sh", 0o644, format!("handler() {{ {BLOCK}; }}"));
    expect_environment(start("f.handler", package), false);
}

#[test]
fn getenv_of_c_gives_the_values_of_this_event() {
    let package = Package::new().executable("handler", GETENV);
    let mut function = start("exec:handler", package);
    for tenant in ["blue", "green"] {
        let event = event(tenant, "{}").without_header("Lambda-Runtime-Trace-Id");
        let event = event.header("Lambda-Runtime-Aws-Tenant-Id", tenant);
        let expected = format!("['{tenant}', '{tenant}', '', 'kept']\n");
        assert_eq!(function.invoke_event(event).text(), expected);
    }
    let expected = "['', 'none', '', 'kept']\n";
    let event = event("none", "{}").without_header("Lambda-Runtime-Trace-Id");
    assert_eq!(function.invoke_event(event).text(), expected);
}
