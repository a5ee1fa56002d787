//! A worker in Rust, with no library. Build it with `layer/examples/rust/build .`;
//! run it with `scripts/run-local --layer layer/examples/rust`, which builds it itself.
//! A Rust function starts faster as a bootstrap of its own: `bootstrap.rs`, the same handler.

mod greeting;

use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};

fn main() -> io::Result<()> {
    let events = BufReader::new(fs::File::open("/dev/fd/3")?);
    let write = |path| OpenOptions::new().append(true).open(path);
    let (mut answers, mut response) = (write("/dev/fd/4")?, write("/dev/fd/6")?);
    answers.write_all(b"ready\n")?;
    for line in events.lines() {
        let line = line?;
        let number = line.trim_start_matches("event ");
        match greeting::greet(&fs::read("/dev/fd/5")?) {
            Ok(bytes) => {
                response.write_all(&bytes)?;
                answers.write_all(format!("response {number}\n").as_bytes())?;
            }
            Err(reason) => {
                response.write_all(reason.as_bytes())?;
                answers.write_all(format!("error {number} Function.NoName\n").as_bytes())?;
            }
        }
    }
    Ok(())
}
