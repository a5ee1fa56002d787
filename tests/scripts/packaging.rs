//! Packages: the layer's zip, its publication and images.

use std::fs;

use crate::copy::{Copy, says};

/// `MAX_BINARY` of `scripts/package-layer`.
const BUDGET: usize = 270_000;

#[test]
fn a_layer_over_its_budget_is_a_warning_and_for_ci_an_error() {
    let copy = Copy::new("budget");
    copy.file("dist/x86_64/layer/bootstrap", vec![0; BUDGET + 1]);
    let arguments = ["x86_64", "--no-build"];
    let (good, text) = copy.run("package-layer", &arguments, &[]);
    assert!(good, "{text}");
    let over = format!("has {} bytes, over the budget of {BUDGET}", BUDGET + 1);
    says(&text, &["warning", &over]);
    assert!(copy.0.join("dist/coldspark-x86_64.zip").exists());
    let arguments = ["x86_64", "--no-build", "--budget"];
    let (good, text) = copy.run("package-layer", &arguments, &[]);
    assert!(!good, "{text}");
    says(&text, &[&format!("over its budget of {BUDGET} bytes")]);
    copy.file("dist/x86_64/layer/bootstrap", vec![0; BUDGET]);
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
