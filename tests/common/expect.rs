//! Expectations of recorded requests.

use coldspark_emulator::script::Request;
use serde_json::Value;

const PREFIX: &str = "/2018-06-01/runtime/";

/// The error in an error call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) header: String,
    pub(crate) error_type: String,
    pub(crate) message: String,
    pub(crate) stack_trace: Vec<String>,
}

impl Failure {
    /// Expects this type, in header and body.
    #[track_caller]
    pub(crate) fn assert_type(&self, error_type: &str) -> &Self {
        assert_eq!(
            (self.header.as_str(), self.error_type.as_str()),
            (error_type, error_type),
            "{self:?}"
        );
        self
    }

    #[track_caller]
    pub(crate) fn assert_says(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.message.contains(text), "no {text:?} in {self:?}");
        }
    }
}

/// The request asks for the next event, and does nothing else.
#[track_caller]
pub(crate) fn assert_next(request: &Request) {
    assert!(request.is_complete(), "{:?}", request.fault);
    assert_eq!(request.method, "GET", "{}", request.path);
    assert_eq!(request.path, format!("{PREFIX}invocation/next"));
    assert_eq!(request.text(), "");
}

/// The request answers that invocation with these bytes.
#[track_caller]
pub(crate) fn assert_response(request: &Request, id: &str, body: &[u8]) {
    assert_post(request, &format!("invocation/{id}/response"));
    assert_eq!(request.header("Lambda-Runtime-Function-Error-Type"), None);
    // Not assert_eq!: a body may have megabytes.
    let start = String::from_utf8_lossy(&request.body[..request.body.len().min(200)]);
    assert!(
        request.body == body,
        "{} bytes instead of {}, starting with {start:?}",
        request.body.len(),
        body.len()
    );
}

/// The error of that invocation in the request.
#[track_caller]
pub(crate) fn failure(request: &Request, id: &str) -> Failure {
    posted_failure(request, &format!("invocation/{id}/error"))
}

/// The error of the init phase in the request.
#[track_caller]
pub(crate) fn init_failure(request: &Request) -> Failure {
    posted_failure(request, "init/error")
}

/// The error of the restore in the request.
#[track_caller]
pub(crate) fn restore_failure(request: &Request) -> Failure {
    assert_eq!(request.header("Lambda-Runtime-Invocation-Id"), None);
    posted_failure(request, "restore/error")
}

pub(crate) fn init_failure_path() -> String {
    format!("{PREFIX}init/error")
}

#[track_caller]
fn posted_failure(request: &Request, path: &str) -> Failure {
    assert_post(request, path);
    let header = request.header("Lambda-Runtime-Function-Error-Type");
    let json = request.json();
    let fields = json.as_object().expect("an object");
    let names: Vec<_> = fields.keys().map(String::as_str).collect();
    assert_eq!(names, ["errorMessage", "errorType", "stackTrace"]);
    let text = |name| json[name].as_str().expect(name).to_owned();
    let frames = json["stackTrace"].as_array().expect("a list").iter();
    Failure {
        header: header.expect("an error type").to_owned(),
        error_type: text("errorType"),
        message: text("errorMessage"),
        stack_trace: frames
            .map(|frame: &Value| frame.as_str().expect("a frame").to_owned())
            .collect(),
    }
}

#[track_caller]
fn assert_post(request: &Request, path: &str) {
    assert!(request.is_complete(), "{:?}", request.fault);
    assert_eq!(request.method, "POST", "{}", request.path);
    assert_eq!(request.path, format!("{PREFIX}{path}"));
    let length = request.body.len().to_string();
    assert_eq!(request.header("Content-Length"), Some(length.as_str()));
    assert_eq!(request.header("Content-Type"), Some("application/json"));
}
