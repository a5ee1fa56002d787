//! AWS credentials, read when they are used.
//!
//! Lambda puts the credentials of the function's role into the environment. Under SnapStart, where those
//! would be older than the snapshot, it names an endpoint instead. Source: the Lambda developer guide,
//! "Defined runtime environment variables" and "Activating SnapStart".

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use zeroize::Zeroizing;

use super::caller::Limits;
use super::container::{self, FULL_URI};
use super::{Caller, Error, non_empty_variable};
use crate::{settings, sys};

/// Credentials that requests are signed with. They are neither printed nor compared; the secret parts are
/// overwritten when the value is dropped.
pub struct Credentials {
    access_key_id: String,
    secret: Zeroizing<String>,
    token: Option<Zeroizing<String>>,
    /// Seconds since 1970.
    pub(super) expires: Option<u64>,
}

impl Credentials {
    pub(super) fn new(access_key_id: String, secret: String, token: Option<String>) -> Self {
        Self {
            access_key_id,
            secret: Zeroizing::new(secret),
            token: token.map(Zeroizing::new),
            expires: None,
        }
    }

    /// Refuses characters that credentials never have. A header could not carry them, and a line break
    /// behind the secret would only show as a wrong signature. `names` are those of id, secret and token
    /// at their source.
    pub(super) fn checked(self, names: [&str; 3]) -> Result<Self, String> {
        let token = self.token().unwrap_or("-");
        let values = [self.access_key_id(), self.secret(), token];
        let good = |value: &str| !value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic());
        if let Some(place) = values.iter().position(|value| !good(value)) {
            return Err(format!(
                "{} is empty, or has a space, a line break or another character that credentials never \
                 have; it must be exactly what AWS gave",
                names[place]
            ));
        }
        Ok(self)
    }

    /// The id of the access key; it is not a secret.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The secret access key.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// The session token; credentials of a role always have it.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_ref().map(|token| token.as_str())
    }

    /// When they expire; `None` for credentials from environment variables, which last as long as the
    /// environment.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_secs(self.expires?))
    }

    pub(super) fn last_at_least(&self, seconds: u64) -> bool {
        let until = sys::since_epoch().as_secs() + seconds;
        self.expires.is_none_or(|expires| expires > until)
    }
}

/// Prints only the id.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// The current credentials, for code that signs by itself, such as rusty-s3. Ask again at each event:
/// credentials expire, and a restore brings new ones.
///
/// # Errors
/// When there are no credentials, or the endpoint does not give them.
pub fn credentials(caller: &impl Caller) -> Result<Arc<Credentials>, Error> {
    now(&caller.limits())
}

/// The current credentials, for code without a context, such as a provider of the official SDK. It takes
/// at most 5 s.
///
/// # Errors
/// As [`credentials`].
pub fn credentials_now() -> Result<Arc<Credentials>, Error> {
    now(&Limits::new(Duration::from_secs(5), None))
}

pub(super) fn now(limits: &Limits<'_>) -> Result<Arc<Credentials>, Error> {
    // Under SnapStart a key in the environment would be older than the snapshot.
    if !settings::snap_start() {
        if let Some(found) = of_environment()? {
            return Ok(Arc::new(found));
        }
    }
    if let Some(uri) = container::endpoint()? {
        return container::of_endpoint(&uri, limits);
    }
    if let Some(found) = of_environment()? {
        return Ok(Arc::new(found));
    }
    Err(Error::of(
        "Aws.NoCredentials",
        format!(
            "there are no credentials: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY nor \
             {FULL_URI} are set. Lambda sets them for the function's role; elsewhere set them, or \
             pass them to scripts/run-local with --env"
        ),
    ))
}

fn of_environment() -> Result<Option<Credentials>, Error> {
    const NAMES: [&str; 3] = [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ];
    let (Some(id), Some(secret)) = (non_empty_variable(NAMES[0]), non_empty_variable(NAMES[1]))
    else {
        return Ok(None);
    };
    let found = Credentials::new(id, secret, non_empty_variable(NAMES[2]));
    let checked = found.checked(NAMES);
    checked
        .map(Some)
        .map_err(|why| Error::of("Aws.NoCredentials", why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_parts_are_not_printed() {
        let token = Some("token".to_owned());
        let credentials = Credentials::new("id".to_owned(), "secret".to_owned(), token);
        let text = format!("{credentials:?}");
        assert_eq!(text, r#"Credentials { access_key_id: "id", .. }"#);
    }
}
