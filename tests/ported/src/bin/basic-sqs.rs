//! Logs the first message of a batch, whose body is JSON.
#![no_main]

use aws_lambda_events::sqs::SqsEventObj;
use coldspark::{Context, Error, Runtime};
use serde::{Deserialize, Serialize};

coldspark::main!(Runtime::new().json("receive", receive));

#[derive(Deserialize, Serialize)]
struct Data {
    id: String,
    text: String,
}

fn receive(event: SqsEventObj<Data>, _: &Context<'_>) -> Result<(), Error> {
    let data = &event.records[0].body;
    tracing::info!(id = data.id, text = data.text, "data received from SQS");
    Ok(())
}
