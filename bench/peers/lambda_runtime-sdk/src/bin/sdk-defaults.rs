//! lambda_runtime with the SDK as its documentation says.

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use lambda_runtime::{LambdaEvent, service_fn};
use peer_lambda_runtime_sdk::{Failure, price};

#[cfg_attr(feature = "documented", tokio::main)]
#[cfg_attr(not(feature = "documented"), tokio::main(flavor = "current_thread"))]
async fn main() -> Result<(), Failure> {
    let client = Client::new(&aws_config::load_defaults(BehaviorVersion::latest()).await);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<String>| {
        price(&client, event.payload).await
    }))
    .await
}
