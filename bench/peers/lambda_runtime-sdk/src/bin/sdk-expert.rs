//! lambda_runtime with an SDK that is cut down as far as it goes.

use std::env;
use std::fs;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use lambda_runtime::{LambdaEvent, service_fn};
use peer_lambda_runtime_sdk::{Failure, price};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let client = client()?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<String>| {
        price(&client, event.payload).await
    }))
    .await
}

fn client() -> Result<Client, Failure> {
    let roots = fs::read(env::var("AWS_CA_BUNDLE")?)?;
    let tls = TlsContext::builder()
        .with_trust_store(TrustStore::empty().with_pem_certificate(roots))
        .build()?;
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .build_https();
    let credentials = Credentials::new(
        env::var("AWS_ACCESS_KEY_ID")?,
        env::var("AWS_SECRET_ACCESS_KEY")?,
        env::var("AWS_SESSION_TOKEN").ok(),
        None,
        "environment",
    );
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .credentials_provider(credentials)
        .region(Region::new(env::var("AWS_REGION")?))
        .endpoint_url(env::var("AWS_ENDPOINT_URL")?);
    Ok(Client::from_conf(config.build()))
}
