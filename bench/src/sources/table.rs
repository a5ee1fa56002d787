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

fn ours(name: &'static str, about: &'static str) -> Source {
    Source {
        name,
        group: Group::Ours,
        about,
        bootstrap: Place::Dist(name),
        handler: ("hello", None),
        countable: Countable::All,
        variables: &[],
        exchange: None,
        absent: BUILD,
    }
}

fn layer(
    name: &'static str,
    about: &'static str,
    handler: &'static str,
    file: &'static str,
) -> Source {
    Source {
        name,
        group: Group::Layer,
        about,
        bootstrap: Place::Dist("layer"),
        handler: (handler, Some(file)),
        countable: Countable::Nothing,
        variables: &[],
        exchange: None,
        absent: BUILD,
    }
}

pub(super) fn peer(name: &'static str, about: &'static str) -> Source {
    Source {
        name,
        group: Group::Peer,
        about,
        bootstrap: Place::Built(name),
        handler: ("function.handler", None),
        countable: Countable::All,
        variables: &[],
        exchange: None,
        absent: BENCH,
    }
}

/// A project that scripts/new has made, with a function that returns its event.
fn typed(name: &'static str, about: &'static str) -> Source {
    Source {
        group: Group::Ours,
        handler: ("typed", None),
        absent: "not built; needs a toolchain with Rust's own musl std (rustup)",
        ..peer(name, about)
    }
}

/// The program that the allocators are compared to.
pub(super) const ALLOCATOR: &str = "json-coldspark";
/// The same function on several allocators.
fn json(name: &'static str, about: &'static str) -> Source {
    Source {
        group: Group::Allocator,
        handler: ("json", None),
        countable: Countable::Nothing,
        ..peer(name, about)
    }
}

pub(super) fn sources() -> Vec<Source> {
    vec![
        Source {
            name: crate::FLOOR,
            group: Group::Floor,
            about: "no C library, raw system calls",
            ..peer(crate::FLOOR, "")
        },
        Source {
            group: Group::Floor,
            ..peer(
                "c-musl",
                "C, static musl: what a C library adds to the floor",
            )
        },
        Source {
            group: Group::Floor,
            handler: ("worker:worker", Some("worker")),
            countable: Countable::Pages,
            ..peer(
                "c-worker",
                "c-musl with layer-worker's worker: the least that answers by one",
            )
        },
        ours("hello", "recommended profile, mimalloc behind the arena"),
        ours("hello-lean", "the same without mimalloc"),
        ours("hello-ureq", "hello on the ureq client"),
        Source {
            absent: "not built; needs a toolchain with Rust's own musl std (rustup)",
            ..ours("hello-fallback", "hello with Rust's own std, not rebuilt")
        },
        typed(
            "typed",
            "a function over serde types, of the template, with std rebuilt",
        ),
        typed(
            "typed-fallback",
            "the same as the template builds it: with Rust's own std",
        ),
        Source {
            group: Group::Ours,
            exchange: Some((events::REQUEST, events::RESPONSE)),
            ..peer(
                "axum",
                "examples/axum: a router of axum, which answers an HTTP request",
            )
        },
        Source {
            countable: Countable::Pages,
            ..layer(
                "layer-worker",
                "the layer's bootstrap with a static worker in C",
                "worker:worker",
                "worker",
            )
        },
        layer(
            "layer-shell",
            "the layer's bootstrap with a bash function",
            "shell:function.handler",
            "function.sh",
        ),
        layer(
            "layer-exec",
            "the layer's bootstrap with a static program for each event",
            "exec:exec",
            "exec",
        ),
        peer(
            "lambda_runtime",
            "lambda_runtime 1.5.0, our recipe, tokio's current_thread",
        ),
        Source {
            countable: Countable::Nothing,
            absent: HOST,
            ..peer(
                "lambda_runtime-docs",
                "lambda_runtime 1.5.0 as cargo lambda builds it (dynamic glibc)",
            )
        },
        peer("minlambda", "minlambda 0.2.0, our recipe"),
        peer(
            "minlambda-docs",
            "minlambda 0.2.0 as its README says (musl, cargo's release profile)",
        ),
        peer("rtlambda", "rtlambda 0.0.1, our recipe"),
        Source {
            countable: Countable::Nothing,
            absent: HOST,
            ..peer(
                "rtlambda-docs",
                "rtlambda 0.0.1 as its README says (dynamic glibc)",
            )
        },
        Source {
            handler: ("function.handler", Some("function.sh")),
            countable: Countable::Nothing,
            ..peer(
                "bash-curl",
                "bash and curl, as AWS's tutorial on custom runtimes shows",
            )
        },
        // The first is what the others are compared to.
        json(
            ALLOCATOR,
            "hello's allocator: the arena, mimalloc behind it",
        ),
        json("json-mimalloc", "mimalloc alone, built with the same flags"),
        json("json-musl", "musl's malloc alone"),
        json(
            "json-lean",
            "hello-lean's allocator: the arena, musl's malloc behind it",
        ),
    ]
}
