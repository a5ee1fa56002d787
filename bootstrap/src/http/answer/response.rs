//! The JSON of a response: where each front end expects headers and cookies, and its limits.

use coldspark::Error;
use coldspark::internal::{MAX_RESPONSE, PRELUDE_END, base64};

use super::{Answer, too_large};
use crate::error;
use crate::http::event::FrontEnd;
use crate::http::exchange_error::ExchangeError;
use crate::http::{gzip, headers, json};

/// Largest answer that an Application Load Balancer takes, in bytes of JSON (its user guide, "Use
/// Lambda functions as targets": 1 MB).
const MAX_LOAD_BALANCER: usize = 1024 * 1024;
/// Smallest body that is compressed, in bytes: smaller ones do not shrink.
const SMALL: usize = 256;

impl Answer<'_> {
    /// The bytes before a body that is streamed.
    pub(in crate::http) fn prelude(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        self.push_head(&mut out, FrontEnd::ApiGatewayV2);
        out.push(b'}');
        out.extend_from_slice(&PRELUDE_END);
        out
    }

    /// The response with this body.
    pub(in crate::http) fn into_response(
        mut self,
        front_end: FrontEnd,
        mut body: Vec<u8>,
        compress: bool,
    ) -> Result<Vec<u8>, ExchangeError> {
        let is_text = self
            .header("content-type")
            .is_some_and(headers::is_text_type);
        let coded = self
            .header("content-encoding")
            .is_some_and(|it| it != "identity");
        let mut is_text = is_text && !coded;
        let may_compress = compress && is_text && body.len() >= SMALL;
        if may_compress && ![204, 206, 304].contains(&self.status) && !self.forbids_change() {
            body = gzip::compress(&body);
            is_text = false;
            let stale = ["content-length", "content-encoding", "accept-ranges"];
            self.headers
                .retain(|(name, _)| !headers::is_one_of(name.as_bytes(), &stale));
            self.headers.push(("content-encoding", "gzip"));
            self.headers.push(("vary", "accept-encoding"));
        }
        let mut out = Vec::with_capacity(1024 + body.len() + body.len() / 3);
        self.check_cookies(front_end)?;
        self.push_head(&mut out, front_end);
        out.extend_from_slice(b",\"body\":");
        match std::str::from_utf8(&body) {
            Ok(text) if is_text || body.is_empty() => {
                json::push_text(&mut out, text);
                out.extend_from_slice(b",\"isBase64Encoded\":false}");
            }
            _ => {
                out.push(b'"');
                base64::push(&mut out, &body);
                out.extend_from_slice(b"\",\"isBase64Encoded\":true}");
            }
        }
        let (most, who) = match front_end {
            FrontEnd::LoadBalancer | FrontEnd::LoadBalancerMultiValue => {
                (MAX_LOAD_BALANCER, "a load balancer takes")
            }
            _ => (MAX_RESPONSE, "Lambda takes"),
        };
        match out.len() > most {
            true => Err(too_large("", out.len(), most, who)),
            false => Ok(out),
        }
    }

    /// Whether the application forbids to code the body in another way (RFC 9111, section 5.2.2.6).
    fn forbids_change(&self) -> bool {
        self.headers.iter().any(|(name, value)| {
            let mut directives = value.split(',').map(str::trim_ascii);
            name.eq_ignore_ascii_case("cache-control")
                && directives.any(|directive| directive.eq_ignore_ascii_case("no-transform"))
        })
    }

    fn check_cookies(&self, front_end: FrontEnd) -> Result<(), ExchangeError> {
        let cookies = self
            .headers
            .iter()
            .filter(|(name, _)| is_cookie(name))
            .count();
        if front_end != FrontEnd::LoadBalancer || cookies < 2 {
            return Ok(());
        }
        Err(ExchangeError::Unusable(Error::new(
            error::INVALID_RESPONSE,
            format!(
                "the response has {cookies} Set-Cookie headers, and this load balancer takes one; set \
                 lambda.multi_value_headers.enabled on its target group"
            ),
        )))
    }

    /// Writes the object up to the headers, which stays open.
    fn push_head(&self, out: &mut Vec<u8>, front_end: FrontEnd) {
        out.extend_from_slice(b"{\"statusCode\":");
        out.extend_from_slice(self.status.to_string().as_bytes());
        let balancer = matches!(
            front_end,
            FrontEnd::LoadBalancer | FrontEnd::LoadBalancerMultiValue
        );
        if balancer && self.line.len() > 4 {
            out.extend_from_slice(b",\"statusDescription\":");
            json::push_text(out, self.line);
        }
        let lists = matches!(
            front_end,
            FrontEnd::ApiGatewayV1 | FrontEnd::LoadBalancerMultiValue
        );
        let key: &[u8] = match lists {
            true => b",\"multiValueHeaders\":{",
            false => b",\"headers\":{",
        };
        out.extend_from_slice(key);
        let cookies_apart = front_end == FrontEnd::ApiGatewayV2;
        let mut first = true;
        for (index, (name, _)) in self.headers.iter().enumerate() {
            let before = &self.headers[..index];
            let known = before
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(name));
            if known || (cookies_apart && is_cookie(name)) {
                continue;
            }
            if !first {
                out.push(b',');
            }
            first = false;
            json::push_text(out, name);
            out.push(b':');
            let values = self.headers[index..].iter();
            let values = values.filter(|(other, _)| other.eq_ignore_ascii_case(name));
            let values: Vec<&str> = values.map(|(_, value)| *value).collect();
            match lists {
                true => push_list(out, values.into_iter()),
                // RFC 9110, section 5.3: values joined with commas mean the same.
                false => json::push_text(out, &values.join(", ")),
            }
        }
        out.push(b'}');
        if cookies_apart {
            let cookies = self.headers.iter().filter(|(name, _)| is_cookie(name));
            out.extend_from_slice(b",\"cookies\":");
            push_list(out, cookies.map(|(_, value)| *value));
        }
    }
}

