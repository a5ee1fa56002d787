//! The prelude of a streamed response, made from the parts of a response.

use ::http::response::Parts;

use crate::stream::{InvalidHead, Prelude};

/// For handlers that stream and use the response type of the crate `http`. Repeated headers are joined
/// with commas; those of `Set-Cookie` become cookies.
///
/// ```
/// use std::io::Write;
/// use coldspark::http::{self, Response};
/// use coldspark::stream::{Prelude, Writer};
/// use coldspark::{Context, Error, Runtime};
///
/// fn echo(event: &[u8], _: &Context<'_>, response: &mut Writer<'_>) -> Result<(), Error> {
///     let request = http::request(event)?;
///     let head = Response::builder().header("content-type", "text/plain");
///     let (parts, ()) = head.body(())?.into_parts();
///     response.prelude(&Prelude::try_from(&parts)?)?;
///     Ok(response.write_all(request.body())?)
/// }
/// # let _ = Runtime::new().stream("echo", echo);
/// ```
impl TryFrom<&Parts> for Prelude {
    type Error = InvalidHead;

    /// # Errors
    /// For a status outside 200..=599 and a header value that is not UTF-8.
    fn try_from(parts: &Parts) -> Result<Self, InvalidHead> {
        let mut prelude = Self::new(parts.status.as_u16())?;
        for (name, value) in &parts.headers {
            let value = std::str::from_utf8(value.as_bytes()).map_err(|_| {
                // Values may be secrets, and do not go into errors.
                InvalidHead(format!(
                    "the value of {name} is not UTF-8, and JSON has no form for it"
                ))
            })?;
            prelude = prelude.header(name.as_str(), value)?;
        }
        Ok(prelude)
    }
}
