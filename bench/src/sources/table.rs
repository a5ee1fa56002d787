//! The table of the programs: a line for each.

use crate::events;
use crate::programs::{Countable, Exchange, Group};

/// What a line of the table is made from.
pub(super) struct Source {
    pub(super) name: &'static str,
    pub(super) group: Group,
    pub(super) about: &'static str,
    /// The bootstrap, in dist or in what scripts/bench builds.
    pub(super) bootstrap: Place,
    /// `_HANDLER`, and the file it stands for.
    pub(super) handler: (&'static str, Option<&'static str>),
    pub(super) countable: Countable,
    pub(super) variables: &'static [&'static str],
    pub(super) exchange: Option<Exchange>,
    /// What to say when the bootstrap is not there.
    pub(super) absent: &'static str,
}

#[derive(Clone, Copy)]
pub(super) enum Place {
    Dist(&'static str),
    Built(&'static str),
}

const BENCH: &str = "not built; scripts/bench builds it";
const BUILD: &str = "not built; scripts/build builds it";
const HOST: &str = "built with the host's glibc only";
const OURS: fn(&'static str, &'static str) -> Source = |name, about| Source {
    name,
    group: Group::Ours,
    about,
    bootstrap: Place::Dist(name),
    handler: ("hello", None),
    countable: Countable::All,
    variables: &[],
    exchange: None,
    absent: BUILD,
};
const LAYER: fn(&'static str, &'static str, &'static str, &'static str) -> Source =
    |name, about, handler, file| Source {
        name,
        group: Group::Layer,
        about,
        bootstrap: Place::Dist("layer"),
        handler: (handler, Some(file)),
        countable: Countable::Nothing,
        variables: &[],
        exchange: None,
        absent: BUILD,
    };
pub(super) const PEER: fn(&'static str, &'static str) -> Source = |name, about| Source {
    name,
    group: Group::Peer,
    about,
    bootstrap: Place::Built(name),
    handler: ("function.handler", None),
    countable: Countable::All,
    variables: &[],
    exchange: None,
    absent: BENCH,
};

/// A project that scripts/new has made, with a function that returns its event.
const TYPED: fn(&'static str, &'static str) -> Source = |name, about| Source {
    group: Group::Ours,
    handler: ("typed", None),
    absent: "not built; needs a toolchain with Rust's own musl std (rustup)",
    ..PEER(name, about)
};

/// The program that the allocators are compared to.
pub(super) const ALLOCATOR: &str = "json-coldspark";
/// The same function on several allocators.
const JSON: fn(&'static str, &'static str) -> Source = |name, about| Source {
    group: Group::Allocator,
    handler: ("json", None),
    countable: Countable::Nothing,
    ..PEER(name, about)
};

pub(super) fn sources() -> Vec<Source> {
    vec![
        Source {
            name: crate::FLOOR,
            group: Group::Floor,
            about: "no C library, raw system calls",
            ..PEER(crate::FLOOR, "")
        },
        Source {
            group: Group::Floor,
            ..PEER(
                "c-musl",
                "C, static musl: what a C library adds to the floor",
            )
        },
        Source {
            group: Group::Floor,
            handler: ("worker:worker", Some("worker")),
            countable: Countable::Pages,
            ..PEER(
                "c-worker",
                "c-musl with layer-worker's worker: the least that answers by one",
            )
        },
        OURS("hello", "recommended profile, mimalloc behind the arena"),
        OURS("hello-lean", "the same without mimalloc"),
        OURS("hello-ureq", "hello on the ureq client"),
        Source {
            absent: "not built; needs a toolchain with Rust's own musl std (rustup)",
            ..OURS("hello-fallback", "hello with Rust's own std, not rebuilt")
        },
        TYPED(
            "typed",
            "a function over serde types, of the template, with std rebuilt",
        ),
        TYPED(
            "typed-fallback",
            "the same as the template builds it: with Rust's own std",
        ),
        Source {
            group: Group::Ours,
            exchange: Some((events::REQUEST, events::RESPONSE)),
            ..PEER(
                "axum",
                "examples/axum: a router of axum, which answers an HTTP request",
            )
        },
        Source {
            countable: Countable::Pages,
            ..LAYER(
                "layer-worker",
                "the layer's bootstrap with a static worker in C",
                "worker:worker",
                "worker",
            )
        },
        LAYER(
            "layer-shell",
            "the layer's bootstrap with a bash function",
            "shell:function.handler",
            "function.sh",
        ),
        LAYER(
            "layer-exec",
            "the layer's bootstrap with a static program for each event",
            "exec:exec",
            "exec",
        ),
        PEER(
            "lambda_runtime",
            "lambda_runtime 1.5.0, our recipe, tokio's current_thread",
        ),
        Source {
            countable: Countable::Nothing,
            absent: HOST,
            ..PEER(
                "lambda_runtime-docs",
                "lambda_runtime 1.5.0 as cargo lambda builds it (dynamic glibc)",
            )
        },
        PEER("minlambda", "minlambda 0.2.0, our recipe"),
        PEER(
            "minlambda-docs",
            "minlambda 0.2.0 as its README says (musl, cargo's release profile)",
        ),
        PEER("rtlambda", "rtlambda 0.0.1, our recipe"),
        Source {
            countable: Countable::Nothing,
            absent: HOST,
            ..PEER(
                "rtlambda-docs",
                "rtlambda 0.0.1 as its README says (dynamic glibc)",
            )
        },
        Source {
            handler: ("function.handler", Some("function.sh")),
            countable: Countable::Nothing,
            ..PEER(
                "bash-curl",
                "bash and curl, as AWS's tutorial on custom runtimes shows",
            )
        },
        // The first is what the others are compared to.
        JSON(
            ALLOCATOR,
            "hello's allocator: the arena, mimalloc behind it",
        ),
        JSON("json-mimalloc", "mimalloc alone, built with the same flags"),
        JSON("json-musl", "musl's malloc alone"),
        JSON(
            "json-lean",
            "hello-lean's allocator: the arena, musl's malloc behind it",
        ),
    ]
}
