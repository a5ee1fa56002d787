//! Texts and maps of an event, borrowed from it where they have no escapes.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A text. (serde's derive borrows a `Cow` only where it stands alone, not in an `Option`.)
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl Text<'_> {
    pub(super) fn into_owned(self) -> String {
        self.0.into_owned()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Expected;

        impl<'de> Visitor<'de> for Expected {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Expected)
    }
}

/// Names with the values of each, in the order of the event. A value is a text or a list of texts;
/// null counts as absent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pairs<'a>(Vec<(Text<'a>, Values<'a>)>);

#[derive(Debug, PartialEq, Eq)]
struct Values<'a>(Vec<Text<'a>>);

impl Pairs<'_> {
    /// Each value with its name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.0.iter().flat_map(|(name, values)| {
            let values = values.0.iter();
            values.map(move |value| (&*name.0, &*value.0))
        })
    }

    /// Whether there is no value.
    pub(super) fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Expected;

        impl<'de> Visitor<'de> for Expected {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Pairs<'de>, M::Error> {
                let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(16));
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Expected)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Values<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Expected;

        impl<'de> Visitor<'de> for Expected {
            type Value = Values<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_unit<E: Error>(self) -> Result<Values<'de>, E> {
                Ok(Values(Vec::new()))
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Values<'de>, E> {
                Ok(Values(vec![Text(Cow::Borrowed(text))]))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Values<'de>, E> {
                Ok(Values(vec![Text(Cow::Owned(text.to_owned()))]))
            }

            fn visit_seq<Q: SeqAccess<'de>>(self, mut list: Q) -> Result<Values<'de>, Q::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element::<Option<_>>()? {
                    values.extend(value);
                }
                Ok(Values(values))
            }
        }

        deserializer.deserialize_any(Expected)
    }
}
