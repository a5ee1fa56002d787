//! The type of an error says whether the caller should try again.
#![no_main]

use coldspark::{Context, ErrorType, ResultExt, Runtime};
use serde::Deserialize;

coldspark::main!(Runtime::new().json("fail", |event, context| Ok(fail(event, context).typed()?)));

#[derive(Deserialize)]
struct Request {}

#[derive(Debug, thiserror::Error)]
enum ExecutionError {
    #[error("transient database error: {0}")]
    #[expect(
        dead_code,
        reason = "the peer's function has it, and does not make it either"
    )]
    Database(String),
    #[error("unexpected error: {0}")]
    Unexpected(String),
}

impl ErrorType for ExecutionError {
    fn error_type(&self) -> &'static str {
        match self {
            Self::Database(_) => "Retryable",
            Self::Unexpected(_) => "NonRetryable",
        }
    }
}

fn fail(_: Request, _: &Context<'_>) -> Result<(), ExecutionError> {
    Err(ExecutionError::Unexpected("ooops".to_owned()))
}
