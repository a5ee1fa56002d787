//! The same handler as a bootstrap of its own, by the library: no layer, no second process.
//! Build it with `cargo build --release -p greeting --bin greeting`; ship it as `bootstrap`.
#![cfg_attr(not(test), no_main)]

mod greeting;

use coldspark::{Error, Runtime};

coldspark::main!(Runtime::new().any(|event, _| {
    match greeting::greet(event) {
        Ok(response) => Ok(response.into()),
        Err(reason) => Err(Error::new("Function.NoName", reason)),
    }
}));
