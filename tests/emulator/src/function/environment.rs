//! The environment variables that Lambda gives a function with an OS-only runtime.

use std::env;
use std::ffi::OsString;

use super::Spec;

/// Credentials come from the caller, as they would from the role.
const FROM_CALLER: [&str; 3] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// All variables, later ones overriding earlier ones. Source: AWS's page "Using Lambda
/// environment variables".
pub(super) fn variables(spec: &Spec, runtime_api: &str) -> Vec<(OsString, OsString)> {
    let region = env::var("AWS_REGION").or_else(|_| env::var("AWS_DEFAULT_REGION"));
    let region = region.unwrap_or_else(|_| "us-east-1".to_owned());
    let memory = spec.memory_mb.to_string();
    let initialization = if spec.snap_start {
        "snap-start"
    } else {
        "on-demand"
    };
    let fixed: [(&str, &str); 12] = [
        ("_HANDLER", &spec.handler),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
        ("AWS_LAMBDA_FUNCTION_NAME", "function"),
        ("AWS_LAMBDA_FUNCTION_VERSION", spec.version()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", initialization),
        ("AWS_REGION", &region),
        ("AWS_DEFAULT_REGION", &region),
        ("TZ", ":UTC"),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
    ];
    let fixed = fixed.map(|(name, value)| (name.into(), value.into()));
    let root = ("LAMBDA_TASK_ROOT".into(), spec.task_root.clone().into());
    // A snapshot must hold neither credentials, which expire, nor the name of a log stream, which
    // each restored environment has of its own.
    let once = (!spec.snap_start).then(|| {
        let log = [
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/function"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local/[$LATEST]0"),
        ];
        let log = log.map(|(name, value)| (name.into(), value.into()));
        let caller = FROM_CALLER.iter();
        let caller = caller.filter_map(|name| Some((name.into(), env::var_os(name)?)));
        log.into_iter().chain(caller)
    });
    let extra = spec.variables.iter();
    let extra = extra.map(|(name, value)| (name.into(), value.into()));
    fixed
        .into_iter()
        .chain([root])
        .chain(once.into_iter().flatten())
        .chain(extra)
        .collect()
}
