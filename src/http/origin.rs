//! Where a request came from.

use serde_json::Value;

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
}

/// What the event of a request says besides HTTP; it is in the request's extensions.
///
/// ```
/// use coldspark::http::{Body, Origin, Request};
///
/// fn caller(request: &Request<Body>) -> Option<&str> {
///     request.extensions().get::<Origin>()?.source_ip()
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Origin {
    pub(super) front_end: FrontEnd,
    pub(super) route: Option<String>,
    pub(super) source_ip: Option<String>,
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

    /// What API Gateway matched: `resource` of a REST API (`/orders/{id}`), `routeKey` of an HTTP
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

    /// The path without the stage that an HTTP API puts in front of it. The payload of a REST API
    /// has none there, and neither has the stage `$default`.
    ///
    /// Behind a domain of one's own an HTTP API may put the name of the mapping there instead,
    /// which stays.
    #[must_use]
    pub fn without_stage<'p>(&self, path: &'p str) -> &'p str {
        if self.front_end != FrontEnd::ApiGatewayV2 {
            return path;
        }
        let stripped = self.stage().and_then(|stage| {
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
    #[must_use]
    pub fn source_ip(&self) -> Option<&str> {
        self.source_ip.as_deref()
    }

    /// A parameter in the path of the route, `id` of `/orders/{id}`.
    #[must_use]
    pub fn path_parameter(&self, name: &str) -> Option<&str> {
        find(&self.path_parameters, name)
    }

    /// A variable of the stage.
    #[must_use]
    pub fn stage_variable(&self, name: &str) -> Option<&str> {
        find(&self.stage_variables, name)
    }

    /// The whole `requestContext` of the event: the authorizer's claims, the ids of API and
    /// account, times.
    #[must_use]
    pub fn request_context(&self) -> &Value {
        &self.request_context
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut pairs = pairs.iter();
    Some(pairs.find(|(known, _)| known == name)?.1.as_str())
}
