"""The programs that are counted in a virtual machine: for each its handler and its files."""


def _ours(name):
    return "hello", {"bootstrap": f"{{dist}}/{name}/bootstrap"}


def _built(name):
    return "function.handler", {"bootstrap": f"{{built}}/{name}/bootstrap"}


# Slow and fat on purpose, to break every budget.
CONTROL = "slow"
PROGRAMS = {
    "floor": _built("floor"),
    "c-musl": _built("c-musl"),
    "c-worker": ("worker:worker", {**_built("c-worker")[1], "worker": "{built}/handlers/worker"}),
    "hello": _ours("hello"),
    "hello-lean": _ours("hello-lean"),
    "hello-ureq": _ours("hello-ureq"),
    "typed": ("typed", _built("typed")[1]),
    "layer-worker": (
        "worker:worker",
        {"bootstrap": "{dist}/layer/bootstrap", "worker": "{built}/handlers/worker"},
    ),
    "lambda_runtime": _built("lambda_runtime"),
    "minlambda": _built("minlambda"),
    "bash-curl": (
        "function.handler",
        {"bootstrap": "{built}/bash-curl/bootstrap", "function.sh": "{built}/handlers/function.sh"},
    ),
    CONTROL: _built(CONTROL),
}
# What a program needs of Debian: these, where they are executables of the system, and their libraries.
SYSTEM = {"bash-curl": ["/bin/bash", "curl", "cat", "cut", "grep", "mktemp", "rm", "tr"]}
