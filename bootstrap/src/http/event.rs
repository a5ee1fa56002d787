//! The fields of an HTTP event, and the front end that sent it, by the rules of the library's module
//! `http`.

use std::borrow::Cow;

use super::json::Value;

/// What sent the event. This decides the form of the event, and that of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrontEnd {
    /// API Gateway, payload format 1.0.
    ApiGatewayV1,
    /// Payload format 2.0, and function URLs.
    ApiGatewayV2,
    LoadBalancer,
    LoadBalancerMultiValue,
}

/// An event of a front end.
pub(super) struct Event<'a> {
    pub(super) front_end: FrontEnd,
    pub(super) fields: Fields<'a>,
}

/// The fields that are read. One that is null counts as missing.
#[derive(Default)]
pub(super) struct Fields<'a> {
    version: Value<'a>,
    http_method: Value<'a>,
    pub(super) path: Value<'a>,
    pub(super) raw_path: Value<'a>,
    pub(super) raw_query_string: Value<'a>,
    query_string_parameters: Value<'a>,
    multi_value_query_string_parameters: Value<'a>,
    headers: Value<'a>,
    multi_value_headers: Value<'a>,
    pub(super) cookies: Value<'a>,
    pub(super) body: Value<'a>,
    pub(super) is_base64_encoded: Value<'a>,
    pub(super) request_context: Value<'a>,
    method_arn: Value<'a>,
    route_arn: Value<'a>,
}

impl<'a> Fields<'a> {
    fn read(event: Value<'a>) -> Self {
        let mut fields = Self::default();
        for (name, value) in event.members() {
            let field = match &*name {
                "version" => &mut fields.version,
                "httpMethod" => &mut fields.http_method,
                "path" => &mut fields.path,
                "rawPath" => &mut fields.raw_path,
                "rawQueryString" => &mut fields.raw_query_string,
                "queryStringParameters" => &mut fields.query_string_parameters,
                "multiValueQueryStringParameters" => {
                    &mut fields.multi_value_query_string_parameters
                }
                "headers" => &mut fields.headers,
                "multiValueHeaders" => &mut fields.multi_value_headers,
                "cookies" => &mut fields.cookies,
                "body" => &mut fields.body,
                "isBase64Encoded" => &mut fields.is_base64_encoded,
                "requestContext" => &mut fields.request_context,
                "methodArn" => &mut fields.method_arn,
                "routeArn" => &mut fields.route_arn,
                _ => continue,
            };
            *field = match value.is_null() {
                true => Value::default(),
                false => value,
            };
        }
        fields
    }

    fn front_end(&self) -> Option<FrontEnd> {
        let has = |name: &str| self.request_context.get(name).is_some();
        let is_authorizer_event = !self.method_arn.is_missing() || !self.route_arn.is_missing();
        if is_authorizer_event || has("connectionId") {
            return None;
        }
        if has("elb") {
            let lists = self.multi_value_headers;
            let empty = lists.members().next().is_none();
            return Some(
                if lists.is_missing() || (empty && !self.headers.is_missing()) {
                    FrontEnd::LoadBalancer
                } else {
                    FrontEnd::LoadBalancerMultiValue
                },
            );
        }
        match self.version.text().as_deref() {
            Some("2.0") if has("http") => Some(FrontEnd::ApiGatewayV2),
            None | Some("1.0") if !self.http_method.is_missing() && !self.path.is_missing() => {
                Some(FrontEnd::ApiGatewayV1)
            }
            _ => None,
        }
    }
}

impl<'a> Event<'a> {
    /// `None` when it is not a front end's request but an event of another service, an authorizer or a
    /// WebSocket API.
    pub(super) fn read(event: &'a [u8]) -> Option<Self> {
        let fields = Fields::read(Value::parse(event)?);
        Some(Self {
            front_end: fields.front_end()?,
            fields,
        })
    }

