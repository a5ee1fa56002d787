//! Endpoints, constants, settings and retries, against what botocore has of them.

use aws_server::{Reply, Server};
use serde_json::json;

use super::oracles::{part, python, told};
use super::{call, fixture, get_item, ok, push, replies, response, start};

/// botocore's names of services, in the order in which the fixture has them. The last one's endpoint is the
/// caller's, so it has no default.
const SERVICES: [&str; 13] = [
    "dynamodb",
    "sqs",
    "secretsmanager",
    "ssm",
    "kms",
    "events",
    "stepfunctions",
    "kinesis",
    "firehose",
    "logs",
    "lambda",
    "appconfigdata",
    "apigatewaymanagementapi",
];

const ENDPOINTS: &str = r#"
import json, sys
import botocore.session
session = botocore.session.get_session()
names, asked = json.load(sys.stdin)
urls = {}
for region, dual in asked:
    config = botocore.config.Config(use_dualstack_endpoint=dual, account_id_endpoint_mode="disabled")
    clients = [session.create_client(name, region_name=region, config=config, aws_access_key_id="a",
                                     aws_secret_access_key="b") for name in names]
    urls[f"{region} {dual}"] = [client.meta.endpoint_url for client in clients]
    if region == "eu-central-1" and not dual:
        models = [client.meta.service_model for client in clients]
        urls["models"] = [[m.signing_name, m.metadata.get("targetPrefix"), m.metadata.get("jsonVersion")]
                          for m in models]
print(json.dumps(urls))
"#;

#[test]
fn endpoints_are_those_of_botocore() {
    let Some(python) = python("botocore") else {
        return;
    };
    let regions = [
        "eu-central-1",
        "us-east-1",
        "ap-southeast-3",
        "cn-north-1",
        "cn-northwest-1",
        "us-gov-west-1",
        "us-gov-east-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "eusc-de-east-1",
    ];
    let mut asked = Vec::new();
    for region in regions {
        // Dual stack is not everywhere.
        let both = !region.starts_with("us-iso") && !region.starts_with("eusc");
        asked.push((region, false));
        asked.extend(both.then_some((region, true)));
    }
    let urls = told(&python, ENDPOINTS, &json!([SERVICES[..12], asked]));
    for (region, dual) in asked {
        let function = fixture("").env("AWS_REGION", region);
        let function = function.env("AWS_USE_DUALSTACK_ENDPOINT", dual.to_string());
        let session = start(function, &json!("print"));
        let text = response(&session, 1);
        let text = text.as_str().expect("a text");
        let ours: Vec<_> = text
            .split("endpoint: \"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        let theirs = &urls[format!("{region} {}", if dual { "True" } else { "False" })];
        assert_eq!(json!(ours[..12]), *theirs, "{region} {dual}");
    }
}

#[test]
fn constants_of_services_are_those_of_their_models() {
    let Some(python) = python("botocore") else {
        return;
    };
    let models = &told(
        &python,
        ENDPOINTS,
        &json!([SERVICES[..12], [["eu-central-1", false]]]),
    )["models"];
    let server = Server::start(None, |_| ok());
    let session = start(fixture(&server.url()), &get_item());
    for service in 0..10 {
        push(&session, &call(service, "GetThing"));
    }
    response(&session, 11);
    let requests = server.requests();
    for (request, model) in requests[1..].iter().zip(models.as_array().expect("a list")) {
        let target = request.header("x-amz-target").expect("a target");
        let version = request.header("content-type").expect("a type");
        let ours = json!([
            part(request, "Credential=").split('/').nth(3),
            target.split_once('.').expect("a dot").0,
            version.rsplit('-').next(),
        ]);
        assert_eq!(ours, *model, "{model}");
    }
}

const RETRIES: &str = r#"
import json
from botocore.retries import standard
print(json.dumps({
    "codes": standard.TransientRetryableChecker._TRANSIENT_ERROR_CODES
        + standard.ThrottledRetryableChecker._THROTTLED_ERROR_CODES,
    "statuses": standard.TransientRetryableChecker._TRANSIENT_STATUS_CODES,
    "attempts": [standard.DEFAULT_MAX_ATTEMPTS, standard._SERVICE_MAX_ATTEMPTS["dynamodb"]],
}))
"#;

#[test]
fn what_botocore_tries_again_is_tried_again() {
    let Some(python) = python("botocore") else {
        return;
    };
    let theirs = told(&python, RETRIES, &json!(null));
    // Of SQS and of DynamoDB: retries::attempts_end has them.
    assert_eq!(theirs["attempts"], json!([3, 4]));
    let list = |name: &str| theirs[name].as_array().expect("a list").clone();
    let codes = list("codes").into_iter().map(|code| {
        let code = code.as_str().expect("a text");
        (code.to_owned(), Reply::error(400, code, "on purpose"))
    });
    let statuses = list("statuses").into_iter().map(|status| {
        let status = status.as_u64().expect("a number");
        let reply = Reply::with(status as u16, &[], b"");
        (status.to_string(), reply)
    });
    // All at once, since each one waits before it tries again.
    let started: Vec<_> = codes
        .chain(statuses)
        .map(|(what, reply)| {
            let server = replies([reply, ok()]);
            let session = start(fixture(&server.url()), &get_item());
            (what, server, session)
        })
        .collect();
    assert!(started.len() > 15);
    for (what, server, session) in started {
        response(&session, 1);
        assert_eq!(server.requests().len(), 2, "{what}");
    }
}

const VARIABLES: &str = r#"
import json, sys
import botocore.session
session = botocore.session.get_session()
models = [session.get_service_model(name) for name in json.load(sys.stdin)]
print(json.dumps([m.service_id.replace(" ", "_").upper() for m in models]))
"#;

#[test]
fn variables_of_endpoints_are_named_as_botocore_names_them() {
    let Some(python) = python("botocore") else {
        return;
    };
    let names = told(&python, VARIABLES, &json!(SERVICES));
    let names = names.as_array().expect("a list").iter();
    let mut function = fixture("http://127.0.0.1:9");
    for (number, name) in names.enumerate() {
        let variable = format!("AWS_ENDPOINT_URL_{}", name.as_str().expect("a text"));
        function = function.env(&variable, format!("http://own-{number}"));
    }
    let session = start(function, &json!("print"));
    let text = response(&session, 1).to_string();
    for number in 0..SERVICES.len() {
        assert!(
            text.contains(&format!("http://own-{number}\\\"")),
            "{number}: {text}"
        );
    }
}
