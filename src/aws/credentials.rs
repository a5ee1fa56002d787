//! AWS credentials, read when they are used.
//!
//! Lambda puts the credentials of the function's role into the environment. Under SnapStart, where those
//! would be older than the snapshot, it names an endpoint instead. Sources: the Lambda developer guide,
//! "Defined runtime environment variables" and "Activating SnapStart"; the AWS SDKs and Tools Reference
//! Guide, "Container credential provider".

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use ureq::http::Request;
use zeroize::{Zeroize, Zeroizing};

use super::caller::Limits;
use super::{Caller, Error, clock, http};
use crate::settings::{self, variable};
use crate::{fresh, sys};

const FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
/// The credential endpoints of ECS, which is also the host of relative URIs, and of EKS.
const DOCUMENTED: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];
/// Seconds before the expiry at which new credentials are asked for.
const EARLY: u64 = 600;
/// How often the endpoint is asked at most.
const ATTEMPTS: u32 = 3;

/// Credentials that requests are signed with. They are neither printed nor compared; the secret parts are
/// overwritten when the value is dropped.
pub struct Credentials {
    access_key_id: String,
    secret: Zeroizing<String>,
    token: Option<Zeroizing<String>>,
    /// Seconds since 1970.
    expires: Option<u64>,
}

/// Credentials of an endpoint, and the number of the restore after which they came.
struct Kept {
    restores: u32,
    credentials: Arc<Credentials>,
}

static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

impl Credentials {
    pub(super) fn new(access_key_id: String, secret: String, token: Option<String>) -> Self {
        Self {
            access_key_id,
            secret: Zeroizing::new(secret),
            token: token.map(Zeroizing::new),
            expires: None,
        }
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

    fn last_at_least(&self, seconds: u64) -> bool {
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
        if let Some(found) = of_environment() {
            return Ok(Arc::new(found));
        }
    }
    if let Some(uri) = endpoint()? {
        return of_endpoint(&uri, limits);
    }
    if let Some(found) = of_environment() {
        return Ok(Arc::new(found));
    }
    Err(Error::setting(
        "Aws.NoCredentials",
        format!(
            "there are no credentials: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY nor \
             {FULL_URI} are set. Lambda sets them for the function's role; elsewhere set them, or \
             pass them to scripts/run-local with --env"
        ),
    ))
}

fn set(name: &str) -> Option<String> {
    variable(name).filter(|value| !value.is_empty())
}

fn of_environment() -> Option<Credentials> {
    let (id, secret) = (set("AWS_ACCESS_KEY_ID")?, set("AWS_SECRET_ACCESS_KEY")?);
    Some(Credentials::new(id, secret, set("AWS_SESSION_TOKEN")))
}

/// The URI of the endpoint, if there is one and it may be trusted with the token.
fn endpoint() -> Result<Option<String>, Error> {
    if let Some(path) = set(RELATIVE_URI) {
        return Ok(Some(format!("http://{}{path}", DOCUMENTED[0])));
    }
    let Some(uri) = set(FULL_URI) else {
        return Ok(None);
    };
    if may_be_asked(&uri) {
        return Ok(Some(uri));
    }
    Err(Error::setting(
        "Aws.NoCredentials",
        format!(
            "{FULL_URI} is {uri:?}; only https, loopback and the addresses that AWS documents are \
             asked for credentials"
        ),
    ))
}

fn may_be_asked(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return false;
    }
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    match scheme {
        "https" => !host.is_empty(),
        "http" => {
            host == "localhost"
                || DOCUMENTED.contains(&host)
                || host
                    .parse()
                    .is_ok_and(|address: IpAddr| address.is_loopback())
        }
        _ => false,
    }
}

