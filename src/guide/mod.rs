//! Guides. This module has no code, only documentation.
//!
//! The same pages are in `src/guide` of the repository. What they name outside of the crate
//! (`examples/`, `layer/`, `bench/`, `scripts/`) is in the repository as well: the layer's guide
//! for platform teams in `layer/README.md`, how to benchmark in `bench/README.md`.

// The first definition of a link is the one that counts: these lead to the modules, those in the
// files to the files.

#[doc = "[`stream`]: crate::stream"]
#[doc = "[aws.md]: crate::guide::aws"]
#[doc = "[`testing`]: crate::testing"]
#[doc = "[cold-start.md]: crate::guide::cold_start"]
#[doc = "[migration.md]: crate::guide::migration"]
#[doc = "[troubleshooting.md]: crate::guide::troubleshooting"]
#[doc = ""]
#[doc = include_str!("rust.md")]
pub mod rust {}

#[doc = "[rust.md]: crate::guide::rust"]
#[doc = "[troubleshooting.md]: crate::guide::troubleshooting"]
#[doc = ""]
#[doc = include_str!("cold-start.md")]
pub mod cold_start {}

#[doc = include_str!("aws.md")]
pub mod aws {}

#[doc = "[aws.md]: crate::guide::aws"]
#[doc = "[rust.md]: crate::guide::rust"]
#[doc = "[comparison.md]: crate::guide::comparison"]
#[doc = "[troubleshooting.md]: crate::guide::troubleshooting"]
#[doc = ""]
#[doc = include_str!("migration.md")]
pub mod migration {}

#[doc = "[rust.md]: crate::guide::rust"]
#[doc = "[cold-start.md]: crate::guide::cold_start"]
#[doc = "[migration.md]: crate::guide::migration"]
#[doc = ""]
#[doc = include_str!("troubleshooting.md")]
pub mod troubleshooting {}

#[doc = "[migration.md]: crate::guide::migration"]
#[doc = "[cold-start.md]: crate::guide::cold_start"]
#[doc = ""]
#[doc = include_str!("comparison.md")]
pub mod comparison {}
