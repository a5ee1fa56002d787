"""template.py FOLDER NAME=VALUE...: makes a project of .template/ in FOLDER.

What scripts/new uses: cargo-lambda and cargo-generate fill in the template by themselves. It knows as
much of their language, Liquid, as the template needs: {{ name }}, and {% if %} with elsif, else, endif,
`==`, `!=` and `or`, each with a dash where the space beside it goes.
"""

import re
import sys
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent / ".template"
# What is filled in; CargoLambda.toml lists the same.
FILLED = ("Cargo.toml", "README.md", "event.json", "src/main.rs")
# What is for the tools.
LEFT_OUT = ("CargoLambda.toml", "cargo-generate.toml")
TAG = re.compile(r"(\s*)\{([{%])(-?) *(.*?) *(-?)[}%]\}(\s*)", re.S)


def holds(condition, values):
    """Whether a condition holds: names that have a value, comparisons, and `or` between them."""
    for part in condition.split(" or "):
        name, sign, text = re.fullmatch(r"\s*(\w+)\s*(==|!=|)\s*(.*?)\s*", part).groups()
        value, text = values.get(name, ""), text.strip('"')
        if {"": bool(value), "==": value == text, "!=": value != text}[sign]:
            return True
    return False


def fill(text, values):
    """The text with its tags carried out."""
    out, branches, at = [], [], 0
    while (tag := TAG.search(text, at)) is not None:
        before, kind, left, body, right, after = tag.groups()
        written = all(now for now, _ in branches)
        if written:
            out.append(text[at:tag.start()] + ("" if left else before))
        at = tag.end() if right else tag.end() - len(after)
        word, _, rest = body.partition(" ")
        if kind == "{":
            if written:
                out.append(values[body])
        elif word == "if":
            met = holds(rest, values)
            branches.append((met, met))
        elif word in ("elsif", "else"):
            _, earlier = branches.pop()
            met = not earlier and (word == "else" or holds(rest, values))
            branches.append((met, earlier or met))
        elif word == "endif":
            branches.pop()
        else:
            raise ValueError(f"unknown tag '{body}'")
    return "".join(out) + text[at:]


def main():
    folder = Path(sys.argv[1])
    values = dict(argument.split("=", 1) for argument in sys.argv[2:])
    for source in sorted(TEMPLATE.rglob("*")):
        name = source.relative_to(TEMPLATE).as_posix()
        if source.is_dir() or name in LEFT_OUT or name.startswith("target/"):
            continue
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text()
        path.write_text(fill(text, values) if name in FILLED else text)


if __name__ == "__main__":
    main()
