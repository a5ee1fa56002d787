//! Conversion of any error to that of a function: its type and its message.

use std::any;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::{io, iter};

use super::typed::{ErrorTypeName, TypedError};
use super::{Error, error_type};

/// The conversion for errors that can be sent to another thread.
type Boxed = Box<dyn StdError + Send + Sync>;

/// Converts every [`std::error::Error`] that may go to another thread, the boxes and texts that std
/// converts to one, and the reports of anyhow, eyre and miette.
impl<E: Into<Boxed>> From<E> for Error {
    fn from(error: E) -> Self {
        of_boxed(error.into(), any::type_name::<E>())
    }
}

/// One body for all types, so that each `?` is small.
#[cold]
fn of_boxed(error: Boxed, rust_type: &'static str) -> Error {
    match error.downcast::<TypedError>() {
        Ok(typed) => typed.into_error(),
        Err(error) => of_dyn(&*error, rust_type),
    }
}

/// Converts a borrowed error.
pub(super) fn of_dyn(error: &(dyn StdError + 'static), rust_type: &'static str) -> Error {
    let named = chain(error).find_map(|cause| cause.downcast_ref::<ErrorTypeName>());
    let name = match named {
        Some(name) => name.text(),
        None => known(error).unwrap_or_else(|| of_rust_type(rust_type)),
    };
    Error::new(name, text(error))
}

/// An error and its sources.
fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let next = |error: &&'a (dyn StdError + 'static)| {
        let error: &'a (dyn StdError + 'static) = *error;
        error.source()
    };
    iter::successors(Some(error), next)
}

/// The text of the error and of its sources.
pub(super) fn text(error: &dyn StdError) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        // Many errors repeat their source's text in their own.
        if !cause.is::<ErrorTypeName>() && !message.ends_with(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
        source = cause.source();
    }
    message
}

/// The type for well-known errors whose Rust type is just `Error`.
fn known(error: &(dyn StdError + 'static)) -> Option<Cow<'static, str>> {
    if let Some(io) = error.downcast_ref::<io::Error>() {
        return Some(format!("Io.{:?}", io.kind()).into());
    }
    let json = error.downcast_ref::<serde_json::Error>()?;
    let category = match json.classify() {
        serde_json::error::Category::Io => "Json.Io",
        serde_json::error::Category::Syntax => "Json.Syntax",
        serde_json::error::Category::Data => "Json.Data",
        serde_json::error::Category::Eof => "Json.Eof",
    };
    Some(category.into())
}

/// The last part of a type's path without parameters, `ParseIntError`; with its crate when it is
/// just called `Error`, `sqlx.Error`. Texts, and boxes that hold any error, have no name.
pub(super) fn of_rust_type(path: &'static str) -> Cow<'static, str> {
    let path = path.split('<').next().unwrap_or(path);
    let mut parts = path.split("::");
    let first = parts.next().unwrap_or(path);
    let of_std = matches!(first, "std" | "core" | "alloc");
    let category = if of_std { parts.next() } else { Some(first) };
    match (category, path.rsplit("::").next().unwrap_or(path)) {
        (Some("boxed" | "borrow" | "string"), "Box" | "Cow" | "String") => error_type::ERROR.into(),
        (Some(category), "Error") if category != "Error" => [category, ".Error"].concat().into(),
        (_, name) if name.starts_with('&') => error_type::ERROR.into(),
        (_, name) => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rust_type_names_the_error() {
        for (path, name) in [
            ("core::num::error::ParseIntError", "ParseIntError"),
            ("shop::orders::Refused<alloc::string::String>", "Refused"),
            ("sqlx_core::error::Error", "sqlx_core.Error"),
            ("anyhow::Error", "anyhow.Error"),
            ("core::fmt::Error", "fmt.Error"),
            ("Error", "Error"),
            ("&str", "Function.Error"),
            ("alloc::string::String", "Function.Error"),
            (
                "alloc::boxed::Box<dyn core::error::Error>",
                "Function.Error",
            ),
            ("alloc::borrow::Cow<str>", "Function.Error"),
        ] {
            assert_eq!(of_rust_type(path), name, "{path}");
        }
    }

    #[test]
    fn io_and_json_say_what_they_are() {
        let io = io::Error::from(io::ErrorKind::TimedOut);
        assert_eq!(Error::from(io).error_type(), "Io.TimedOut");
        let json = |text| serde_json::from_str::<u8>(text).unwrap_err();
        for (text, name) in [("{", "Json.Data"), ("", "Json.Eof"), ("1 2", "Json.Syntax")] {
            assert_eq!(Error::from(json(text)).error_type(), name, "{text}");
        }
        let boxed: Boxed = Box::new(json("\"\""));
        assert_eq!(Error::from(boxed).error_type(), "Json.Data");
    }
}