    /// The request's method.
    pub(super) fn method(&self) -> Option<Cow<'a, str>> {
        match self.front_end {
            FrontEnd::ApiGatewayV2 => {
                let http = self.fields.request_context.get("http")?;
                http.get("method")?.text()
            }
            _ => self.fields.http_method.text(),
        }
    }

    /// Every header with each of its values: the lists, and the single values of names that have
    /// no list.
    pub(super) fn headers(&self) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let fields = &self.fields;
        match self.front_end {
            FrontEnd::ApiGatewayV2 => pairs(Value::default(), fields.headers, false),
            _ => pairs(fields.multi_value_headers, fields.headers, true),
        }
    }

    /// Every parameter of the query string, by the same rule.
    pub(super) fn query(&self) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let fields = &self.fields;
        pairs(
            fields.multi_value_query_string_parameters,
            fields.query_string_parameters,
            false,
        )
    }
}

/// Names and values of an object of lists, and of an object of single values for the names that the first one
/// lacks. With `any_case` names are the same in upper and lower case.
fn pairs<'a>(
    lists: Value<'a>,
    singles: Value<'a>,
    any_case: bool,
) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
    let mut all = Vec::with_capacity(16);
    for (name, values) in lists.members() {
        if let Some(value) = values.text() {
            all.push((name, value));
            continue;
        }
        for value in values.items() {
            all.extend(value.text().map(|value| (name.clone(), value)));
        }
    }
    let listed = all.len();
    for (name, value) in singles.members() {
        let known = all[..listed].iter().any(|(known, _)| match any_case {
            true => known.eq_ignore_ascii_case(&name),
            false => *known == name,
        });
        if let Some(value) = value.text().filter(|_| !known) {
            all.push((name, value));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn front_end(event: &Value) -> Option<FrontEnd> {
        Event::read(event.to_string().as_bytes()).map(|event| event.front_end)
    }

    #[test]
    fn a_front_end_is_known_by_what_only_its_events_have() {
        let mut v1 = json!({"httpMethod": "GET", "path": "/", "requestContext": {"elb": null}});
        assert_eq!(front_end(&v1), Some(FrontEnd::ApiGatewayV1));
        v1["version"] = json!("1.0");
        assert_eq!(front_end(&v1), Some(FrontEnd::ApiGatewayV1));
        v1["version"] = json!("2.0");
        assert_eq!(front_end(&v1), None);
        let mut v2 = json!({"version": "2.0", "requestContext": {"http": {"method": "GET"}}});
        assert_eq!(front_end(&v2), Some(FrontEnd::ApiGatewayV2));
        v2["routeArn"] = json!("arn");
        assert_eq!(front_end(&v2), None);
        let elb = json!({"requestContext": {"elb": {}}, "headers": {}});
        assert_eq!(front_end(&elb), Some(FrontEnd::LoadBalancer));
        let elb = json!({"requestContext": {"elb": {}}, "multiValueHeaders": {}, "headers": {}});
        assert_eq!(front_end(&elb), Some(FrontEnd::LoadBalancer));
        let elb = json!({"requestContext": {"elb": {}}, "multiValueHeaders": {}});
        assert_eq!(front_end(&elb), Some(FrontEnd::LoadBalancerMultiValue));
        let socket =
            json!({"httpMethod": "GET", "path": "/", "requestContext": {"connectionId": "c"}});
        for other in [
            socket,
            json!({"Records": []}),
            json!([]),
            json!(1),
            json!("x"),
        ] {
            assert_eq!(front_end(&other), None, "{other}");
        }
    }

    #[test]
    fn what_lists_lack_comes_from_the_single_values() {
        let event = json!({
            "httpMethod": "GET", "path": "/",
            "headers": {"X-Two": "2", "HOST": "h", "x-null": "n"},
            "multiValueHeaders": {"x-two": ["1", null, "2"], "x-null": null},
            "queryStringParameters": {"q": "2", "r": "3", "Q": "4"},
            "multiValueQueryStringParameters": {"q": ["1", "2"], "r": []},
        })
        .to_string();
        let event = Event::read(event.as_bytes()).unwrap();
        let text = |pairs: Vec<(Cow<'_, str>, Cow<'_, str>)>| -> String {
            let mut all: Vec<_> = pairs
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            all.sort();
            all.join(" ")
        };
        assert_eq!(text(event.headers()), "HOST=h x-null=n x-two=1 x-two=2");
        assert_eq!(text(event.query()), "Q=4 q=1 q=2 r=3");
    }
}
