//! Orders of a small shop: typed events, two handlers that `_HANDLER` chooses from, and an init
//! step that reads the price list out of the function's package.
//!
//! `orders.create` takes `{"items": [{"article": "rope", "quantity": 2}]}` and gives the order
//! with its total; `orders.price` takes `"rope"` and gives its price. Prices are in cents.
#![cfg_attr(not(test), no_main)]

use std::collections::BTreeMap;
use std::fs;

use coldspark::{Context, Error, Init, Runtime};
use serde::{Deserialize, Serialize};

coldspark::main!(
    Runtime::with_init(load)
        .json("orders.create", create)
        .json("orders.price", price)
);

type Prices = BTreeMap<String, u64>;

fn load(init: &Init<'_>) -> Result<Prices, Error> {
    let path = init.task_root().join("prices.json");
    let text = fs::read(&path).map_err(|error| {
        Error::new(
            "Orders.NoPrices",
            format!("cannot read {}: {error}", path.display()),
        )
    })?;
    let prices: Prices = serde_json::from_slice(&text)
        .map_err(|error| Error::new("Orders.BadPrices", format!("{}: {error}", path.display())))?;
    tracing::info!(articles = prices.len(), "price list loaded");
    Ok(prices)
}

#[derive(Deserialize)]
struct Order {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    article: String,
    quantity: u32,
}

#[derive(Serialize)]
struct Receipt {
    order: String,
    pieces: u64,
    total: u64,
}

fn create(order: Order, context: &Context<'_, Prices>) -> Result<Receipt, Error> {
    if order.items.is_empty() {
        return Err(Error::new(
            "Order.Empty",
            "an order needs at least one item",
        ));
    }
    let mut receipt = Receipt {
        order: context.request_id().to_owned(),
        pieces: 0,
        total: 0,
    };
    for Item { article, quantity } in order.items {
        let price = find(&article, context.state())?;
        receipt.pieces += u64::from(quantity);
        receipt.total += price * u64::from(quantity);
    }
    Ok(receipt)
}

fn price(article: String, context: &Context<'_, Prices>) -> Result<u64, Error> {
    find(&article, context.state())
}

fn find(article: &str, prices: &Prices) -> Result<u64, Error> {
    prices.get(article).copied().ok_or_else(|| {
        Error::new(
            "Order.UnknownArticle",
            format!("there is no article {article:?}"),
        )
    })
}
