#!/usr/bin/env python3
"""Checks that lower modules never import upper ones, in the library and in the layer.

check.py [ORDER...]: files with an order, by default all of tests/layers/*.order. The first line of
such a file names the folder of a crate, or of one of its modules; the others name the modules in it
from the bottom up, one a line. Modules of one line, `a b`, may not import each other either. Every
path to one of these modules counts, through `crate::` or `super::`, whether in a `use` or not; what
stands in tests or in documentation does not. The file that declares the modules may use them all.
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


def imported(text, folder, file):
    """The modules of the folder that paths in this file name first."""
    parts = folder.parts
    inside = parts[len(parts) - parts[::-1].index("src"):]
    inner = file.relative_to(folder).parts
    depth = len(inner) - (inner[-1] == "mod.rs")
    starts = ["::".join(("crate", *inside)) + "::", "super::" * depth]
    found = set()
    for start in starts:
        start = rf"(?<![\w:]){start}"
        names = re.findall(start + r"(\w+)", text)
        for group in re.finditer(start + r"\{", text):
            names += heads(text[group.end():])
        found.update(name for name in names if name not in ("super", "self") and not ROOT_ITEMS.match(name))
    return found


def heads(text):
    """What stands before the first `::` of each part of `{a, b::{c, d}}`, from behind the first brace."""
    group, depth = "", 1
    for character in text:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth == 0:
            break
        group += character if depth == 1 else ""
    return re.findall(r"(?:^|,)\s*(\w+)", group)


def modules(folder):
    """For each module of the folder, its files; tests and what declares the modules are left out."""
    for file in sorted(folder.rglob("*.rs")):
        inner = file.relative_to(folder)
        name = inner.parts[0].removesuffix(".rs")
        if str(inner) not in ("lib.rs", "main.rs", "mod.rs", "build.rs") and not re.search(r"\btests?\b", str(inner)):
            yield name, file


def check(path):
    """What is wrong with the modules of this order, a line each."""
    folder, layers = order(path)
    place = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    files = list(modules(folder))
    found = {name for name, _ in files}
    for name, file in files:
        if name not in layers:
            yield f"{file.relative_to(ROOT)}: the module {name} has no place in {place}"
            continue
        for other in sorted(imported(code(file.read_text()), folder, file) - {name}):
            # What is no module is an item of the file that declares them.
            if other in layers and layers[other] >= layers[name]:
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
