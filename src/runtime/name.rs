//! The name of a handler.

use std::borrow::Cow;

/// So much of a name is kept beside its text.
const BEGIN: usize = 16;

/// A name that can be compared without its text, if it is not long: that is a constant of the
/// function's, which lies with all others where a cold start would have to wait for the disk.
pub(super) struct Name {
    text: Cow<'static, str>,
    begin: [u8; BEGIN],
}

impl Name {
    /// Inlined, so that the compiler makes the copy where it knows the name.
    #[inline(always)]
    pub(super) fn new(text: Cow<'static, str>) -> Self {
        let begin = begin(&text);
        Self { text, begin }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is this one.
    pub(super) fn is(&self, name: &str) -> bool {
        self.text.len() == name.len()
            && self.begin == begin(name)
            && (name.len() <= BEGIN || self.text == name)
    }
}

/// The beginning of a text, with zeros behind it.
#[inline(always)]
fn begin(text: &str) -> [u8; BEGIN] {
    let mut begin = [0; BEGIN];
    let length = text.len().min(BEGIN);
    begin[..length].copy_from_slice(&text.as_bytes()[..length]);
    begin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_whole() {
        for name in [
            "",
            "a",
            "handler",
            "sixteen-is-kept.",
            "seventeen-letters",
            "a-name-that-is-longer",
        ] {
            let known = Name::new(name.into());
            assert!(known.is(name) && known.text() == name, "{name}");
            for other in [
                "b",
                "handlers",
                "sixteen-is-kept!",
                "seventeen-letterS",
                "a-name-that-is-longeR",
                "a\0",
            ] {
                assert!(!known.is(other), "{name} {other}");
            }
        }
        assert!(!Name::new("a\0".into()).is("a"));
    }
}
