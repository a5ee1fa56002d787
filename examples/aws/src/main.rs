//! Returns the price of an article from a DynamoDB table.
//!
//! `TABLE` is the table's name, `prices` when it is not set; its key is `article`. The function's role
//! needs `dynamodb:GetItem` on it. With `CONNECT=init` the connection is made in the init phase.
#![cfg_attr(not(test), no_main)]

use coldspark::{Context, Error, Init, Runtime, aws};
use serde::{Deserialize, Serialize};
use serde_json::json;

coldspark::main!(Runtime::with_init(init).json("price", price));

struct Prices {
    dynamodb: aws::Client,
    table: String,
}

fn init(init: &Init<'_>) -> Result<Prices, Error> {
    let dynamodb = aws::Client::new(aws::DYNAMODB)?;
    if std::env::var("CONNECT").is_ok_and(|when| when == "init") {
        // Without it, the first event connects.
        if let Err(error) = dynamodb.connect(init) {
            tracing::warn!("not connected yet: {error}");
        }
    }
    Ok(Prices {
        dynamodb,
        table: std::env::var("TABLE").unwrap_or_else(|_| "prices".to_owned()),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    item: Option<Item>,
}

#[derive(Deserialize)]
struct Item {
    price: Number,
}

/// DynamoDB's form of a number.
#[derive(Deserialize)]
struct Number {
    #[serde(rename = "N")]
    digits: String,
}

#[derive(Serialize)]
struct Price {
    article: String,
    price: u64,
}

fn price(article: String, context: &Context<'_, Prices>) -> Result<Price, Error> {
    let Prices { dynamodb, table } = context.state();
    let input = json!({ "TableName": table, "Key": { "article": { "S": article } } });
    let output: Output = dynamodb.call(context, "GetItem", &input)?;
    let item = output.item.ok_or_else(|| {
        Error::new(
            "Article.Unknown",
            format!("there is no article {article:?}"),
        )
    })?;
    Ok(Price {
        price: item.price.digits.parse()?,
        article,
    })
}
