//! ureq without what it does by itself, for the client of the Runtime API and for calls of AWS services:
//! both bring a transport of their own.

use std::time::Duration;

use ureq::config::{Config, ConfigBuilder};
use ureq::http::Uri;
use ureq::typestate::AgentScope;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// How the library names itself to servers.
pub(crate) const AGENT: &str = concat!("coldspark/", env!("CARGO_PKG_VERSION"));

/// Begins the settings of an agent. Sizes and numbers of connections are the caller's.
pub(crate) fn config() -> ConfigBuilder<AgentScope> {
    Config::builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .user_agent(AGENT)
        .accept("")
        .accept_encoding("")
        // Its clock stands still in a freeze: the transports check a kept connection instead.
        .max_idle_age(Duration::MAX)
}

/// A resolver that does nothing: ureq resolves before each request, also on a kept connection. The
/// connectors resolve by themselves, but ureq needs an address.
#[derive(Debug)]
pub(crate) struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut none = self.empty();
        none.push(([127, 0, 0, 1], 0).into());
        Ok(none)
    }
}
