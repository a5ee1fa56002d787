//! Echo on rtlambda.

use rtlambda::prelude::*;
use serde_json::Value;

#[macro_use]
extern crate rtlambda;

type Context<'a> = RefLambdaContext<'a, LambdaRuntimeEnv, UreqResponse>;
type Handler = Box<dyn Fn(Option<&str>, Context<'_>) -> Result<Value, String>>;

fn initialize() -> Result<Handler, String> {
    Ok(Box::new(|event, _| {
        let event = event.ok_or("no event")?;
        serde_json::from_str(event).map_err(|error| error.to_string())
    }))
}

fn main() {
    let mut runtime = default_runtime!(Value, String, LAMBDA_VER, initialize);
    runtime.run();
}
