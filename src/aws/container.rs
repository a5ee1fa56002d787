//! The endpoint that gives credentials: of Lambda under SnapStart, of ECS and of EKS.
//!
//! Source: the AWS SDKs and Tools Reference Guide, "Container credential provider".

use std::fs;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use ureq::http::{HeaderValue, Request};
use zeroize::{Zeroize, Zeroizing};

use super::caller::Limits;
use super::credentials::Credentials;
use super::{Error, http, non_empty_variable, timestamps};
use crate::{fresh, sys};

pub(super) const FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
/// The credential endpoints of ECS, which is also the host of relative URIs, and of EKS.
const DOCUMENTED: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];
/// Seconds before the expiry at which new credentials are asked for.
const EARLY: u64 = 600;
/// How long the endpoint is asked at most while there are credentials that still last.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often the endpoint is asked at most.
const ATTEMPTS: u32 = 3;

/// Credentials of an endpoint, and the number of the restore after which they came.
struct Kept {
    restores: u32,
    credentials: Arc<Credentials>,
}

static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

/// The URI of the endpoint, if there is one and it may be trusted with the token.
pub(super) fn endpoint() -> Result<Option<String>, Error> {
    if let Some(path) = non_empty_variable(RELATIVE_URI) {
        // Anything else would go on with the name of the host.
        if path.starts_with('/') {
            return Ok(Some(format!("http://{}{path}", DOCUMENTED[0])));
        }
        return Err(Error::of(
            "Aws.NoCredentials",
            format!("{RELATIVE_URI} is {path:?}; it must be a path and begin with a slash"),
        ));
    }
    let Some(uri) = non_empty_variable(FULL_URI) else {
        return Ok(None);
    };
    if may_be_asked(&uri) {
        return Ok(Some(uri));
    }
    Err(Error::of(
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

pub(super) fn of_endpoint(uri: &str, limits: &Limits<'_>) -> Result<Arc<Credentials>, Error> {
    // Held during the fetch: one thread asks, and the others wait for it.
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let restores = fresh::restore_count();
    kept.take_if(|kept| kept.restores != restores);
    if let Some(kept) = &*kept {
        if kept.credentials.last_at_least(EARLY) {
            return Ok(Arc::clone(&kept.credentials));
        }
    }
    // An endpoint that does not answer must leave time for the call itself.
    let still_last = |kept: &Kept| kept.credentials.last_at_least(0);
    let limits = match &*kept {
        Some(kept) if still_last(kept) => limits.share(PATIENCE),
        _ => *limits,
    };
    match fetch(uri, &limits) {
        Ok(credentials) => {
            let credentials = Arc::new(credentials);
            if !fresh::before_snapshot() {
                *kept = Some(Kept {
                    restores,
                    credentials: Arc::clone(&credentials),
                });
            }
            Ok(credentials)
        }
        Err(error) => match &*kept {
            // The old ones are still valid, so the function goes on.
            Some(kept) if still_last(kept) => Ok(Arc::clone(&kept.credentials)),
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
        request = request.header("authorization", token);
    }
    let request = request
        .body(&[][..])
        .map_err(|error| wrong(error.to_string()))?;
    let mut answer = http::exchange(request, limits)
        .map_err(|failed| wrong(failed.error.message().to_owned()))?;
    let document = if answer.status == 200 {
        serde_json::from_slice::<Document>(&answer.body).map_err(|error| without_values(&error))
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
    let mut credentials = Credentials::new(access_key_id, secret_access_key, token)
        .checked(["AccessKeyId", "SecretAccessKey", "Token"])
        .map_err(wrong)?;
    credentials.expires = expiration.as_deref().and_then(timestamps::of_iso);
    Ok(credentials)
}

/// What is wrong with a document, without a value of it, which could be secret.
fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if text.starts_with("missing field") {
        return text;
    }
    "the answer is no JSON object with texts as AccessKeyId, SecretAccessKey and Token".to_owned()
}

/// The authorization for the endpoint; a token file is read anew each time.
fn token() -> Result<Option<HeaderValue>, String> {
    let (name, text) = if let Some(path) = non_empty_variable(TOKEN_FILE) {
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("{TOKEN_FILE} is {path:?}, which cannot be read: {error}"))?;
        (TOKEN_FILE, Zeroizing::new(text))
    } else if let Some(text) = non_empty_variable(TOKEN) {
        (TOKEN, Zeroizing::new(text))
    } else {
        return Ok(None);
    };
    let mut value = HeaderValue::from_str(text.trim_end()).map_err(|_| {
        format!("the token of {name} has a line break or another character that no header can have")
    })?;
    value.set_sensitive(true);
    Ok(Some(value))
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
}
