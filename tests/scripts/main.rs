//! What the scripts say when something is missing. Needs bash, Python 3 and cargo, and no network.

mod copy;
mod packaging;

use std::fs;
use std::path::PathBuf;

use copy::{Copy, says};

#[test]
fn a_setup_without_a_network_says_so() {
    let copy = Copy::new("setup");
    let cache = copy.0.join("cache");
    let path = format!("{}:/usr/bin:/bin", copy.0.join("bin").display());
    let resolving = "W: Failed to fetch a list  Temporary failure resolving 'the mirror'";
    let variables = |way| {
        [
            ("COLDSPARK_CACHE", cache.to_str().unwrap()),
            ("PATH", &*path),
            ("COLDSPARK_TOOLCHAIN", way),
        ]
    };
    for program in ["cargo", "cc", "apt-cache", "dpkg-deb"] {
        copy.file(&format!("bin/{program}"), "#!/bin/sh\n");
    }
    copy.file(
        "bin/rustup",
        "#!/bin/sh\necho 'dns error: no address' >&2\nexit 1\n",
    );
    // apt ends well when it has reached no server, or says so by its status.
    for status in [0, 100] {
        let apt = format!("#!/bin/sh\necho \"{resolving}\"\nexit {status}\n");
        copy.file("bin/apt-get", apt);
        let (good, text) = copy.run("setup", &["build"], &variables("debian"));
        assert!(!good, "{text}");
        says(
            &text,
            &["the network is the cause", "Temporary failure resolving"],
        );
    }
    let (good, text) = copy.run("setup", &["build"], &variables("rustup"));
    assert!(!good, "{text}");
    says(&text, &["the network is the cause", "dns error"]);
    // A package that is missing for another reason is not the network's.
    copy.file("bin/apt-get", "#!/bin/sh\n");
    let (good, text) = copy.run("setup", &["build"], &variables("debian"));
    assert!(
        !good && !text.contains("the network is the cause"),
        "{text}"
    );
    says(&text, &["rustc-web is not in this machine's apt sources"]);
}

/// Stands in for cargo, and leaves a file when something is built.
fn building(copy: &Copy) -> (String, PathBuf) {
    let built = copy.0.join("built");
    let cargo = format!("#!/bin/sh\ntouch '{}'\nexit 1\n", built.display());
    copy.file("bin/cargo", cargo);
    let path = format!("{}:/usr/bin:/bin", copy.0.join("bin").display());
    (path, built)
}

#[test]
fn run_local_refuses_what_it_does_not_know_before_it_builds() {
    let copy = Copy::new("options");
    let (path, built) = building(&copy);
    for (arguments, expected) in [
        (&["--repeats", "3"][..], "unknown option '--repeats'"),
        (
            &["--example", "orders", "--frieze"],
            "unknown option '--frieze'",
        ),
        (&["--serve=yes"], "--serve takes no value"),
        (&["--repeat"], "--repeat wants a value"),
        (
            &["--arch", "riscv"],
            "--arch is x86_64 or arm64, not 'riscv'",
        ),
        (
            &["--arch", "arm64", "--layer", "/"],
            "--arch goes with --example",
        ),
        (&["orders"], "unexpected argument 'orders'"),
        (&["--example", "template"], "there is no example 'template'"),
    ] {
        let (good, text) = copy.run("run-local", arguments, &[("PATH", &path)]);
        assert!(!good, "{arguments:?}: {text}");
        says(&text, &[expected]);
        assert!(!built.exists(), "{arguments:?} was built");
    }
}

#[test]
fn run_local_passes_on_what_the_tool_knows() {
    let copy = Copy::new("passed-on");
    let (path, built) = building(&copy);
    for arguments in [
        &[
            "--handler",
            "--odd",
            "--task-root=/",
            "--env",
            "A=B",
            "--timeout",
            "3",
        ][..],
        &["--memory", "128", "--freeze", "--repeat=2", "--event", "-"],
        &["--serve", "--port", "0"],
        &["--snapstart", "--restores", "3"],
    ] {
        let (_, text) = copy.run("run-local", arguments, &[("PATH", &path)]);
        assert!(built.exists(), "{arguments:?}: {text}");
        fs::remove_file(&built).expect("the mark is taken away");
    }
}

#[test]
fn a_new_project_is_not_made_of_nonsense() {
    let copy = Copy::new("new");
    let folder = copy.0.display();
    copy.file("there/is", "something");
    for (arguments, expected) in [
        (&[][..], "give the name of the project"),
        (&["a", "b"], "one name, not 'a' and 'b'"),
        (&["a", "--form", "xml"], "there is no form 'xml'"),
        (&["a", "--from", "json"], "unknown option '--from'"),
        (&["9lives"], "'9lives' is no name of a package"),
        (&["a b"], "'a b' is no name of a package"),
        (&[&*format!("{folder}/there")], "is there already"),
        (&[&*format!("{folder}/nowhere/a")], "there is no folder"),
    ] {
        let (good, text) = copy.run("new", arguments, &[]);
        assert!(!good, "{arguments:?}: {text}");
        says(&text, &[expected]);
    }
    assert!(!copy.0.join("nowhere").exists());
}
