//! Events as JSON: the samples of the crate `aws_lambda_events`, read from where cargo keeps its source,
//! and the answers to events.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use coldspark_emulator::script;
use serde_json::Value;

use super::{Function, assert_response};

/// The sample event of that name: `sqs-event` is in the file `example-sqs-event.json`.
#[track_caller]
pub(crate) fn aws_event(name: &str) -> Value {
    let path = folder().join(format!("example-{name}.json"));
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).expect("a sample is JSON")
}

/// The names of the samples that start so, sorted.
#[track_caller]
pub(crate) fn aws_events(start: &str) -> Vec<String> {
    let files = fs::read_dir(folder()).expect("the folder of samples");
    let names = files.filter_map(|file| {
        let file = file.expect("a file").file_name().into_string().ok()?;
        let name = file.strip_prefix("example-")?.strip_suffix(".json")?;
        name.starts_with(start).then(|| name.to_owned())
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// The answers of a function to these events, one process for all.
#[track_caller]
pub(crate) fn answers(function: Function, events: &[Value]) -> Vec<Value> {
    let steps = events
        .iter()
        .flat_map(|event| script::exchange("h-1", event.to_string()));
    let session = function.start(steps);
    let requests = session.requests(2 * events.len() + 1);
    let posted = requests.chunks(2).take(events.len());
    posted
        .map(|two| {
            assert_response(&two[1], "h-1", &two[1].body);
            two[1].json()
        })
        .collect()
}

fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let host = format!("{}-unknown-linux-gnu", env::consts::ARCH);
        let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["metadata", "--format-version=1", "--locked"])
            .args(["--filter-platform", &host])
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "cargo metadata failed: {output:?}");
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
        let mut packages = metadata["packages"].as_array().expect("a list").iter();
        let package = packages.find(|package| package["name"] == "aws_lambda_events");
        let manifest = &package.expect("the crate is a dependency")["manifest_path"];
        let manifest = Path::new(manifest.as_str().expect("a path"));
        manifest.with_file_name("src").join("fixtures")
    })
}
