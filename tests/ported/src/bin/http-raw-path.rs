//! Answers with the path of the request.
#![no_main]

use coldspark::Runtime;

coldspark::main!(Runtime::new().http("raw-path", |request, _| {
    let path = request.uri().path();
    Ok(format!("The raw path for this request is: {path}"))
}));
