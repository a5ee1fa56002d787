//! The answer of a bootstrap to an event.

use coldspark_emulator::script::Request;
use serde_json::Value;

/// The answer that was posted for an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Response(Vec<u8>),
    Error { error_type: String, message: String },
}

impl Answer {
    #[track_caller]
    pub(super) fn of(request: &Request) -> Self {
        assert!(request.is_complete(), "{request:?}");
        if request.path.ends_with("/response") {
            return Self::Response(request.body.clone());
        }
        assert!(request.path.ends_with("/error"), "{}", request.path);
        let json: Value = serde_json::from_slice(&request.body).expect("JSON of an error");
        let text = |name: &str| json[name].as_str().expect(name).to_owned();
        let error_type = text("errorType");
        let header = request
            .header("lambda-runtime-function-error-type")
            .unwrap_or_default();
        assert!(header.ends_with(&error_type), "{header} {error_type}");
        Self::Error {
            error_type,
            message: text("errorMessage"),
        }
    }

    /// The bytes of a response.
    #[track_caller]
    pub(crate) fn response(self) -> Vec<u8> {
        match self {
            Self::Response(bytes) => bytes,
            Self::Error { .. } => panic!("an error: {self:?}"),
        }
    }

    /// The text of a response.
    #[track_caller]
    pub(crate) fn text(self) -> String {
        String::from_utf8(self.response()).expect("a text")
    }

    /// Expects an error of this type whose message has these texts; returns the message.
    #[track_caller]
    pub(crate) fn assert_error(self, expected: &str, texts: &[&str]) -> String {
        let Self::Error {
            error_type,
            message,
        } = self
        else {
            panic!("no error: {self:?}");
        };
        assert_eq!(error_type, expected, "{message}");
        for text in texts {
            assert!(message.contains(text), "no {text:?} in: {message}");
        }
        message
    }
}
