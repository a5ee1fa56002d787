//! Echo on lambda_runtime.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[cfg_attr(feature = "documented", tokio::main)]
#[cfg_attr(not(feature = "documented"), tokio::main(flavor = "current_thread"))]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(echo)).await
}

async fn echo(event: LambdaEvent<Value>) -> Result<Value, Error> {
    Ok(event.payload)
}
