//! Greets the person that a query parameter names.
#![no_main]

use coldspark::Runtime;
use coldspark::http::{RequestExt, StatusCode};

coldspark::main!(Runtime::new().http("greet", |request, _| {
    Ok(match request.query().get("first_name") {
        Some(name) => (StatusCode::OK, format!("Hello, {name}!")),
        None => (StatusCode::BAD_REQUEST, "Empty first name".to_owned()),
    })
}));
