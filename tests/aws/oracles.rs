//! Against implementations of others: botocore's signatures.
//!
//! It is in the folder of programs that scripts/setup fills with moto; `COLDSPARK_AWS` names it.

use std::env;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use aws_server::{Request, Server};
use coldspark_emulator::script::{self, Step};
use coldspark_emulator::skipped;
use serde_json::{Value, json};

use super::others::tools;
use super::{fixture, ok};

/// A Python that has this module; None, with a word, when there is no such.
pub(crate) fn python(module: &str) -> Option<PathBuf> {
    let programs = env::var_os("COLDSPARK_AWS")
        .map(PathBuf::from)
        .or_else(|| Some(tools()?.join("aws/bin")))?;
    let python = programs.join("python");
    let mut asked = Command::new(&python);
    let asked = asked
        .args(["-c", &format!("import {module}")])
        .stderr(Stdio::null());
    if asked.status().is_ok_and(|status| status.success()) {
        return Some(python);
    }
    skipped(&format!(
        "no Python with {module}; scripts/setup installs it"
    ));
    None
}

/// What a Python program prints as JSON, that gets this as JSON.
#[track_caller]
pub(crate) fn told(python: &PathBuf, program: &str, input: &Value) -> Value {
    let mut child = Command::new(python)
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin
        .write_all(input.to_string().as_bytes())
        .expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

/// A small generator, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % end
    }

    fn text(&mut self, letters: &str, most: usize) -> String {
        let letters: Vec<char> = letters.chars().collect();
        let length = self.below(most + 1);
        (0..length)
            .map(|_| letters[self.below(letters.len())])
            .collect()
    }

    fn request(&mut self) -> Value {
        let mut path = String::new();
        for _ in 0..=self.below(3) {
            path.push('/');
            let part = self.text("abzAZ09-._~ /%+=&@:,é漢", 12);
            path.extend(part.bytes().map(|byte| format!("%{byte:02X}")));
            path.push_str(&self.text("abzAZ09-._~:@!$&*+,;=()", 5));
            path.push('x');
        }
        let anything = "abcXYZ019-._~ /?#&=+%@:;,!*'()[]é漢\"\\";
        let pairs = |random: &mut Self, letters: &str, value: &str| {
            let count = random.below(4);
            let pair = |number: usize| {
                let name = format!("x{number}{}", random.text(letters, 6));
                (name, random.text(value, 12))
            };
            (0..count).map(pair).collect::<Vec<_>>()
        };
        let method = ["GET", "POST", "PUT", "DELETE", "PATCH"][self.below(5)];
        let mut query = pairs(self, anything, anything);
        // A name that is there twice, with a value that sorts before the other or behind it.
        if let Some((name, _)) = query.first().cloned() {
            query.push((name, self.text(anything, 3)));
        }
        json!({ "request": {
            "service": 10 + self.below(3),
            "method": method,
            "path": path,
            "query": query,
            "headers": pairs(self, "ABcd-9", "ab c,;=\t\"'x"),
            "body": self.text(anything, 40),
        }})
    }
}

const SIGN: &str = r#"
import datetime, json, sys
from unittest import mock
from botocore import auth, awsrequest, credentials

class Clock(datetime.datetime):
    now_is = None
    @classmethod
    def utcnow(cls): return cls.now_is
    @classmethod
    def now(cls, tz=None): return cls.now_is

results = []
for one in json.load(sys.stdin):
    headers = dict(one["headers"])
    url = "http://" + headers["host"] + one["path"]
    request = awsrequest.AWSRequest(method=one["method"], url=url, data=one["body"].encode(), headers={
        name: value for name, value in headers.items() if name in one["signed"] and not name.startswith("x-amz-")
    })
    moment = datetime.datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
    signer = auth.SigV4Auth(credentials.Credentials("AKIDTEST", "SECRETTEST", "TOKENTEST"), one["service"], "eu-central-1")
    request.context["timestamp"] = headers["x-amz-date"]
    request.headers["X-Amz-Date"] = headers["x-amz-date"]
    request.headers["X-Amz-Security-Token"] = "TOKENTEST"
    text = signer.string_to_sign(request, signer.canonical_request(request))
    results.append(signer.signature(text, request))
print(json.dumps(results))
"#;

#[test]
fn botocore_signs_some_hundred_random_requests_alike() {
    let Some(python) = python("botocore") else {
        return;
    };
    let server = Server::start(None, |_| ok());
    let mut random = Random(42);
    let mut steps: Vec<Step> = Vec::new();
    const COUNT: usize = 300;
    for _ in 0..COUNT {
        steps.extend(script::exchange("event", random.request().to_string()));
    }
    let session = fixture(&server.url()).start(steps);
    session.requests(2 * COUNT + 1);
    let requests = server.requests();
    let failed = session
        .api
        .requests()
        .iter()
        .filter(|it| it.path.ends_with("/error"))
        .count();
    assert_eq!((requests.len(), failed), (COUNT, 0));
    let signatures = told(&python, SIGN, &requests.iter().map(described).collect());
    for (request, theirs) in requests.iter().zip(signatures.as_array().expect("a list")) {
        let ours = part(request, "Signature=");
        assert_eq!(ours, theirs.as_str().expect("a text"), "{request:?}");
    }
}

/// What stands behind a word of the signature.
pub(crate) fn part(request: &Request, word: &str) -> String {
    let signature = request.header("authorization").expect("a signature");
    let rest = signature.split_once(word).expect("the word").1;
    rest.split(',').next().unwrap_or_default().to_owned()
}

fn described(request: &Request) -> Value {
    let signed = part(request, "SignedHeaders=");
    json!({
        "method": request.method,
        "path": request.path,
        "headers": request.headers,
        "signed": signed.split(';').collect::<Vec<_>>(),
        "service": part(request, "Credential=").split('/').nth(3),
        "body": request.text(),
    })
}
