//! Content types of streamed responses.

use coldspark::internal::HTTP_CONTENT_TYPE;

/// The short word for the content type of a response that begins with an HTTP prelude.
const HTTP_WORD: &str = "http";

/// Whether a word names a content type: it is one, or the short word for a response that begins with an HTTP
/// prelude.
pub(crate) fn is_word(word: &str) -> bool {
    let graphic = word.bytes().all(|byte| byte.is_ascii_graphic());
    graphic && (word == HTTP_WORD || word.contains('/'))
}

/// The content type that such a word names.
pub(crate) fn from_word(word: &str) -> &str {
    match word {
        HTTP_WORD => HTTP_CONTENT_TYPE,
        content_type => content_type,
    }
}
