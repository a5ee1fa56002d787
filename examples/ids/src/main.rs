//! Ids and secrets that a SnapStart snapshot cannot multiply, with an example of each kind.
//!
//! `ids.ticket` takes `{"order": "17", "amount": 990}` and gives a ticket for that order: an id of
//! its own, a number for people, the environment that made it, a signature under a key that only
//! this environment has, and the key under which the payment is made once, however often the
//! event comes.
#![cfg_attr(not(test), no_main)]

use coldspark::fresh::{self, PerRestore, Secret, Uuid};
use coldspark::{Context, Error, Runtime};
use serde::{Deserialize, Serialize};

coldspark::main!(
    Runtime::new()
        .before_snapshot(|()| {
            tracing::info!("nothing unique has been made so far");
            Ok(())
        })
        .after_restore(|()| {
            tracing::info!(
                restores = fresh::restore_count(),
                "an environment of its own"
            );
            Ok(())
        })
        .json("ids.ticket", ticket)
);

/// The id of this environment, made at the first event, and again after a restore.
static ENVIRONMENT: PerRestore<Uuid> = PerRestore::new(|| Ok(fresh::uuid_v4()?));
/// The key of this environment.
static KEY: PerRestore<Secret<32>> = PerRestore::new(|| Ok(Secret::generate()?));

#[derive(Deserialize)]
struct Order {
    order: String,
    amount: u64,
}

#[derive(Debug, Serialize)]
struct Ticket {
    id: String,
    number: String,
    environment: String,
    signature: String,
    payment: String,
}

fn ticket(order: Order, _: &Context<'_>) -> Result<Ticket, Error> {
    issue(&order)
}

fn issue(order: &Order) -> Result<Ticket, Error> {
    // Sorts by time, as a database key should.
    let id = fresh::uuid_v7()?;
    Ok(Ticket {
        id: id.to_string(),
        number: fresh::short_id()?,
        environment: ENVIRONMENT.get()?.to_string(),
        signature: sign(id.as_bytes())?,
        payment: payment(order),
    })
}

/// The same key at every retry: it is made only from the parts that name the operation.
fn payment(order: &Order) -> String {
    let amount = order.amount.to_be_bytes();
    fresh::idempotency_key([&b"payment"[..], order.order.as_bytes(), &amount])
}

fn sign(text: &[u8]) -> Result<String, Error> {
    let signature = hmac_sha256::HMAC::mac(text, KEY.get()?.expose());
    Ok(signature.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(order: &str, amount: u64) -> Order {
        let order = order.to_owned();
        Order { order, amount }
    }

    #[test]
    fn a_retry_has_another_ticket_and_the_same_payment() {
        let (first, retry) = (order("17", 990), order("17", 990));
        let (first, retry) = (issue(&first).unwrap(), issue(&retry).unwrap());
        assert_ne!(first.id, retry.id);
        assert_ne!(first.number, retry.number);
        assert_ne!(first.signature, retry.signature);
        assert_eq!(first.environment, retry.environment);
        assert_eq!(first.payment, retry.payment);
    }

    #[test]
    fn another_order_is_another_payment() {
        assert_ne!(payment(&order("17", 990)), payment(&order("17", 991)));
        assert_ne!(payment(&order("1", 990)), payment(&order("17", 990)));
    }

    #[test]
    fn a_signature_is_of_its_text() {
        assert_eq!(sign(b"a").unwrap(), sign(b"a").unwrap());
        assert_ne!(sign(b"a").unwrap(), sign(b"b").unwrap());
    }
}
