//! Settings that cannot be read: a warning names them, and says what counts instead.

use crate::common::web::{Web, idle};

#[test]
fn a_setting_that_cannot_be_read_is_a_warning_that_names_it() {
    let variables = [
        ("AWS_LWA_READINESS_CHECK_PROTOCOL", "gopher", "HTTP"),
        ("AWS_LWA_READINESS_CHECK_MIN_UNHEALTHY_STATUS", "x", "500"),
        ("AWS_LWA_READINESS_CHECK_TIMEOUT_SECONDS", "soon", "absent"),
        ("AWS_LWA_READINESS_CHECK_PATH", "/a b", "/"),
        ("AWS_LWA_PASS_THROUGH_PATH", "/a b", "/events"),
        ("AWS_LWA_INVOKE_MODE", "streaming", "buffered"),
        ("AWS_LWA_POOL_IDLE_TIMEOUT_SECONDS", "4s", "4"),
        ("AWS_LWA_ASYNC_INIT", "yes", "false"),
        ("AWS_LWA_ERROR_STATUS_CODES", "x", "absent"),
        ("AWS_LWA_HOST", "shop.example", "localhost"),
        (
            "AWS_LWA_LAMBDA_RUNTIME_API_PROXY",
            "https://127.0.0.1",
            "absent",
        ),
    ];
    let web = Web::start(&variables.map(|(name, value, _)| (name, value)));
    idle(&web);
    let log = web.function.log();
    for (name, value, instead) in variables {
        let line = log.lines().find(|line| line.contains(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in: {log}"));
        assert!(line.contains(&format!("is \"{value}\"")), "{line}");
        assert!(
            line.ends_with(&format!("; it counts as {instead}")),
            "{line}"
        );
    }
}

#[test]
fn healthy_statuses_that_match_nothing_are_the_default() {
    const NAME: &str = "AWS_LWA_READINESS_CHECK_HEALTHY_STATUS";
    for value in ["ok", "499-100", "2xx", ","] {
        let web = Web::start(&[(NAME, value)]);
        idle(&web);
        let log = web.function.log();
        let expected = format!("{NAME} is \"{value}\", and must be statuses");
        assert!(log.contains(&expected), "{value}: {log}");
        assert!(log.contains("it counts as 100-499"), "{value}: {log}");
    }
    // A part that can be read counts.
    let web = Web::start(&[(NAME, "200,ok")]);
    idle(&web);
    let log = web.function.log();
    assert!(log.contains("it counts as its valid part"), "{log}");
    // The older name is the default then.
    let old = "AWS_LWA_READINESS_CHECK_MIN_UNHEALTHY_STATUS";
    let web = Web::start(&[(NAME, "ok"), (old, "400")]);
    idle(&web);
    let log = web.function.log();
    assert!(log.contains("it counts as 100-399"), "{log}");
}