fn is_cookie(name: &str) -> bool {
    name.eq_ignore_ascii_case("set-cookie")
}

fn push_list<'a>(out: &mut Vec<u8>, values: impl Iterator<Item = &'a str>) {
    out.push(b'[');
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        json::push_text(out, value);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use coldspark::internal::parse_head;
    use serde_json::{Value, json};

    use super::*;

    fn response(head: &str, front_end: FrontEnd, body: &[u8]) -> Result<Value, ExchangeError> {
        let mut fields = Vec::new();
        let parsed = parse_head(head.as_bytes(), &mut fields).unwrap().unwrap();
        let answer = Answer::read(head.as_bytes(), &parsed, &fields)?;
        let json = answer.into_response(front_end, body.to_vec(), false)?;
        Ok(serde_json::from_slice(&json).unwrap())
    }

    const HEAD: &str = "HTTP/1.1 201 All Right\r\nContent-Type: text/html\r\nX-Two: 1\r\nConnection: X-Own\r\n\
        Set-Cookie: a=1\r\nX-Own: 1\r\nKeep-Alive: x\r\nx-two: \u{e9}\r\nTransfer-Encoding: chunked\r\n\r\n";

    #[test]
    fn each_front_end_gets_its_own_answer() {
        let lists =
            json!({"Content-Type": ["text/html"], "X-Two": ["1", "\u{e9}"], "Set-Cookie": ["a=1"]});
        let v1 = response(HEAD, FrontEnd::ApiGatewayV1, b"text").unwrap();
        let expected = json!({
            "statusCode": 201, "multiValueHeaders": lists, "body": "text", "isBase64Encoded": false,
        });
        assert_eq!(v1, expected);
        let v2 = response(HEAD, FrontEnd::ApiGatewayV2, b"text").unwrap();
        let expected = json!({
            "statusCode": 201, "headers": {"Content-Type": "text/html", "X-Two": "1, \u{e9}"},
            "cookies": ["a=1"], "body": "text", "isBase64Encoded": false,
        });
        assert_eq!(v2, expected);
        let single = response(HEAD, FrontEnd::LoadBalancer, b"text").unwrap();
        assert_eq!(single["statusDescription"], "201 All Right");
        assert_eq!(single["headers"]["Set-Cookie"], "a=1");
        let multi = response(HEAD, FrontEnd::LoadBalancerMultiValue, b"text").unwrap();
        assert_eq!(multi["multiValueHeaders"], lists);
    }

    #[test]
    fn only_text_of_a_text_type_goes_as_text() {
        let of = |header: &str, body: &[u8]| {
            let head = format!("HTTP/1.1 200 OK\r\n{header}\r\n\r\n");
            response(&head, FrontEnd::ApiGatewayV2, body).unwrap()["body"].clone()
        };
        assert_eq!(
            of("Content-Type: application/ld+json; charset=x", b"[]"),
            "[]"
        );
        assert_eq!(
            of("Content-Type: Application/JSON", "\u{e9}\"".as_bytes()),
            "\u{e9}\""
        );
        assert_eq!(of("Content-Type: text/plain", b"\xff\0\xfe"), "/wD+");
        assert_eq!(of("Content-Type: image/png", b"a"), "YQ==");
        assert_eq!(of("X: y", b"a"), "YQ==");
        assert_eq!(of("X: y", b""), "");
        assert_eq!(
            of("Content-Type: text/plain\r\nContent-Encoding: br", b"a"),
            "YQ=="
        );
    }

    #[test]
    fn what_no_front_end_takes_is_refused() {
        let two = HEAD.replace("X-Two: 1", "Set-Cookie: b=2");
        let refused = response(&two, FrontEnd::LoadBalancer, b"").unwrap_err();
        assert!(
            matches!(&refused, ExchangeError::Unusable(error) if error.message().contains("2 Set-Cookie"))
        );
        assert!(response(&two, FrontEnd::LoadBalancerMultiValue, b"").is_ok());
        let long = vec![b'x'; MAX_LOAD_BALANCER];
        assert!(response(HEAD, FrontEnd::LoadBalancer, &long).is_err());
        assert!(response(HEAD, FrontEnd::ApiGatewayV1, &long).is_ok());
        assert!(response("HTTP/1.1 600 X\r\n\r\n", FrontEnd::ApiGatewayV1, b"").is_err());
    }
}
