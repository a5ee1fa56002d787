//! The programs that answer with a call of a service: a line for each.

use super::table::{Place, Source, peer};
use crate::programs::{Countable, Group};

/// The program that the others are compared to.
pub(crate) const CALL: &str = "aws";

/// A function on the SDK in the place of another program.
fn sdk(name: &'static str, about: &'static str) -> Source {
    Source {
        handler: ("price", None),
        countable: Countable::Nothing,
        absent: "not built; scripts/bench --aws builds it",
        ..peer(name, about)
    }
}

pub(super) fn sources() -> Vec<Source> {
    let ours = |name, about| Source {
        group: Group::Ours,
        ..sdk(name, about)
    };
    vec![
        Source {
            bootstrap: Place::Dist("aws"),
            ..ours(
                CALL,
                "the feature aws: ureq and rustls with ring; connects at its first event",
            )
        },
        Source {
            bootstrap: Place::Dist("aws"),
            variables: &["CONNECT=init"],
            ..ours("aws-connected", "the same, connected in the init step")
        },
        ours(
            "aws-sdk",
            "the official SDK on Context::block_on, our recipe: ring, chosen roots, no aws-config",
        ),
        ours(
            "aws-sdk-defaults",
            "the same with the SDK's defaults: AWS-LC, aws-config; our recipe",
        ),
        sdk(
            "lambda_runtime-sdk-expert",
            "lambda_runtime 1.5.0 with the SDK as aws-sdk has it: ring, chosen roots, no aws-config, \
             current_thread; our recipe",
        ),
        sdk(
            "lambda_runtime-sdk-no-jitter",
            "lambda_runtime 1.5.0 with the SDK's defaults, AWS-LC built without jitter entropy; our recipe",
        ),
        sdk(
            "lambda_runtime-sdk",
            "lambda_runtime 1.5.0 with the SDK's defaults: AWS-LC, aws_config::load_defaults; our recipe",
        ),
        sdk(
            "lambda_runtime-sdk-docs",
            "the same as cargo lambda builds it, with #[tokio::main] (dynamic glibc)",
        ),
    ]
}
