//! Counts down as server-sent events, one each `pause_ms`, for a function URL in streaming mode.
//!
//! `scripts/run-local --example stream` prints each event when it comes.
#![cfg_attr(not(test), no_main)]

use std::io::Write;
use std::thread;
use std::time::Duration;

use coldspark::stream::{Prelude, Writer};
use coldspark::{Context, Error, Runtime};
use serde::Deserialize;

coldspark::main!(Runtime::new().stream("stream", count_down));

#[derive(Deserialize)]
#[serde(default)]
struct Request {
    from: u32,
    pause_ms: u64,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            from: 3,
            pause_ms: 300,
        }
    }
}

fn count_down(event: &[u8], context: &Context<'_>, response: &mut Writer<'_>) -> Result<(), Error> {
    let request: Request = serde_json::from_slice(event)?;
    if request.from > 100 {
        // Nothing was sent yet: an ordinary error.
        return Err(Error::new("Countdown.TooLong", "from may be at most 100"));
    }
    response.prelude(&Prelude::new(200)?.header("Content-Type", "text/event-stream")?)?;
    for number in (1..=request.from).rev() {
        write!(response, "data: {number}\n\n")?;
        response.flush()?;
        thread::sleep(Duration::from_millis(request.pause_ms));
    }
    Ok(write!(
        response,
        "event: end\ndata: {}\n\n",
        context.request_id()
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldspark::testing;

    #[test]
    fn each_number_is_sent_when_it_is_there() -> Result<(), Error> {
        let context = testing::context().request_id("r-1").build();
        let event = br#"{"from": 2, "pause_ms": 0}"#;
        let response = testing::collect(|writer| count_down(event, &context, writer))?;
        let prelude = response.prelude().expect("a prelude");
        assert_eq!(
            (prelude.status(), prelude.get("content-type")),
            (200, Some("text/event-stream"))
        );
        let chunks: Vec<_> = response.chunks().iter().map(Vec::as_slice).collect();
        let end = b"event: end\ndata: r-1\n\n";
        assert_eq!(chunks, [b"data: 2\n\n", b"data: 1\n\n", &end[..]]);
        Ok(())
    }

    #[test]
    fn a_countdown_has_a_limit() {
        let context = testing::context().build();
        let response = testing::collect(|writer| count_down(br#"{"from": 101}"#, &context, writer));
        assert_eq!(response.unwrap_err().error_type(), "Countdown.TooLong");
    }
}
