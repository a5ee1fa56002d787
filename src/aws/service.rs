//! Descriptions of AWS services: ids, endpoint prefixes and protocols.

/// An AWS service: a constant of the module [`aws`](crate::aws), or one that you describe.
///
/// ```
/// use coldspark::aws::{self, Service};
///
/// // Amazon Athena speaks the JSON protocol, too.
/// const ATHENA: Service = Service::json("Athena", "athena", "AmazonAthena", "1.1");
/// let client = aws::Client::new(ATHENA);
/// # let _ = client;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    pub(super) id: &'static str,
    pub(super) prefix: &'static str,
    pub(super) signing_name: &'static str,
    pub(super) json: Option<Json>,
}

/// The JSON protocol's target prefix and version, for headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Json {
    pub(super) target: &'static str,
    pub(super) version: &'static str,
}

impl Service {
    /// A service of the JSON protocol, for [`Client::call`](super::Client::call): its service id
    /// (`Secrets Manager`, which gives the variable `AWS_ENDPOINT_URL_SECRETS_MANAGER`), endpoint prefix,
    /// target prefix and JSON version. All four are in the service's API model.
    #[must_use]
    pub const fn json(
        id: &'static str,
        prefix: &'static str,
        target: &'static str,
        version: &'static str,
    ) -> Self {
        let json = Json { target, version };
        Self {
            json: Some(json),
            ..Self::rest(id, prefix)
        }
    }

    /// A REST service, for [`Client::request`](super::Client::request): its service id and endpoint
    /// prefix.
    #[must_use]
    pub const fn rest(id: &'static str, prefix: &'static str) -> Self {
        Self {
            id,
            prefix,
            signing_name: prefix,
            json: None,
        }
    }

    /// Sets the signing name, where it is not the endpoint prefix.
    #[must_use]
    pub const fn signed_as(mut self, name: &'static str) -> Self {
        self.signing_name = name;
        self
    }
}

/// Amazon DynamoDB.
pub const DYNAMODB: Service = Service::json("DynamoDB", "dynamodb", "DynamoDB_20120810", "1.0");
/// Amazon SQS.
pub const SQS: Service = Service::json("SQS", "sqs", "AmazonSQS", "1.0");
/// AWS Secrets Manager.
pub const SECRETS_MANAGER: Service =
    Service::json("Secrets Manager", "secretsmanager", "secretsmanager", "1.1");
/// AWS Systems Manager, which includes the Parameter Store.
pub const SSM: Service = Service::json("SSM", "ssm", "AmazonSSM", "1.1");
/// AWS Key Management Service.
pub const KMS: Service = Service::json("KMS", "kms", "TrentService", "1.1");
/// Amazon EventBridge.
pub const EVENTBRIDGE: Service = Service::json("EventBridge", "events", "AWSEvents", "1.1");
/// AWS Step Functions.
pub const STEP_FUNCTIONS: Service = Service::json("SFN", "states", "AWSStepFunctions", "1.0");
/// Amazon Kinesis Data Streams.
pub const KINESIS: Service = Service::json("Kinesis", "kinesis", "Kinesis_20131202", "1.1");
/// Amazon Data Firehose.
pub const FIREHOSE: Service = Service::json("Firehose", "firehose", "Firehose_20150804", "1.1");
/// Amazon CloudWatch Logs.
pub const LOGS: Service = Service::json("CloudWatch Logs", "logs", "Logs_20140328", "1.1");
/// AWS Lambda: `request` to `/2015-03-31/functions/NAME/invocations`.
pub const LAMBDA: Service = Service::rest("Lambda", "lambda");
/// AWS AppConfig's data plane.
pub const APPCONFIG_DATA: Service =
    Service::rest("AppConfigData", "appconfigdata").signed_as("appconfig");
/// The management of connections of an API Gateway WebSocket API. Its endpoint is the API's own:
/// `AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI=https://ID.execute-api.REGION.amazonaws.com/STAGE`, or
/// [`Client::at`](super::Client::at).
pub const API_GATEWAY_CONNECTIONS: Service =
    Service::rest("ApiGatewayManagementApi", "execute-api");
