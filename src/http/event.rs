//! The fields of an HTTP event, and the front end that sent it.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::FrontEnd;
use super::json::{Pairs, Text};
use crate::error::{Error, error_type};
use crate::handler::invalid_event;

/// All fields that are read, of the four forms of events.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an HTTP event, an object")]
pub(super) struct Event<'a> {
    #[serde(borrow)]
    pub(super) version: Option<Text<'a>>,
    pub(super) http_method: Option<Text<'a>>,
    pub(super) method: Option<Text<'a>>,
    pub(super) path: Option<Text<'a>>,
    pub(super) raw_path: Option<Text<'a>>,
    pub(super) raw_query_string: Option<Text<'a>>,
    pub(super) query_string_parameters: Option<Pairs<'a>>,
    pub(super) multi_value_query_string_parameters: Option<Pairs<'a>>,
    pub(super) headers: Option<Pairs<'a>>,
    pub(super) multi_value_headers: Option<Pairs<'a>>,
    pub(super) cookies: Option<Vec<Text<'a>>>,
    pub(super) body: Option<Text<'a>>,
    pub(super) is_base64_encoded: Option<bool>,
    pub(super) resource: Option<Text<'a>>,
    pub(super) route_key: Option<Text<'a>>,
    pub(super) path_parameters: Option<Pairs<'a>>,
    pub(super) stage_variables: Option<Pairs<'a>>,
    #[serde(default)]
    pub(super) request_context: Value,
    method_arn: Option<IgnoredAny>,
    route_arn: Option<IgnoredAny>,
}

impl<'a> Event<'a> {
    pub(super) fn read(event: &'a [u8]) -> Result<Self, Error> {
        serde_json::from_slice(event).map_err(|error| invalid_event(event, &error))
    }

    /// The front end, recognised by fields that only its events have.
    pub(super) fn front_end(&self) -> Result<FrontEnd, Error> {
        // An authorizer's event has a request too, but its answer is a policy.
        if self.method_arn.is_some() || self.route_arn.is_some() {
            return Err(unknown("it is the request of an API Gateway authorizer"));
        }
        if self.has("connectionId") {
            return Err(unknown(
                "it is the event of a WebSocket API, which `json` reads as http::websocket::Event",
            ));
        }
        if self.has("elb") {
            // A load balancer sends one of the two; tools may add the other, empty.
            return Ok(match (&self.multi_value_headers, &self.headers) {
                (Some(lists), Some(_)) if lists.is_empty() => FrontEnd::LoadBalancer,
                (Some(_), _) => FrontEnd::LoadBalancerMultiValue,
                (None, _) => FrontEnd::LoadBalancer,
            });
        }
        if self.has("targetGroupArn") && self.method.is_some() {
            return Ok(FrontEnd::VpcLattice);
        }
        match self.version() {
            Some("2.0") if self.has("http") => Ok(FrontEnd::ApiGatewayV2),
            None | Some("1.0") if self.http_method.is_some() && self.path.is_some() => {
                Ok(FrontEnd::ApiGatewayV1)
            }
            None => Err(unknown(
                "it has neither httpMethod and path, nor requestContext.elb, nor a version",
            )),
            Some(version) => Err(unknown(&format!(
                "its version {version:?} does not go with its fields"
            ))),
        }
    }

    /// Whether an HTTP API or a function URL sent it, in either format: events of a REST API have no
    /// version.
    pub(super) fn is_versioned(&self) -> bool {
        self.version().is_some()
    }

    fn version(&self) -> Option<&str> {
        self.version.as_ref().map(|version| &*version.0)
    }

    /// Whether the request context has this member; null counts as absent.
    fn has(&self, name: &str) -> bool {
        let member = self.request_context.get(name);
        member.is_some_and(|member| !member.is_null())
    }
}

fn unknown(problem: &str) -> Error {
    Error::new(
        error_type::INVALID_EVENT,
        format!(
            "the event is no HTTP request of API Gateway (payload format 1.0 or 2.0), a function \
             URL, an Application Load Balancer or VPC Lattice: {problem}; register a handler with `json` or \
             `raw` for other events"
        ),
    )
}
