//! Returns the price of an article from a DynamoDB table, by the official SDK.
//!
//! src/guide/aws.md explains the settings. `TABLE` is the table's name, `prices` when it is not set; its key
//! is `article`.
#![no_main]

use std::fs;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, ProvideCredentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use coldspark::fresh::PerRestore;
use coldspark::{Context, Error, Init, Runtime, aws};
use serde::Serialize;

coldspark::main!(
    Runtime::with_init(init)
        .trace_environment() // the SDK looks there for X-Amzn-Trace-Id
        .json("price", price)
);

/// Amazon's root certificates: https://www.amazontrust.com/repository/
const ROOTS: &str = include_str!("../roots.pem");

/// The client, made again after a restore, since no connection survives a snapshot.
static DYNAMODB: PerRestore<Client> = PerRestore::new(client);

struct Prices {
    table: String,
}

fn init(init: &Init<'_>) -> Result<Prices, Error> {
    init.tokio()?;
    // Under SnapStart an error, and the first event makes the client.
    let _ = DYNAMODB.get();
    Ok(Prices {
        table: std::env::var("TABLE").unwrap_or_else(|_| "prices".to_owned()),
    })
}

fn client() -> Result<Client, Error> {
    let roots = match std::env::var("AWS_CA_BUNDLE") {
        Ok(path) => fs::read_to_string(path)?,
        Err(_) => ROOTS.to_owned(),
    };
    let tls = TlsContext::builder()
        .with_trust_store(TrustStore::empty().with_pem_certificate(roots))
        .build()?;
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .build_https();
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .credentials_provider(Provided)
        .region(Region::new(std::env::var("AWS_REGION")?));
    // aws-config, which is left out, would look for them.
    let names = ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"];
    if let Some(url) = names.iter().find_map(|name| std::env::var(name).ok()) {
        config = config.endpoint_url(url);
    }
    Ok(Client::from_conf(config.build()))
}

/// The current credentials, from the environment or, under SnapStart, from the endpoint, which has newer
/// ones than the snapshot.
#[derive(Debug)]
struct Provided;

impl ProvideCredentials for Provided {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(
            aws::credentials_now()
                .map(|found| {
                    Credentials::new(
                        found.access_key_id(),
                        found.secret(),
                        found.token().map(str::to_owned),
                        found.expires(),
                        "coldspark",
                    )
                })
                .map_err(CredentialsError::provider_error),
        )
    }
}

#[derive(Serialize)]
struct Price {
    article: String,
    price: u64,
}

fn price(article: String, context: &Context<'_, Prices>) -> Result<Price, Error> {
    let dynamodb = DYNAMODB.get()?;
    let get = dynamodb
        .get_item()
        .table_name(&context.state().table)
        .key("article", AttributeValue::S(article.clone()));
    let output = context.block_on(get.send())?;
    let price = output
        .item()
        .and_then(|item| item.get("price")?.as_n().ok());
    let price = price.ok_or_else(|| {
        Error::new(
            "Article.Unknown",
            format!("there is no article {article:?}"),
        )
    })?;
    Ok(Price {
        price: price.parse()?,
        article,
    })
}
