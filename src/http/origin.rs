//! Where a request came from.

use std::net::{IpAddr, SocketAddr};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, error_type};

/// The form of the event, which is the form of its answer too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrontEnd {
    /// API Gateway, payload format 1.0: a REST API, or an HTTP API set to it.
    ApiGatewayV1,
    /// Payload format 2.0: an HTTP API of API Gateway, or a function URL.
    ApiGatewayV2,
    /// An Application Load Balancer.
    LoadBalancer,
    /// An Application Load Balancer whose target group has
    /// `lambda.multi_value_headers.enabled`.
    LoadBalancerMultiValue,
    /// VPC Lattice, version 2.0 of its events.
    VpcLattice,
}

/// The data of an event beyond the HTTP request; it is in the request's extensions.
///
/// ```
/// use std::net::IpAddr;
/// use coldspark::http::{Body, Origin, Request};
///
/// fn caller(request: &Request<Body>) -> Option<IpAddr> {
///     request.extensions().get::<Origin>()?.source_ip()
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Origin {
    pub(super) front_end: FrontEnd,
    pub(super) route: Option<String>,
    pub(super) source_ip: Option<IpAddr>,
    /// Whether a named stage stands in front of the path.
    pub(super) stage_in_path: bool,
    pub(super) path_parameters: Vec<(String, String)>,
    pub(super) stage_variables: Vec<(String, String)>,
    pub(super) request_context: Value,
}

impl Origin {
    /// The form of the event.
    #[must_use]
    pub fn front_end(&self) -> FrontEnd {
        self.front_end
    }

    /// The route that API Gateway matched: `resource` of a REST API (`/orders/{id}`), `routeKey` of an HTTP
    /// API (`GET /orders/{id}`).
    #[must_use]
    pub fn route(&self) -> Option<&str> {
        self.route.as_deref()
    }

    /// The stage of API Gateway (`requestContext.stage`); `$default` for a function URL.
    #[must_use]
    pub fn stage(&self) -> Option<&str> {
        self.request_context.get("stage")?.as_str()
    }

    /// The path without the stage that an HTTP API puts in front of it, in both payload formats.
    /// In events of a REST API, and of the stage `$default`, no stage stands there.
    ///
    /// With a custom domain name, payload format 1.0 has the API mapping key in front of the path, and it is
    /// not removed; format 2.0 does not have it (API Gateway developer guide, "Create AWS Lambda proxy
    /// integrations for HTTP APIs", differences of the formats).
    #[must_use]
    pub fn without_stage<'p>(&self, path: &'p str) -> &'p str {
        if !self.stage_in_path {
            return path;
        }
        let named = self.stage().filter(|stage| *stage != "$default");
        let stripped = named.and_then(|stage| {
            let rest = path.strip_prefix('/')?.strip_prefix(stage)?;
            (rest.is_empty() || rest.starts_with('/')).then_some(rest)
        });
        match stripped {
            Some("") => "/",
            Some(rest) => rest,
            None => path,
        }
    }

    /// The client's address, as the front end saw it: `identity.sourceIp` or `http.sourceIp` of
    /// the request context. A load balancer says it only in `X-Forwarded-For`: it is the last
    /// address there, as long as the load balancer appends to that header (its default).
    ///
    /// A port behind the address is left out, and an IPv4 address in the form of IPv6 is given as
    /// IPv4. `None` when the value is not an address: in a test from API Gateway's console it is
    /// `test-invoke-source-ip`.
    #[must_use]
    pub fn source_ip(&self) -> Option<IpAddr> {
        self.source_ip
    }

    /// A parameter in the path of the route, `id` of `/orders/{id}`.
    #[must_use]
    pub fn path_parameter(&self, name: &str) -> Option<&str> {
        find(&self.path_parameters, name)
    }

    /// The parameters in the path of the route.
    pub fn path_parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.path_parameters
            .iter()
            .map(|(name, value)| (&**name, &**value))
    }

    /// A variable of the stage.
    #[must_use]
    pub fn stage_variable(&self, name: &str) -> Option<&str> {
        find(&self.stage_variables, name)
    }

    /// The variables of the stage.
    pub fn stage_variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.stage_variables
            .iter()
            .map(|(name, value)| (&**name, &**value))
    }

    /// The authorizer's result (`requestContext.authorizer`): the claims of a JWT, an IAM identity, or the
    /// context of a Lambda authorizer.
    #[must_use]
    pub fn authorizer(&self) -> Option<&Value> {
        self.request_context
            .get("authorizer")
            .filter(|it| !it.is_null())
    }

    /// The authorizer's result as a type.
    ///
    /// # Errors
    /// `Runtime.InvalidEvent` when it does not fit or is absent.
    pub fn authorizer_as<T: DeserializeOwned>(&self) -> Result<T, Error> {
        read("authorizer", self.authorizer().unwrap_or(&Value::Null))
    }

    /// The whole `requestContext` as a type, such as those of the crate `aws_lambda_events`.
    ///
    /// # Errors
    /// `Runtime.InvalidEvent` when it does not fit.
    pub fn request_context_as<T: DeserializeOwned>(&self) -> Result<T, Error> {
        read("requestContext", &self.request_context)
    }

    /// The whole `requestContext` of the event: the authorizer's claims, the ids of API and
    /// account, times.
    #[must_use]
    pub fn request_context(&self) -> &Value {
        &self.request_context
    }
}

fn read<T: DeserializeOwned>(what: &str, value: &Value) -> Result<T, Error> {
    T::deserialize(value).map_err(|error| {
        Error::new(
            error_type::INVALID_EVENT,
            format!("the event's {what} is not of the shape that the handler expects: {error}"),
        )
    })
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut pairs = pairs.iter();
    Some(pairs.find(|(known, _)| known == name)?.1.as_str())
}

/// The last address of a list, with or without a port. The client can forge those before it.
pub(super) fn last_address(list: &str) -> Option<IpAddr> {
    let last = list.rsplit(',').next()?.trim();
    let bare = last.strip_prefix('[').and_then(|v6| v6.strip_suffix(']'));
    let address = bare.unwrap_or(last).parse::<IpAddr>();
    let address = address.or_else(|_| last.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_what_front_ends_make_of_it() {
        for (list, address) in [
            ("192.0.2.1", Some("192.0.2.1")),
            (" 192.0.2.1 ", Some("192.0.2.1")),
            ("192.0.2.1:4711", Some("192.0.2.1")),
            ("203.0.113.9, 192.0.2.1", Some("192.0.2.1")),
            ("203.0.113.9:1,192.0.2.1:2", Some("192.0.2.1")),
            ("2001:DB8::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("[2001:db8::1]:443", Some("2001:db8::1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("[::ffff:192.0.2.1]:443", Some("192.0.2.1")),
            ("192.0.2.1, unknown", None),
            ("192.0.2.1,", None),
            ("test-invoke-source-ip", None),
            ("192.0.2", None),
            ("192.0.2.1:port", None),
            ("[192.0.2.1", None),
            ("", None),
        ] {
            let found = last_address(list).map(|found| found.to_string());
            assert_eq!(found.as_deref(), address, "{list}");
        }
    }
}
