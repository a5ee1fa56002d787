//! Writes a word each half second, which the caller reads at once.
#![no_main]

use coldspark::stream::Writer;
use coldspark::{Context, Error, Runtime};
use std::io::Write;
use std::{thread, time::Duration};

coldspark::main!(Runtime::new().stream("words", words));

fn words(_: &[u8], _: &Context<'_>, response: &mut Writer<'_>) -> Result<(), Error> {
    for word in ["Hello", "world", "from", "Lambda!"] {
        writeln!(response, "{word}")?;
        response.flush()?;
        thread::sleep(Duration::from_millis(500));
    }
    Ok(())
}
