//! The name of a handler.

use std::borrow::Cow;

/// Length of the copy of a name's beginning, in bytes.
const START: usize = 16;

/// A name with a copy of its first bytes. A short name is compared by the copy alone: its text is a
/// constant of the function, which a cold start would have to read from the disk.
pub(super) struct Name {
    text: Cow<'static, str>,
    start: [u8; START],
}

impl Name {
    /// Inlined, so that the compiler makes the copy where it knows the name.
    #[inline(always)]
    pub(super) fn new(text: Cow<'static, str>) -> Self {
        let start = start(&text);
        Self { text, start }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is this name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.text.len() == name.len()
            && self.start == start(name)
            && (name.len() <= START || self.text == name)
    }
}

/// The beginning of a text, padded with zeros.
#[inline(always)]
fn start(text: &str) -> [u8; START] {
    let mut start = [0; START];
    let length = text.len().min(START);
    start[..length].copy_from_slice(&text.as_bytes()[..length]);
    start
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
