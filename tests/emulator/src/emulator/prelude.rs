//! A check of the prelude of a streamed HTTP response.
//!
//! Lambda's API takes it either way; a function URL or API Gateway cannot use it. Form: the Lambda
//! developer guide, "Building a custom runtime".

use serde_json::Value;

/// The content type that announces a prelude.
const CONTENT_TYPE: &str = "application/vnd.awslambda.http-integration-response";
/// The bytes behind a prelude.
const END: [u8; 8] = [0; 8];
/// A prelude of more bytes is not looked for.
const LIMIT: usize = 64 * 1024;

/// The beginning of a response, as far as a prelude may reach.
#[derive(Default)]
pub(super) struct Beginning(Vec<u8>);

impl Beginning {
    /// Keeps what is part of it.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let room = LIMIT.saturating_sub(self.0.len()).min(bytes.len());
        self.0.extend_from_slice(&bytes[..room]);
    }

    /// Why a response of this content type is not an HTTP response.
    pub(super) fn fault(&self, content_type: Option<&str>) -> Option<String> {
        let essence = content_type?.split(';').next()?.trim();
        if !essence.eq_ignore_ascii_case(CONTENT_TYPE) {
            return None;
        }
        let end = self.0.windows(END.len()).position(|bytes| *bytes == END);
        let why = match end {
            Some(end) => problem(&self.0[..end])?,
            None => "there are no 8 zero bytes behind it".to_owned(),
        };
        Some(format!(
            "the response has the content type {essence}, and no valid prelude: {why}"
        ))
    }
}

/// What is wrong with the JSON of a prelude.
fn problem(json: &[u8]) -> Option<String> {
    let prelude = match serde_json::from_slice(json) {
        Ok(Value::Object(prelude)) => prelude,
        Ok(_) => return Some("it is JSON, and no object".to_owned()),
        Err(error) => return Some(format!("it is not JSON: {error}")),
    };
    let status = prelude.get("statusCode").and_then(Value::as_u64);
    if !status.is_some_and(|status| (200..=599).contains(&status)) {
        return Some("its statusCode is no number from 200 to 599".to_owned());
    }
    let headers = prelude.get("headers").map(|headers| {
        let headers = headers.as_object();
        headers.is_some_and(|headers| headers.values().all(Value::is_string))
    });
    if headers == Some(false) {
        return Some("its headers are no object of texts".to_owned());
    }
    let cookies = prelude.get("cookies").map(|cookies| {
        let cookies = cookies.as_array();
        cookies.is_some_and(|cookies| cookies.iter().all(Value::is_string))
    });
    if cookies == Some(false) {
        return Some("its cookies are no list of texts".to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(content_type: &str, json: &str, end: &[u8]) -> Option<String> {
        let mut beginning = Beginning::default();
        // In pieces, as it comes.
        for byte in [json.as_bytes(), end].concat() {
            beginning.add(&[byte]);
        }
        beginning.fault(Some(content_type))
    }

    #[test]
    fn a_prelude_is_an_object_and_eight_zero_bytes() {
        for json in [
            r#"{"statusCode":200}"#,
            r#"{"statusCode":404,"headers":{},"cookies":[]}"#,
            r#" {"cookies":["a=b"],"headers":{"X":"y"},"statusCode":201} "#,
        ] {
            assert_eq!(fault(CONTENT_TYPE, json, b"\0\0\0\0\0\0\0\0body"), None);
        }
        let upper = CONTENT_TYPE.to_uppercase() + "; a=b";
        for (json, end, why) in [
            ("", &[][..], "no 8 zero bytes"),
            (r#"{"statusCode":200}"#, &[0; 7], "no 8 zero bytes"),
            ("", &END, "not JSON"),
            ("<p>", &END, "not JSON"),
            ("[]", &END, "no object"),
            ("{}", &END, "statusCode"),
            (r#"{"statusCode":"200"}"#, &END, "statusCode"),
            (r#"{"statusCode":101}"#, &END, "statusCode"),
            (r#"{"statusCode":200,"headers":[]}"#, &END, "headers"),
            (r#"{"statusCode":200,"headers":{"A":1}}"#, &END, "headers"),
            (r#"{"statusCode":200,"cookies":{}}"#, &END, "cookies"),
            (r#"{"statusCode":200,"cookies":[1]}"#, &END, "cookies"),
        ] {
            for content_type in [CONTENT_TYPE, &*upper] {
                let fault = fault(content_type, json, end).expect(json);
                assert!(fault.contains(why), "{json}: {fault}");
            }
            assert_eq!(fault("text/plain", json, end), None);
        }
    }

    #[test]
    fn only_the_beginning_is_kept() {
        let mut beginning = Beginning::default();
        beginning.add(&vec![b' '; LIMIT - 4]);
        beginning.add(&vec![0; LIMIT]);
        assert_eq!(beginning.0.len(), LIMIT);
        assert!(beginning.fault(Some(CONTENT_TYPE)).is_some());
        assert_eq!(beginning.fault(None), None);
    }
}
