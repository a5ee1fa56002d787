"""The functions of scripts/bench-aws: the file of each, its handler and its event."""

import dataclasses

# The key of the one item in the table, whose price the function `aws` looks up.
ARTICLE = "rope"


@dataclasses.dataclass
class Program:
    # The file's name in the zip, and its path here, which may have {root}, {arch}, {peer} or {typed} in it.
    file: str
    source: str
    handler: str
    event: str
    table: bool = False
    # What it is to this project: "ours", "layer" (a handler for the layer) or "peer".
    group: str = "ours"

    @property
    def layer(self):
        return self.group == "layer"


HELLO = '{"name": "World"}'
PROGRAMS = {
    "hello": Program("bootstrap", "{root}/dist/{arch}/hello/bootstrap", "hello", HELLO),
    "typed": Program("bootstrap", "{typed}", "typed", '{"message": "hello"}'),
    "http": Program("bootstrap", "{root}/dist/{arch}/web/bootstrap", "web", "@{root}/examples/web/event.json"),
    "aws": Program("bootstrap", "{root}/dist/{arch}/aws/bootstrap", "price", f'"{ARTICLE}"', table=True),
    "layer-bash": Program("handler.worker", "{root}/layer/examples/bash/handler.worker", "handler.worker", HELLO, group="layer"),
    "lambda_runtime": Program("bootstrap", "{peer}", "hello", HELLO, group="peer"),
}
# For --probe only.
PROBE = Program("bootstrap", "{root}/dist/{arch}/probe/bootstrap", "probe", "{}")


def event(program, root):
    """The text of a program's event; @FILE stands for the text of that file."""
    if not program.event.startswith("@"):
        return program.event
    with open(program.event[1:].format(root=root), encoding="utf-8") as file:
        return file.read()
