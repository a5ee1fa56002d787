//! Answers each request with the same HTML.
#![no_main]

use coldspark::Runtime;
use coldspark::http::Response;

coldspark::main!(Runtime::new().http("basic", |_, _| {
    let response = Response::builder().header("content-type", "text/html");
    Ok(response.body("Hello AWS Lambda HTTP request")?)
}));
