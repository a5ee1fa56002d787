//! The Invoke API in front of a [`Function`], for curl and the AWS CLI.
//!
//! `POST /2015-03-31/functions/{any name}/invocations`, with the headers and statuses of AWS's
//! "Invoke" page. It has no log tails, ignores qualifiers, and collects streamed responses.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use serde::de::IgnoredAny;
use serde_json::json;

use crate::api::MAX_EVENT;
use crate::base64;
use crate::emulator::Invocation;
use crate::function::{Function, StartError};
use crate::http::{Connection, Head, Reply, listen};

/// Listens on `address` and serves invocations of `function` on threads of its own until the
/// program ends. Gives the address, with the port chosen when it was 0.
///
/// # Errors
/// When the address cannot be bound.
pub fn serve(address: SocketAddr, function: Arc<Function>) -> io::Result<SocketAddr> {
    listen::serve(address, function, connection)
}

fn connection(mut connection: Connection, function: &Arc<Function>) {
    listen::each_request(&mut connection, MAX_EVENT, |connection, head, body| {
        let reply = if body.size > MAX_EVENT as u64 {
            let limit =
                format!("Request must be smaller than {MAX_EVENT} bytes for the Invoke operation");
            refusal(413, "RequestTooLargeException", &limit)
        } else {
            route(function, &head, body.bytes).unwrap_or_else(|refusal| refusal)
        };
        connection.write(&reply.to_bytes())
    });
}

fn route(function: &Arc<Function>, head: &Head, mut event: Vec<u8>) -> Result<Reply, Reply> {
    let path = head.path.split('?').next().unwrap_or_default();
    let name = path.strip_prefix("/2015-03-31/functions/");
    let name = name.and_then(|rest| rest.strip_suffix("/invocations"));
    if head.method != "POST" || name.is_none_or(|name| name.is_empty() || name.contains('/')) {
        let message = "POST /2015-03-31/functions/function/invocations is the only call here";
        return Err(refusal(404, "ResourceNotFoundException", message));
    }
    if event.is_empty() {
        event.extend_from_slice(b"{}");
    }
    check_json(&event)
        .map_err(|why| bad_request(&format!("Could not parse request body into json: {why}")))?;
    let invocation = Invocation {
        client_context: head
            .header("x-amz-client-context")
            .map(context)
            .transpose()?,
        trace_id: head.header("x-amzn-trace-id").map(str::to_owned),
        tenant_id: head.header("x-amz-tenant-id").map(str::to_owned),
        ..Invocation::new(event)
    };
    match head
        .header("x-amz-invocation-type")
        .unwrap_or("RequestResponse")
    {
        "RequestResponse" => match function.invoke(invocation) {
            Ok(report) => {
                let reply = Reply::new(200)
                    .header("Content-Type", "application/json")
                    .header("X-Amz-Executed-Version", "$LATEST")
                    .header("X-Amzn-RequestId", &report.request_id)
                    .body(report.payload());
                let failed = report.outcome.is_error();
                Ok(if failed {
                    reply.header("X-Amz-Function-Error", "Unhandled")
                } else {
                    reply
                })
            }
            Err(error) => Err(unavailable(&error)),
        },
        "Event" => {
            let function = Arc::clone(function);
            // Its outcome is in the log.
            thread::spawn(move || function.invoke(invocation));
            Ok(Reply::new(202))
        }
        "DryRun" => Ok(Reply::new(204)),
        other => {
            let message =
                format!("X-Amz-Invocation-Type is '{other}', not RequestResponse, Event or DryRun");
            Err(refusal(400, "InvalidParameterValueException", &message))
        }
    }
}

/// Whether bytes are one JSON value; why not.
///
/// # Errors
/// The parser's message.
pub fn check_json(bytes: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let parsed = serde_json::from_str::<IgnoredAny>(text);
    parsed.map(|_| ()).map_err(|error| error.to_string())
}

/// The client context's JSON text out of its Base64.
fn context(header: &str) -> Result<String, Reply> {
    let bytes = base64::decode(header).filter(|bytes| check_json(bytes).is_ok());
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| bad_request("Client context must be a valid Base64-encoded JSON object."))
}

fn bad_request(message: &str) -> Reply {
    refusal(400, "InvalidRequestContentException", message)
}

fn unavailable(error: &StartError) -> Reply {
    refusal(502, "InvalidRuntimeException", &error.to_string())
}

fn refusal(status: u16, error_type: &str, message: &str) -> Reply {
    let body = json!({"Type": "User", "message": message}).to_string();
    Reply::new(status)
        .header("Content-Type", "application/json")
        .header("X-Amzn-ErrorType", error_type)
        .body(body)
}
