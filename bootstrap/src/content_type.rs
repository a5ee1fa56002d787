//! The content type of a response that is streamed.

/// The content type of a response that begins with an HTTP prelude (Lambda developer guide,
/// "Building a custom runtime").
const HTTP: &str = "application/vnd.awslambda.http-integration-response";
/// The short word for it.
const HTTP_WORD: &str = "http";

/// Whether a word says how a response is to be understood: it is a content type, or the word for a
/// response that begins with an HTTP prelude.
pub(crate) fn is_word(word: &str) -> bool {
    let graphic = word.bytes().all(|byte| byte.is_ascii_graphic());
    graphic && (word == HTTP_WORD || word.contains('/'))
}

/// The content type that such a word stands for.
pub(crate) fn from_word(word: &str) -> &str {
    match word {
        HTTP_WORD => HTTP,
        content_type => content_type,
    }
}
