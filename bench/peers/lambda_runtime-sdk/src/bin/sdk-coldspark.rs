//! coldspark with the SDK as its documentation says.
#![no_main]

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use coldspark::{Context, Error, Init, Runtime};
use peer_lambda_runtime_sdk::Price;

coldspark::main!(
    Runtime::with_init(init)
        .trace_environment()
        .json("price", price)
);

fn init(init: &Init<'_>) -> Result<Client, Error> {
    let config = aws_config::load_defaults(BehaviorVersion::latest());
    Ok(Client::new(&init.tokio()?.block_on(config)))
}

fn price(article: String, context: &Context<'_, Client>) -> Result<Price, Error> {
    Ok(context.block_on(peer_lambda_runtime_sdk::price(context.state(), article))?)
}
