//! The smallest function: returns its event unchanged.
#![cfg_attr(not(test), no_main)]

use coldspark::Runtime;

coldspark::main!(Runtime::new().raw("hello", |event, _| Ok(event.into())));
