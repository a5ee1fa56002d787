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

coldspark::main!(orders());

fn orders() -> Runtime<Prices> {
    Runtime::with_init(load)
        .json("orders.create", create)
        .json("orders.price", price)
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use coldspark::testing::{self, Function};

    /// The function with the price list of its package.
    fn function(handler: &str) -> Result<Function<Prices>, Error> {
        Function::builder(orders())
            .task_root(env!("CARGO_MANIFEST_DIR"))
            .init(handler)
    }

    #[test]
    fn an_order_has_its_total() -> Result<(), Error> {
        let event = br#"{"items": [{"article": "rope", "quantity": 2}]}"#;
        let context = testing::context().request_id("r-1").build();
        let receipt = function("orders.create")?.call_as(event, &context)?;
        assert_eq!(receipt.text()?, r#"{"order":"r-1","pieces":2,"total":700}"#);
        Ok(())
    }

    #[test]
    fn a_quantity_is_a_number() -> Result<(), Error> {
        let event = br#"{"items": [{"article": "rope", "quantity": "two"}]}"#;
        let error = function("orders.create")?.call(event).unwrap_err();
        assert_eq!(error.error_type(), "Runtime.InvalidEvent");
        assert!(error.message().contains("items[0].quantity"), "{error}");
        Ok(())
    }

    #[test]
    fn nothing_unknown_is_sold() {
        let prices = Prices::from([("rope".to_owned(), 350)]);
        let context = testing::context().state(&prices).build();
        assert_eq!(price("rope".to_owned(), &context).unwrap(), 350);
        let error = price("moon".to_owned(), &context).unwrap_err();
        assert_eq!(error.error_type(), "Order.UnknownArticle");
    }

    #[test]
    fn without_a_price_list_there_is_no_function() {
        let started = Function::builder(orders())
            .task_root("/nowhere")
            .init("orders.price");
        assert_eq!(started.unwrap_err().error_type(), "Orders.NoPrices");
    }
}
