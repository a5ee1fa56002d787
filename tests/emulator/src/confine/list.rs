//! Lists of system calls: one a line, `name number use why`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A system call that a program may make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its name in the kernel's table.
    pub name: String,
    /// Its number on the list's architecture.
    pub number: u32,
    /// Whether every run makes it; otherwise it belongs to what does not happen in each run.
    pub always: bool,
    /// Its purpose.
    pub purpose: String,
}

/// The calls of one program on one architecture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List(pub Vec<Call>);

impl List {
    /// Reads a list.
    ///
    /// # Panics
    /// When it cannot be read, or a line is not of the form, or names a call twice.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path);
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let calls: Vec<Call> = lines
            .map(|line| call(line).unwrap_or_else(|| panic!("{}: {line:?}", path.display())))
            .collect();
        let numbers: BTreeSet<_> = calls.iter().map(|call| call.number).collect();
        assert_eq!(numbers.len(), calls.len(), "twice in {}", path.display());
        Self(calls)
    }

    /// The list without one call.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let mut calls = self.0.clone();
        calls.retain(|call| call.name != name);
        Self(calls)
    }

    /// Expects that every call in a trace of qemu's user emulation (`QEMU_STRACE`) is in it.
    ///
    /// # Panics
    /// When a call is not, or the trace has none: this is for tests.
    #[track_caller]
    pub fn assert_has_all_of(&self, trace: &str) {
        let calls = traced(trace);
        assert!(calls.contains("connect"), "no trace of calls: {calls:?}");
        let is_listed = |name: &String| self.0.iter().any(|call| call.name == *name);
        let outside: Vec<_> = calls.iter().filter(|name| !is_listed(name)).collect();
        assert!(outside.is_empty(), "outside the list: {outside:?}");
    }
}

fn call(line: &str) -> Option<Call> {
    let mut words = line.split_whitespace();
    let name = words.next()?.to_owned();
    let number = words.next()?.parse().ok()?;
    let always = match words.next()? {
        "always" => true,
        "sometimes" => false,
        _ => return None,
    };
    let purpose: Vec<_> = words.collect();
    (!purpose.is_empty()).then(|| Call {
        name,
        number,
        always,
        purpose: purpose.join(" "),
    })
}

/// The names of the calls in a trace.
fn traced(trace: &str) -> BTreeSet<String> {
    let names = trace.lines().filter_map(|line| {
        let (process, call) = line.split_once(' ')?;
        let (name, _) = call.split_once('(')?;
        let word = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let number = process.bytes().all(|byte| byte.is_ascii_digit());
        (number && !name.is_empty() && word(name)).then(|| name.to_owned())
    });
    names.collect()
}
