//! A cache for values of Secrets Manager and the Parameter Store.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use zeroize::{Zeroize, Zeroizing};

use super::caller::Limits;
use super::{Caller, Client, Error, SECRETS_MANAGER, SSM};
use crate::{fresh, log, sys};

/// A text that must stay secret. It is overwritten when it is dropped, can be neither cloned nor
/// compared nor serialised, and prints as `SecretText`.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The text. Copies of it are not overwritten.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText")
    }
}

/// A cache of secrets of Secrets Manager, or of parameters of the Parameter Store. A value is read at its
/// first use.
///
/// After the given time a value is read again at its next use; if that fails with anything but an
/// answer of the service, the old value stays in use. After a restore all values are read again. In the
/// init phase of a SnapStart function nothing is kept, so that no secret is in the snapshot: there a read
/// only shows that the function has the permission, and the handler reads again.
///
/// ```no_run
/// use coldspark::{Context, Error, Runtime, aws::Secrets};
/// use std::time::Duration;
///
/// fn main() {
///     Runtime::with_init(|_| Ok(Secrets::of_secrets_manager(Duration::from_secs(300))?))
///         .json("login", login)
///         .run()
/// }
///
/// fn login(user: String, context: &Context<'_, Secrets>) -> Result<bool, Error> {
///     let password = context.state().get(context, "shop/database")?;
///     Ok(connect(&user, password.expose()))
/// }
/// # fn connect(_: &str, _: &str) -> bool { true }
/// ```
pub struct Secrets {
    client: Client,
    kind: Kind,
    keep: Duration,
    kept: Mutex<Kept>,
}

/// The two services.
#[derive(Clone, Copy)]
enum Kind {
    Secret,
    Parameter,
}

#[derive(Default)]
struct Kept {
    restores: u32,
    values: HashMap<String, Value>,
}

struct Value {
    /// When it was read, by the wall clock, which goes on while the environment is frozen.
    read: Duration,
    text: Arc<SecretText>,
}

impl Secrets {
    /// Secrets of Secrets Manager, by name or ARN, kept for `keep`.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn of_secrets_manager(keep: Duration) -> Result<Self, Error> {
        Ok(Self::new(Client::new(SECRETS_MANAGER)?, Kind::Secret, keep))
    }

    /// Parameters of the Parameter Store, by name, decrypted, kept for `keep`.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn of_parameter_store(keep: Duration) -> Result<Self, Error> {
        Ok(Self::new(Client::new(SSM)?, Kind::Parameter, keep))
    }

    fn new(client: Client, kind: Kind, keep: Duration) -> Self {
        Self {
            client,
            kind,
            keep,
            kept: Mutex::default(),
        }
    }

    /// The client, for instance to connect it in the init step.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The value of this name. Threads that ask at once for a value that is not there yet each read it.
    ///
    /// # Errors
    /// The service's errors, and `Aws.BadAnswer` for a secret that is bytes and not text.
    pub fn get(&self, caller: &impl Caller, name: &str) -> Result<Arc<SecretText>, Error> {
        self.value(&caller.limits(), name)
    }

    /// Forgets the value of this name, so that it is read again: for instance when a password was refused
    /// after a rotation.
    pub fn forget(&self, name: &str) {
        self.kept().values.remove(name);
    }

    fn value(&self, limits: &Limits<'_>, name: &str) -> Result<Arc<SecretText>, Error> {
        let now = sys::since_epoch();
        let old = self.kept().values.get(name).map(|value| {
            let age = now.saturating_sub(value.read);
            (Arc::clone(&value.text), age < self.keep)
        });
        if let Some((text, true)) = old {
            return Ok(text);
        }
        match (self.read(limits, name), old) {
            (Ok(text), _) => {
                let text = Arc::new(text);
                if !fresh::before_snapshot() {
                    let value = Value {
                        read: now,
                        text: Arc::clone(&text),
                    };
                    self.kept().values.insert(name.to_owned(), value);
                }
                Ok(text)
            }
            (Err(error), Some((text, _))) if !is_final(&error) => {
                log::warn(format_args!(
                    "the kept value of a secret is used on, since it cannot be read anew: {error}"
                ));
                Ok(text)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// The values kept since the last restore.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let restores = fresh::restore_count();
        if kept.restores != restores {
            *kept = Kept {
                restores,
                values: HashMap::new(),
            };
        }
        kept
    }

    fn read(&self, limits: &Limits<'_>, name: &str) -> Result<SecretText, Error> {
        let (operation, input) = match self.kind {
            Kind::Secret => ("GetSecretValue", json!({ "SecretId": name })),
            Kind::Parameter => (
                "GetParameter",
                json!({ "Name": name, "WithDecryption": true }),
            ),
        };
        let body = serde_json::to_vec(&input);
        let mut answer = self.client.send_json(limits, operation, body, true)?;
        let text = serde_json::from_slice::<Answered>(&answer.body);
        answer.body.zeroize();
        let text = text.ok().and_then(|answered| match self.kind {
            Kind::Secret => answered.secret_string,
            Kind::Parameter => Some(answered.parameter?.value),
        });
        text.map(|text| SecretText(Zeroizing::new(text)))
            .ok_or_else(|| {
                Error::of(
                    "Aws.BadAnswer",
                    format!("{name} has no text; call {operation} by a client for bytes"),
                )
                .in_call(self.client.id(), operation)
            })
    }
}

/// Whether the service has refused, which an old value would hide.
fn is_final(error: &Error) -> bool {
    error
        .status()
        .is_some_and(|status| status < 500 && status != 429)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answered {
    secret_string: Option<String>,
    parameter: Option<Parameter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    value: String,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let secret = SecretText(Zeroizing::new("hidden".to_owned()));
        assert_eq!(format!("{secret:?}"), "SecretText");
    }

    /// What may be gone at the next call lets an old value be used on.
    #[test]
    fn the_services_own_failures_are_not_final() {
        for (status, is_final_status) in [
            (400, true),
            (404, true),
            (429, false),
            (499, true),
            (500, false),
            (503, false),
        ] {
            let error = Error::of("Code", "message").answered(status, None);
            assert_eq!(is_final(&error), is_final_status, "{status}");
        }
        assert!(!is_final(&Error::of("Aws.Connect", "no connection")));
    }
}
