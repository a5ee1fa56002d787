//! The layer's web applications: JSON of events, and requests that are made of them.

use coldspark::testing;
use serde_json::Value as Reference;

use super::json::Value;
use super::request::{Refusal, Request};
use super::settings::WebSettings;

/// Whether these bytes are JSON. Panics where they are, and a value is not read as serde_json reads it.
pub fn json(bytes: &[u8]) -> bool {
    let Some(value) = Value::parse(bytes) else {
        return false;
    };
    // A number out of range, and half of a surrogate pair, are JSON, and not for serde_json.
    if let Ok(reference) = serde_json::from_slice(bytes) {
        same(value, &reference);
    }
    true
}

fn same(value: Value<'_>, reference: &Reference) {
    match reference {
        Reference::Null => assert!(value.is_null()),
        Reference::Bool(known) => assert_eq!(value.is_true(), *known),
        Reference::Number(_) => assert!(value.raw().parse::<f64>().is_ok()),
        Reference::String(text) => assert_eq!(value.text().as_deref(), Some(&**text)),
        Reference::Array(items) => {
            assert_eq!(value.items().count(), items.len());
            value
                .items()
                .zip(items)
                .for_each(|(one, known)| same(one, known));
        }
        Reference::Object(members) => {
            assert!(value.is_object());
            let all: Vec<_> = value.members().collect();
            // Of a name that is there twice serde_json keeps the last value.
            for (name, known) in members {
                let last = all
                    .iter()
                    .rfind(|(one, _)| one == name)
                    .expect("the member");
                same(last.1, known);
            }
            assert!(all.iter().all(|(name, _)| members.contains_key(&**name)));
        }
    }
}

/// A request that the bootstrap would send.
pub struct Sent {
    pub head: Vec<u8>,
    pub body: Vec<u8>,
    /// Whether a front end's event asked for it.
    pub of_front_end: bool,
}

/// The request of an event, or `Err` when the event is refused.
pub fn request(event: &[u8], base_path: Option<&str>) -> Result<Sent, ()> {
    let mut settings = WebSettings::from_env();
    settings.base_path = base_path.map(str::to_owned);
    settings.after_restore_path = Some("/guarded".to_owned());
    settings.authorization_source = Some("x-authorization".to_owned());
    let context = testing::context().tenant_id("tenant").build();
    match Request::of_event(event, &context, &settings, "host:8080") {
        Ok(request) => Ok(Sent {
            head: request.head,
            body: request.body.into_owned(),
            of_front_end: request.front_end.is_some(),
        }),
        Err(Refusal::BadRequest(..) | Refusal::Forbidden(_) | Refusal::InvalidEvent(_)) => Err(()),
    }
}
