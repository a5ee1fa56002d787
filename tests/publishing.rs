//! The layer's zip files, and their publication to a server of Lambda's control plane (moto) with
//! the real AWS CLI.
//!
//! Needs the layer's binaries in dist/ and `COLDSPARK_AWS`, the folder of the programs `aws` and
//! `moto_server`; scripts/test provides both.

mod common;

use std::env;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use common::free_port;
use serde_json::Value;

const ARCHES: [&str; 2] = ["x86_64", "arm64"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn zip(arch: &str) -> PathBuf {
    root().join(format!("dist/coldspark-{arch}.zip"))
}

#[track_caller]
fn succeed(command: &mut Command) -> Output {
    let output = command.output().expect("the command starts");
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn script(name: &str) -> Command {
    // From elsewhere: the scripts work in any directory.
    let mut command = Command::new(root().join("scripts").join(name));
    command.current_dir("/").stdin(Stdio::null());
    command
}

fn package() -> [Vec<u8>; 2] {
    succeed(script("package-layer").arg("--no-build"));
    ARCHES.map(|arch| fs::read(zip(arch)).expect("the zip is there"))
}

/// A moto server; ends with the value.
struct Moto {
    process: Child,
    url: String,
    programs: PathBuf,
}

impl Moto {
    fn start() -> Self {
        let programs =
            env::var_os("COLDSPARK_AWS").expect("COLDSPARK_AWS is not set; run scripts/test");
        let programs = PathBuf::from(programs);
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let process = Command::new(programs.join("moto_server"))
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto_server starts");
        let moto = Self {
            process,
            url: format!("http://{address}"),
            programs,
        };
        for _ in 0..1200 {
            if TcpStream::connect(address).is_ok() {
                return moto;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("moto_server does not listen");
    }

    fn talk(&self, command: &mut Command) {
        let path = env::var("PATH").unwrap_or_default();
        command
            .env("PATH", format!("{}:{path}", self.programs.display()))
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_DEFAULT_REGION", "eu-central-1");
    }

    fn ask(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(self.programs.join("aws"));
        self.talk(command.args(arguments));
        serde_json::from_slice(&succeed(&mut command).stdout).expect("the CLI answers in JSON")
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[ignore = "needs the layer's binaries: run scripts/test"]
fn the_layer_is_packaged_and_published() {
    if env::var_os("COLDSPARK_AWS").is_none() {
        coldspark_emulator::left_to_another_form("COLDSPARK_AWS, the folder of aws, is not set");
        return;
    }
    let first = package();
    assert!(first == package(), "two builds of the same zip differ");
    for arch in ARCHES {
        let listing = succeed(
            Command::new("python3")
                .arg("-c")
                .arg(
                    "import sys, zipfile\n\
             for entry in zipfile.ZipFile(sys.argv[1]).infolist():\n    \
             print(oct(entry.external_attr >> 16), entry.filename)",
                )
                .arg(zip(arch)),
        );
        assert_eq!(
            String::from_utf8_lossy(&listing.stdout),
            "0o100755 bootstrap\n\
             0o100644 coldspark/LICENSE-APACHE\n\
             0o100644 coldspark/LICENSE-MIT\n\
             0o100644 coldspark/VERSION\n\
             0o100644 coldspark/sbom.cdx.json\n"
        );
        let bill = succeed(
            Command::new("python3")
                .arg("-c")
                .arg(
                    "import sys, zipfile\n\
             print(zipfile.ZipFile(sys.argv[1]).read('coldspark/sbom.cdx.json').decode())",
                )
                .arg(zip(arch)),
        );
        let bill: Value = serde_json::from_slice(&bill.stdout).expect("the SBOM is JSON");
        let components = bill["components"].as_array().expect("it has components");
        let has = |name: &str| components.iter().any(|part| part["name"] == name);
        assert!(
            has("coldspark") && has("libc") && !has("coldspark-emulator"),
            "{bill}"
        );
    }

    let moto = Moto::start();
    let mut publish = script("publish-layer");
    moto.talk(publish.args([
        "--region",
        "eu-central-1,us-west-2",
        "--name",
        "fast",
        "--public",
    ]));
    let published = String::from_utf8(succeed(&mut publish).stdout).expect("ARNs are text");
    assert_eq!(
        published.lines().collect::<Vec<_>>(),
        [
            "arn:aws:lambda:eu-central-1:123456789012:layer:fast-x86_64:1",
            "arn:aws:lambda:us-west-2:123456789012:layer:fast-x86_64:1",
            "arn:aws:lambda:eu-central-1:123456789012:layer:fast-arm64:1",
            "arn:aws:lambda:us-west-2:123456789012:layer:fast-arm64:1",
        ]
    );
    for (arch, bytes) in ARCHES.into_iter().zip(&first) {
        for region in ["eu-central-1", "us-west-2"] {
            let name = format!("fast-{arch}");
            let version = [
                "--layer-name",
                &name,
                "--version-number",
                "1",
                "--region",
                region,
            ];
            let layer = moto.ask(&[&["lambda", "get-layer-version"], &version[..]].concat());
            assert_eq!(
                layer["CompatibleRuntimes"],
                serde_json::json!(["provided.al2023"])
            );
            assert_eq!(layer["CompatibleArchitectures"], serde_json::json!([arch]));
            assert_eq!(layer["LicenseInfo"], "MIT OR Apache-2.0");
            assert_eq!(layer["Content"]["CodeSize"], bytes.len());
            let policy =
                moto.ask(&[&["lambda", "get-layer-version-policy"], &version[..]].concat());
            let policy = policy["Policy"].as_str().unwrap_or_default();
            let policy: Value = serde_json::from_str(policy).expect("a policy is JSON");
            let statement = &policy["Statement"][0];
            assert_eq!(statement["Action"], "lambda:GetLayerVersion", "{policy}");
            assert_eq!(statement["Effect"], "Allow", "{policy}");
            // Every account, as AWS writes it.
            let everybody = &statement["Principal"];
            assert!(everybody == "*" || everybody["AWS"] == "*", "{policy}");
        }
    }
}

#[test]
fn a_dry_run_prints_commands_and_needs_nothing() {
    let mut command = script("publish-layer");
    command.args([
        "--dry-run",
        "--region",
        "eu-central-1",
        "--arch",
        "arm64",
        "--public",
    ]);
    let printed = String::from_utf8(succeed(&mut command).stdout).expect("commands are text");
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(lines.len(), 2, "{printed}");
    for part in [
        "aws lambda publish-layer-version --region eu-central-1 --layer-name coldspark-arm64",
        "--compatible-runtimes provided.al2023 --compatible-architectures arm64",
        "dist/coldspark-arm64.zip",
    ] {
        assert!(lines[0].contains(part), "{part:?} is not in {printed}");
    }
    assert_eq!(
        lines[1].trim(),
        "aws lambda add-layer-version-permission --region eu-central-1 \
         --layer-name coldspark-arm64 --version-number VERSION --statement-id public \
         --action lambda:GetLayerVersion --principal \\* --query Statement --output text"
    );
}

#[test]
fn wrong_options_are_named() {
    for (arguments, named) in [
        (&["--region"][..], "--region needs a value"),
        (&["--arch", "amd64"], "unknown architecture 'amd64'"),
        (&["--name", "a b", "--dry-run"], "the layer name 'a b'"),
        (&["now"], "unknown argument 'now'"),
    ] {
        let output = script("publish-layer")
            .args(arguments)
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && said.contains(named),
            "{arguments:?}: {said}"
        );
    }
}
