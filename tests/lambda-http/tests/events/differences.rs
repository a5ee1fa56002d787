//! The samples that `lambda_http` and coldspark read differently, and in what.

/// The samples of which something differs, and what.
pub(crate) const DIFFERENCES: &[(&str, &[&str])] = &[
    ("alb_health_check", &[RELATIVE]),
    ("alb_multi_value_request", &[FEWER]),
    ("alb_multi_value_request_encoded_query_parameters", &[FEWER]),
    ("alb_no_host", &[RELATIVE]),
    ("apigw_multi_value_proxy_request", &[STAGE]),
    ("apigw_no_host", &[STAGE, RELATIVE]),
    ("apigw_proxy_request", &[STAGE]),
    ("apigw_v2_sam_local", &[COOKIE]),
    ("vpc_lattice_v2_request", &[RELATIVE]),
    (
        "example-alb-lambda-target-request-multivalue-headers",
        &[RELATIVE],
    ),
    ("example-alb-lambda-target-response", &[NO_REQUEST]),
    ("example-apigw-console-request", &[PANIC]),
    ("example-apigw-console-test-request", &[STAGE]),
    ("example-apigw-custom-auth-request", &[NO_REQUEST]),
    ("example-apigw-custom-auth-request-type-request", &[REFUSED]),
    ("example-apigw-custom-auth-response", &[NO_REQUEST]),
    (
        "example-apigw-custom-auth-response-with-condition",
        &[NO_REQUEST],
    ),
    (
        "example-apigw-custom-auth-response-with-single-value-action",
        &[NO_REQUEST],
    ),
    (
        "example-apigw-custom-auth-response-with-single-value-resource",
        &[NO_REQUEST],
    ),
    ("example-apigw-request", &[STAGE]),
    ("example-apigw-request-catch-all", &[STAGE]),
    (
        "example-apigw-request-multi-value-parameters",
        &[STAGE, FEWER],
    ),
    ("example-apigw-response", &[NO_REQUEST]),
    ("example-apigw-restapi-openapi-request", &[STAGE]),
    ("example-apigw-sam-http-request", &[COOKIE]),
    ("example-apigw-sam-rest-request", &[STAGE]),
    ("example-apigw-v2-custom-authorizer-v1-request", &[REFUSED]),
    (
        "example-apigw-v2-custom-authorizer-v2-request",
        &[NO_REQUEST],
    ),
    (
        "example-apigw-v2-custom-authorizer-v2-request-null-maps",
        &[NO_REQUEST],
    ),
    (
        "example-apigw-v2-custom-authorizer-v2-request-without-cookies",
        &[NO_REQUEST],
    ),
    (
        "example-apigw-v2-custom-authorizer-v2-request-without-identity-source",
        &[REFUSED],
    ),
    (
        "example-apigw-v2-custom-authorizer-websocket-request",
        &[REFUSED],
    ),
    ("example-apigw-websocket-request", &[REFUSED]),
    (
        "example-apigw-websocket-request-disconnect-route",
        &[REFUSED],
    ),
    ("example-apigw-websocket-request-without-method", &[REFUSED]),
    ("example-vpc-lattice-response", &[NO_REQUEST]),
    ("example-vpc-lattice-v1-request", &[NO_REQUEST]),
    ("example-vpc-lattice-v2-request", &[RELATIVE]),
    ("example-vpc-lattice-v2-request-base64", &[RELATIVE]),
    ("example-vpc-lattice-v2-request-roles-anywhere", &[RELATIVE]),
];

/// Neither library takes the event.
pub(crate) const NO_REQUEST: &str = "no HTTP request";
/// lambda_http's URI is as ours: the event names no host.
pub(crate) const RELATIVE: &str = "URI without scheme and host";
/// lambda_http puts the stage before the path.
pub(crate) const STAGE: &str = "stage in the path";
/// lambda_http has only one value of a header that was sent several times.
pub(crate) const FEWER: &str = "fewer values of a header";
/// lambda_http makes an empty header of an empty list.
pub(crate) const COOKIE: &str = "an empty cookie";
/// An event of an authorizer or of a WebSocket API, which lambda_http takes for a request.
pub(crate) const REFUSED: &str = "only lambda_http takes it";
/// The host that the event names is not valid.
pub(crate) const PANIC: &str = "lambda_http panics";
