//! Web applications made with frameworks, unchanged behind the layer: as the wrapper of a managed runtime, with
//! the settings that the examples of Lambda Web Adapter have, and in front of a browser.
//!
//! `scripts/setup frameworks` installs and builds them; `COLDSPARK_WEB` names the folder with its tools. Without it each test
//! skips itself.

mod browser;
mod built;
mod compiled;
mod engines;
mod frameworks;
mod settings;
mod site;
