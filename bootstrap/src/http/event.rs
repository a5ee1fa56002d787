//! The fields of an HTTP event, and the front end that sent it, by the rules of the library's module
//! `http`.

use std::borrow::Cow;

use super::json::Value;

/// The form of the event, which is the form of its answer too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrontEnd {
    /// API Gateway, payload format 1.0.
    ApiGatewayV1,
    /// Payload format 2.0, and function URLs.
    ApiGatewayV2,
    LoadBalancer,
    LoadBalancerMultiValue,
}

/// The fields that are read.
#[derive(Clone, Copy)]
pub(super) enum Field {
    Version,
    HttpMethod,
    Path,
    RawPath,
    RawQueryString,
    Query,
    QueryLists,
    Headers,
    HeaderLists,
    Cookies,
    Body,
    IsBase64Encoded,
    RequestContext,
    MethodArn,
    RouteArn,
}

/// The names of the fields, in the same order.
const NAMES: [&str; 15] = [
    "version",
    "httpMethod",
    "path",
    "rawPath",
    "rawQueryString",
    "queryStringParameters",
    "multiValueQueryStringParameters",
    "headers",
    "multiValueHeaders",
    "cookies",
    "body",
    "isBase64Encoded",
    "requestContext",
    "methodArn",
    "routeArn",
];

/// An event of a front end.
pub(super) struct Event<'a> {
    fields: [Option<Value<'a>>; NAMES.len()],
    pub(super) front_end: FrontEnd,
}

impl<'a> Event<'a> {
    /// `None` when it is not a front end's request but an event of another service, an authorizer or a
    /// WebSocket API.
    pub(super) fn read(event: &'a [u8]) -> Option<Self> {
        let event = Value::parse(event)?;
        let mut fields = [None; NAMES.len()];
        for (name, value) in event.members() {
            if let Some(index) = NAMES.iter().position(|known| *known == name) {
                fields[index] = Some(value).filter(|value| !value.is_null());
            }
        }
        let mut event = Self {
            fields,
            front_end: FrontEnd::ApiGatewayV1,
        };
        event.front_end = event.find_front_end()?;
        Some(event)
    }

    pub(super) fn get(&self, field: Field) -> Option<Value<'a>> {
        self.fields[field as usize]
    }

    pub(super) fn text(&self, field: Field) -> Option<Cow<'a, str>> {
        self.get(field)?.text()
    }

    fn find_front_end(&self) -> Option<FrontEnd> {
        let context = self.get(Field::RequestContext);
        let has = |name: &str| context.is_some_and(|context| context.get(name).is_some());
        let is_authorizers =
            self.get(Field::MethodArn).is_some() || self.get(Field::RouteArn).is_some();
        if is_authorizers || has("connectionId") {
            return None;
        }
        if has("elb") {
            let lists = self.get(Field::HeaderLists);
            let empty = lists.is_none_or(|lists| lists.members().next().is_none());
            return Some(
                if lists.is_none() || (empty && self.get(Field::Headers).is_some()) {
                    FrontEnd::LoadBalancer
                } else {
                    FrontEnd::LoadBalancerMultiValue
                },
            );
        }
        match self.text(Field::Version).as_deref() {
            Some("2.0") if has("http") => Some(FrontEnd::ApiGatewayV2),
            None | Some("1.0")
                if self.get(Field::HttpMethod).is_some() && self.get(Field::Path).is_some() =>
            {
                Some(FrontEnd::ApiGatewayV1)
            }
            _ => None,
        }
    }

    /// The request's method.
    pub(super) fn method(&self) -> Option<Cow<'a, str>> {
        match self.front_end {
            FrontEnd::ApiGatewayV2 => {
                let context = self.get(Field::RequestContext)?;
                context.get("http")?.get("method")?.text()
            }
            _ => self.text(Field::HttpMethod),
        }
    }

    /// Every header with each of its values: the lists, and the single values of names that have
    /// no list.
    pub(super) fn headers(&self) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        match self.front_end {
            FrontEnd::ApiGatewayV2 => pairs(None, self.get(Field::Headers), false),
            _ => pairs(self.get(Field::HeaderLists), self.get(Field::Headers), true),
        }
    }

    /// Every parameter of the query string, by the same rule.
    pub(super) fn query(&self) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        pairs(self.get(Field::QueryLists), self.get(Field::Query), false)
    }
}

/// Names and values of an object of lists, and of an object of single values for names that it lacks.
fn pairs<'a>(
    lists: Option<Value<'a>>,
    singles: Option<Value<'a>>,
    any_case: bool,
) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
    let mut all = Vec::with_capacity(16);
    for (name, values) in lists.unwrap_or_default().members() {
        if let Some(value) = values.text() {
            all.push((name, value));
            continue;
        }
        for value in values.items() {
            all.extend(value.text().map(|value| (name.clone(), value)));
        }
    }
    let listed = all.len();
    for (name, value) in singles.unwrap_or_default().members() {
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
