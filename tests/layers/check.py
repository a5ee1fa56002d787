#!/usr/bin/env python3
"""Checks that lower modules never import upper ones, in the library and in the layer.

check.py [ORDER...]: files with an order, by default all of tests/layers/*.order. The first line of
such a file names the folder of a crate; the others name its modules from the bottom up, one a line.
Modules of one line, `a b`, may not import each other either. Every path that begins with `crate::`
counts, whether in a `use` or not; what stands in tests or in documentation does not.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A crate's own root: re-exports and macros that have no module.
ROOT_ITEMS = re.compile(r"[A-Z]|main$")


def order(path):
    """The folder of the crate, and for each module its layer, counted from the bottom."""
    lines = [line.split("#")[0].split() for line in path.read_text().splitlines()]
    (folder,), *layers = [line for line in lines if line]
    return ROOT / folder, {name: layer for layer, names in enumerate(layers) for name in names}


def code(text):
    """The source without comments and without the tests at its end."""
    text = re.split(r"^#\[cfg\(test\)\]\nmod \w+ \{", text, flags=re.M)[0]
    return re.sub(r"^\s*//.*$|^\s*#!?\[(?:doc|cfg_attr\(doc).*$", "", text, flags=re.M)


def imported(text):
    """The modules that paths from `crate` name first."""
    names = re.findall(r"\bcrate::(\w+)", text)
    for start in re.finditer(r"\bcrate::\{", text):
        # The heads of `crate::{a, b::{c, d}}`: what stands in no inner braces.
        group, depth = "", 1
        for character in text[start.end():]:
            depth += {"{": 1, "}": -1}.get(character, 0)
            if depth == 0:
                break
            group += character if depth == 1 else ""
        names += re.findall(r"(?:^|,)\s*(\w+)", group)
    return {name for name in names if not ROOT_ITEMS.match(name)}


def modules(folder):
    """For each module of the crate, its files; tests and the crate's root are left out."""
    for file in sorted(folder.rglob("*.rs")):
        inner = file.relative_to(folder)
        name = inner.parts[0].removesuffix(".rs")
        if str(inner) not in ("lib.rs", "main.rs", "build.rs") and not re.search(r"\btests?\b", str(inner)):
            yield name, file


def check(path):
    """What is wrong with the crate of this order, a line each."""
    folder, layers = order(path)
    place = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    found = set()
    for name, file in modules(folder):
        found.add(name)
        if name not in layers:
            yield f"{file.relative_to(ROOT)}: the module {name} has no place in {place}"
            continue
        for other in sorted(imported(code(file.read_text())) - {name}):
            if other not in layers:
                yield f"{file.relative_to(ROOT)}: imports {other}, which has no place in {place}"
            elif layers[other] >= layers[name]:
                yield f"{file.relative_to(ROOT)}: {name} imports {other}, which is not below it"
    yield from (f"{place}: there is no module {name}" for name in layers if name not in found)


def main():
    paths = [Path(path) for path in sys.argv[1:]] or sorted((ROOT / "tests/layers").glob("*.order"))
    if not paths:
        sys.exit("tests/layers has no order")
    wrong = [line for path in paths for line in check(path)]
    for line in dict.fromkeys(wrong):
        print(line)
    if wrong:
        sys.exit("lower modules never import upper ones: move the code, pass the value, or add the new module")
    print(f"layers: {', '.join(path.stem for path in paths)}: nothing imports upwards")


if __name__ == "__main__":
    main()
