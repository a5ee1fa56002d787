//! Objects of S3: rusty-s3 signs, `aws::agent()` sends, and bodies stream through.
//!
//! `{"copy": ["from", "to"]}` copies an object by way of the function, in constant memory;
//! `{"presign": "key"}` gives a URL by which anybody may read an object for five minutes. `BUCKET` is the
//! bucket; the function's role needs `s3:GetObject` and `s3:PutObject` in it.
#![no_main]

use std::time::Duration;

use coldspark::aws::ureq::SendBody;
use coldspark::{Context, Error, Init, Runtime, aws};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use serde::Deserialize;
use serde_json::{Value, json};

/// How long a signature is valid.
const NOW: Duration = Duration::from_secs(60);
const GIVEN: Duration = Duration::from_secs(300);

coldspark::main!(Runtime::with_init(bucket).json("objects", handle));

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    Copy(String, String),
    Presign(String),
}

fn bucket(_: &Init<'_>) -> Result<Bucket, Error> {
    let region = std::env::var("AWS_REGION")?;
    let (url, style) = match std::env::var("AWS_ENDPOINT_URL_S3") {
        Ok(url) => (url, UrlStyle::Path),
        Err(_) => (
            format!("https://s3.{region}.amazonaws.com"),
            UrlStyle::VirtualHost,
        ),
    };
    Ok(Bucket::new(
        url.parse()?,
        style,
        std::env::var("BUCKET")?,
        region,
    )?)
}

fn handle(order: Order, context: &Context<'_, Bucket>) -> Result<Value, Error> {
    let bucket = context.state();
    // The current credentials.
    let found = aws::credentials(context)?;
    let key = found.access_key_id();
    let credentials = match found.token() {
        Some(token) => Credentials::new_with_token(key, found.secret(), token),
        None => Credentials::new(key, found.secret()),
    };
    match order {
        Order::Copy(from, to) => {
            let get = bucket.get_object(Some(&credentials), &from).sign(NOW);
            let put = bucket.put_object(Some(&credentials), &to).sign(NOW);
            copy(get.as_str(), put.as_str(), context)
        }
        Order::Presign(key) => {
            let get = bucket.get_object(Some(&credentials), &key).sign(GIVEN);
            Ok(json!({ "url": get.as_str() }))
        }
    }
}

fn copy(get: &str, put: &str, context: &Context<'_, Bucket>) -> Result<Value, Error> {
    let agent = aws::agent();
    let limit = context.time_left();
    let object = agent
        .get(get)
        .config()
        .timeout_global(limit)
        .build()
        .call()?;
    checked("reading", object.status().as_u16())?;
    let length = object
        .body()
        .content_length()
        .ok_or_else(|| Error::new("Object.NoLength", "S3 did not say how long the object is"))?;
    let mut body = object.into_body().into_reader();
    let written = agent
        .put(put)
        .header("content-length", length)
        .config()
        .timeout_global(context.time_left())
        .build()
        .send(SendBody::from_reader(&mut body))?;
    checked("writing", written.status().as_u16())?;
    Ok(json!({ "bytes": length }))
}

fn checked(what: &str, status: u16) -> Result<(), Error> {
    if status < 300 {
        return Ok(());
    }
    Err(Error::new(
        format!("Object.Status{status}"),
        format!("{what} an object: status {status}"),
    ))
}
