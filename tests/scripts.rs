//! What the scripts say when something is missing. Needs bash, Python 3 and cargo, and no network.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A copy of the repository by links, with a `dist` of its own.
struct Copy(PathBuf);

impl Copy {
    fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("scripts-{name}"));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).expect("a folder");
        let own = ["scripts", "dist", "target", ".git"];
        for entry in fs::read_dir(env!("CARGO_MANIFEST_DIR")).expect("the repository") {
            let entry = entry.expect("an entry");
            if !own.contains(&&*entry.file_name().to_string_lossy()) {
                symlink(entry.path(), root.join(entry.file_name())).expect("a link");
            }
        }
        // The scripts find the rest by where they are.
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
        fs::create_dir(root.join("scripts")).expect("a folder");
        for entry in fs::read_dir(scripts).expect("the scripts").flatten() {
            let to = root.join("scripts").join(entry.file_name());
            if entry.path().is_dir() {
                symlink(entry.path(), to).expect("a link");
            } else {
                fs::copy(entry.path(), to).expect("a script");
            }
        }
        Self(root)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("its folder");
        fs::write(&path, content).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode");
        path
    }

    fn run(&self, script: &str, arguments: &[&str], variables: &[(&str, &str)]) -> (bool, String) {
        let output = Command::new(self.0.join("scripts").join(script))
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output();
        let Output {
            status,
            stdout,
            stderr,
        } = output.expect("the script starts");
        let text = [stdout, stderr].concat();
        (
            status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[track_caller]
fn says(text: &str, expected: &[&str]) {
    for part in expected {
        assert!(text.contains(part), "no {part:?} in: {text}");
    }
}

#[test]
fn a_layer_over_its_budget_is_a_warning_and_for_ci_an_error() {
    let copy = Copy::new("budget");
    copy.file("dist/x86_64/layer/bootstrap", vec![0; 294_001]);
    let arguments = ["x86_64", "--no-build"];
    let (good, text) = copy.run("package-layer", &arguments, &[]);
    assert!(good, "{text}");
    says(
        &text,
        &["warning", "has 294001 bytes, over the budget of 294000"],
    );
    assert!(copy.0.join("dist/coldspark-x86_64.zip").exists());
    let arguments = ["x86_64", "--no-build", "--budget"];
    let (good, text) = copy.run("package-layer", &arguments, &[]);
    assert!(!good, "{text}");
    says(&text, &["over its budget of 294000 bytes"]);
    copy.file("dist/x86_64/layer/bootstrap", vec![0; 294_000]);
    let (good, text) = copy.run("package-layer", &arguments, &[]);
    assert!(good && !text.contains("warning"), "{text}");
}

#[test]
fn a_dry_run_says_that_the_zip_is_not_there() {
    let copy = Copy::new("dry-run");
    let arguments = ["--dry-run", "--arch", "arm64", "--region", "eu-central-1"];
    let (good, text) = copy.run("publish-layer", &arguments, &[]);
    assert!(good, "{text}");
    let missing = "dist/coldspark-arm64.zip is missing";
    says(
        &text,
        &[missing, "scripts/package-layer", "publish-layer-version"],
    );
    copy.file("dist/coldspark-arm64.zip", "");
    let (good, text) = copy.run("publish-layer", &arguments, &[]);
    assert!(good && !text.contains("missing"), "{text}");
}

#[test]
fn an_image_without_what_its_handler_needs_is_a_warning() {
    let copy = Copy::new("image");
    let own = fs::read("/proc/self/exe").expect("this program");
    let (arch, machine) = match own[18] {
        62 => ("x86_64", 62),
        _ => ("arm64", 183),
    };
    let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
    elf.resize(64, 0);
    elf[18] = machine;
    let binary = copy.file("image/bootstrap", &elf);
    let task = copy.0.join("task");
    copy.file("task/greet.worker", "#!/bin/bash\n");
    copy.file("task/python", "#!/usr/bin/env python3\n");
    copy.file("task/f.sh", "f() { :; }\n");
    copy.file("task/static", &elf);
    // A program header that asks for a loader, as the dynamic programs of a C library have it.
    let mut dynamic = elf.clone();
    dynamic[32] = 64;
    dynamic[54] = 56;
    dynamic[56] = 1;
    dynamic.extend([3, 0, 0, 0, 0, 0, 0, 0, 120]);
    dynamic.resize(120, 0);
    dynamic.extend(b"/lib64/ld-x.so\0");
    copy.file("task/dynamic", &dynamic);
    let output = copy.0.join("out");
    let image = |handler: &str| {
        let [binary, task, output] = [&binary, &task, &output].map(|path| path.to_str().unwrap());
        let (good, text) = copy.run(
            "package-image",
            &[
                "--arch",
                arch,
                "--binary",
                binary,
                "--task",
                task,
                "--handler",
                handler,
                "--output",
                output,
            ],
            &[],
        );
        assert!(good, "{text}");
        text
    };
    for (handler, needs) in [
        ("greet.worker", "greet.worker needs /bin/bash"),
        ("exec:python", "python needs python3"),
        ("f.f", "f.sh needs /bin/bash"),
        ("shell:f.f", "f.sh needs /bin/bash"),
        ("worker:dynamic", "dynamic needs /lib64/ld-x.so"),
    ] {
        says(
            &image(handler),
            &["warning", needs, "not in the image", "--base"],
        );
    }
    for handler in ["static", "orders.create"] {
        let text = image(handler);
        assert!(!text.contains("warning"), "{text}");
    }
}

#[test]
fn a_binary_that_is_not_there_is_said_without_advice_to_build_it() {
    let copy = Copy::new("binary");
    let arguments = ["--arch", "x86_64", "--binary", "/no/such/bootstrap"];
    let (good, text) = copy.run("package-image", &arguments, &[]);
    assert!(!good, "{text}");
    says(&text, &["--binary: there is no file '/no/such/bootstrap'"]);
    assert!(!text.contains("scripts/build"), "{text}");
}

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
