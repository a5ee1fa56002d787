//! Programs that do not compile, and what the compiler says.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Each program by its name in the guide, and the same mended as the guide says.
const PROGRAMS: &[(&str, &str, &str)] = &[
    (
        "closure",
        r#"
fn runtime() -> Runtime {
    let handler = |event: Value, _context| Ok(json!({ "got": event }));
    Runtime::new().json("hello", handler)
}
coldspark::main!(runtime());
"#,
        r#"
fn runtime() -> Runtime {
    let handler = |event: Value, _context: &Context<'_>| Ok(json!({ "got": event }));
    Runtime::new().json("hello", handler)
}
coldspark::main!(runtime());
"#,
    ),
    (
        "borrowed-event",
        r#"
#[derive(Deserialize)]
struct Visitor<'a> { name: &'a str }
coldspark::main!(Runtime::new().json("hello", hello));
fn hello(visitor: Visitor<'_>, _: &Context<'_>) -> Result<usize, Error> {
    Ok(visitor.name.len())
}
"#,
        r#"
#[derive(Deserialize)]
struct Visitor<'a> { name: &'a str }
coldspark::main!(Runtime::new().bytes("hello", hello));
fn hello(event: &[u8], _: &Context<'_>) -> Result<String, Error> {
    let visitor: Visitor<'_> = serde_json::from_slice(event)?;
    Ok(visitor.name.len().to_string())
}
"#,
    ),
    (
        "impl-serialize",
        r#"
coldspark::main!(Runtime::new().json("hello", hello));
fn hello(name: String, context: &Context<'_>) -> Result<impl Serialize, Error> {
    Ok((name, context.request_id().to_owned()))
}
"#,
        r#"
coldspark::main!(Runtime::new().json("hello", hello));
fn hello(name: String, context: &Context<'_>) -> Result<impl Serialize + use<>, Error> {
    Ok((name, context.request_id().to_owned()))
}
"#,
    ),
    (
        "raw-vec",
        r#"
coldspark::main!(Runtime::new().raw("hello", hello));
fn hello(event: &[u8], _: &Context<'_>) -> Result<Vec<u8>, Error> { Ok(event.to_vec()) }
"#,
        r#"
coldspark::main!(Runtime::new().bytes("hello", hello));
fn hello(event: &[u8], _: &Context<'_>) -> Result<Vec<u8>, Error> { Ok(event.to_vec()) }
"#,
    ),
    (
        "async",
        r#"
coldspark::main!(Runtime::new().json("hello", hello));
async fn hello(event: String, _: &Context<'_>) -> Result<String, Error> { Ok(event) }
"#,
        r#"
coldspark::main!(Runtime::new().json("hello", hello));
fn hello(event: String, _: &Context<'_>) -> Result<String, Error> { Ok(event) }
"#,
    ),
    (
        "lock",
        r#"
coldspark::main!(Runtime::with_init(|_| Ok(Mutex::new(0))).json("count", count));
fn count(_: u8, context: &Context<'_, Mutex<u64>>) -> Result<u64, Error> {
    Ok(*context.state().lock()?)
}
"#,
        r#"
coldspark::main!(Runtime::with_init(|_| Ok(Mutex::new(0))).json("count", count));
fn count(_: u8, context: &Context<'_, Mutex<u64>>) -> Result<u64, Error> {
    let again = *context.state().lock().unwrap_or_else(PoisonError::into_inner);
    Ok(again + *context.state().lock().map_err(|poisoned| Error::of(&poisoned))?)
}
"#,
    ),
];

/// The one whose fault is in its first line.
const NO_MAIN: &str =
    "coldspark::main!(Runtime::new().raw(\"hello\", |event, _| Ok(event.into())));";

const HEAD: &str = "#![allow(unused_imports)]
use coldspark::{Context, Error, Runtime};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
";

/// A package with each of them, as it is and mended.
pub(crate) struct Project(PathBuf);

impl Project {
    pub(crate) fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("riddles");
        let programs = folder.join("src/bin");
        fs::create_dir_all(&programs).expect("a folder");
        let write = |name: &str, text: String| {
            fs::write(programs.join(name).with_extension("rs"), text).expect("a program");
        };
        for (name, riddle, mended) in PROGRAMS {
            write(name, format!("#![no_main]\n{HEAD}{riddle}"));
            write(
                &format!("{name}-mended"),
                format!("#![no_main]\n{HEAD}{mended}"),
            );
        }
        write("no-main", format!("{HEAD}{NO_MAIN}"));
        write("no-main-mended", format!("#![no_main]\n{HEAD}{NO_MAIN}"));
        let manifest = format!(
            "[package]\nname = \"riddles\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n\
             [dependencies]\ncoldspark = {{ path = {ROOT:?} }}\n\
             serde = {{ version = \"1\", features = [\"derive\"] }}\nserde_json = \"1\"\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest).expect("a manifest");
        fs::copy(
            Path::new(ROOT).join("Cargo.lock"),
            folder.join("Cargo.lock"),
        )
        .expect("a lock");
        Self(folder)
    }

    fn cargo(&self, arguments: &[&str]) -> Output {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .args(["check", "--quiet", "--offline"])
            .args(arguments);
        cargo.current_dir(&self.0).output().expect("cargo runs")
    }

    /// What the compiler says of the program.
    pub(crate) fn check(&self, name: &str) -> String {
        let output = self.cargo(&["--bin", name]);
        assert!(!output.status.success(), "{name} compiles");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// All of them compile when they are mended.
    pub(crate) fn check_mended(&self) {
        let names = PROGRAMS.iter().map(|(name, ..)| *name).chain(["no-main"]);
        let bins = names.flat_map(|name| ["--bin".to_owned(), format!("{name}-mended")]);
        let bins: Vec<_> = bins.collect();
        let output = self.cargo(&bins.iter().map(String::as_str).collect::<Vec<_>>());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }
}