fn of_endpoint(uri: &str, limits: &Limits<'_>) -> Result<Arc<Credentials>, Error> {
    // Held during the fetch: one thread asks, and the others wait for it.
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let restores = fresh::restore_count();
    kept.take_if(|kept| kept.restores != restores);
    if let Some(kept) = &*kept {
        if kept.credentials.last_at_least(EARLY) {
            return Ok(Arc::clone(&kept.credentials));
        }
    }
    match fetch(uri, limits) {
        Ok(credentials) => {
            let credentials = Arc::new(credentials);
            // Credentials kept before the snapshot would be in it.
            if restores > 0 || !settings::snap_start() {
                *kept = Some(Kept {
                    restores,
                    credentials: Arc::clone(&credentials),
                });
            }
            Ok(credentials)
        }
        Err(error) => match &*kept {
            // The old ones are still valid, so the function goes on.
            Some(kept) if kept.credentials.last_at_least(0) => Ok(Arc::clone(&kept.credentials)),
            _ => Err(error),
        },
    }
}

fn fetch(uri: &str, limits: &Limits<'_>) -> Result<Credentials, Error> {
    let mut attempt = 1;
    loop {
        match fetch_once(uri, limits) {
            Err(_) if attempt < ATTEMPTS && limits.left().is_some() => {
                sys::pause(20 * attempt);
                attempt += 1;
            }
            done => return done,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: Option<String>,
}

fn fetch_once(uri: &str, limits: &Limits<'_>) -> Result<Credentials, Error> {
    let wrong = |why: String| {
        Error::of(
            "Aws.Credentials",
            format!("the endpoint for credentials, {uri}, gave none: {why}"),
        )
    };
    let mut request = Request::builder().uri(uri);
    if let Some(token) = token().map_err(wrong)? {
        request = request.header("authorization", token.as_str());
    }
    let request = request
        .body(&[][..])
        .map_err(|error| wrong(error.to_string()))?;
    let mut answer = http::exchange(request, limits)
        .map_err(|failed| wrong(failed.error.message().to_owned()))?;
    let document = if answer.status == 200 {
        serde_json::from_slice::<Document>(&answer.body).map_err(|error| error.to_string())
    } else {
        Err(format!("status {}", answer.status))
    };
    answer.body.zeroize();
    let Document {
        access_key_id,
        secret_access_key,
        token,
        expiration,
    } = document.map_err(wrong)?;
    let mut credentials = Credentials::new(access_key_id, secret_access_key, token);
    credentials.expires = expiration.as_deref().and_then(clock::of_iso);
    Ok(credentials)
}

/// The authorization for the endpoint; a token file is read anew each time.
fn token() -> Result<Option<Zeroizing<String>>, String> {
    if let Some(path) = set(TOKEN_FILE) {
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{TOKEN_FILE} is {path:?}, which cannot be read: {error}"))?;
        let text = Zeroizing::new(text);
        return Ok(Some(Zeroizing::new(text.trim_end().to_owned())));
    }
    Ok(set(TOKEN).map(Zeroizing::new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_loopback_and_what_is_documented_is_asked() {
        for uri in [
            "http://127.0.0.1:9001/2021-08-23/credentials",
            "http://127.1.2.3/",
            "http://localhost:80/x",
            "http://[::1]:9/x",
            "http://169.254.170.2/x",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            "https://example.com/x",
        ] {
            assert!(may_be_asked(uri), "{uri}");
        }
        for uri in [
            "http://example.com/x",
            "http://169.254.169.254/latest",
            "http://127.0.0.1.example.com/",
            "http://127.0.0.1@example.com/",
            "http://[::2]/",
            "ftp://127.0.0.1/",
            "127.0.0.1:80",
            "https:///x",
        ] {
            assert!(!may_be_asked(uri), "{uri}");
        }
    }

    #[test]
    fn the_secret_parts_are_not_printed() {
        let token = Some("token".to_owned());
        let credentials = Credentials::new("id".to_owned(), "secret".to_owned(), token);
        let text = format!("{credentials:?}");
        assert_eq!(text, r#"Credentials { access_key_id: "id", .. }"#);
    }
}
