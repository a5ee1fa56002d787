//! A function that parses its event and prints it again: much work for an allocator, which the
//! package's features choose.

use coldspark::Runtime;
use serde_json::Value;

#[cfg(feature = "arena")]
#[global_allocator]
static ALLOCATOR: coldspark::Allocator = coldspark::Allocator;

#[cfg(all(feature = "mimalloc", not(feature = "arena")))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    Runtime::new()
        .json("json", |value: Value, _| Ok(value))
        .run()
}
