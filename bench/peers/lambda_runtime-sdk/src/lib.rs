//! The function that all programs of this package run: the price of an article from a DynamoDB table.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

/// What a failed call looks like to a runtime.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Serialize)]
pub struct Price {
    article: String,
    price: u64,
}

/// Reads the price of this article.
pub async fn price(client: &Client, article: String) -> Result<Price, Failure> {
    let output = client
        .get_item()
        .table_name("prices")
        .key("article", AttributeValue::S(article.clone()))
        .send()
        .await?;
    let price = output
        .item()
        .and_then(|item| item.get("price")?.as_n().ok())
        .ok_or("there is no such article")?
        .parse()?;
    Ok(Price { article, price })
}
