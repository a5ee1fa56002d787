//! A page in a real browser, behind the function URL of `scripts/run-local --serve --http`.

use std::process::{Command, Stdio};

use super::site::{Site, tools};

#[test]
fn a_page_with_script_cookie_image_form_and_event_stream() {
    let Some(tools) = tools() else { return };
    for mode in ["buffered", "response_stream"] {
        let variables = [
            ("AWS_LWA_INVOKE_MODE", mode),
            ("AWS_LWA_ENABLE_COMPRESSION", "true"),
        ];
        let Some(site) = Site::wrapped("layer/examples/http-node", &variables) else {
            return;
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/web/browser.js");
        let mut node = Command::new("node");
        node.arg(script)
            .arg(format!("http://{}/", site.address))
            .env("NODE_PATH", tools.join("web-node/node_modules"))
            .env("CHROMIUM", tools.join("web-bin/chromium"))
            .stdin(Stdio::null());
        let path = std::env::var("PATH").unwrap_or_default();
        node.env("PATH", format!("{path}:{}", tools.join("bin").display()));
        let output = node.output().expect("node runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let trouble = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{mode}: {text}{trouble}");
        assert_eq!(
            text,
            "title: Greetings\n\
             cookie: seen=1\n\
             image: 1x1\n\
             ticks: 1 2 3\n\
             form: Hello again, Anna!\n",
            "{mode}: {trouble}"
        );
    }
}
