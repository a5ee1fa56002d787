"""What the files themselves can show of claims: where unsafe code is (SECURITY.md), that the files which
documents name are there, and the files and tests of tests/mutants/nearest.txt."""

import fnmatch
import re
from pathlib import Path

import pages

ROOT = Path(__file__).resolve().parents[2]
SYS = re.compile(r"^(src|bootstrap/src)/sys/")
# Code that is not shipped may have unsafe code of its own.
NOT_SHIPPED = re.compile(r"^(tests|bench|bootstrap/tests)/")
ALLOW = re.compile(r"(?:allow|expect)\(\s*unsafe_code")
UNSAFE = re.compile(r"^\s*[^/\s].*\bunsafe \{|^\s*unsafe \{", re.M)
# A file or folder of the repository, as documents name it; in capitals stands what a reader fills in.
NAMED = re.compile(r"`((?:src|tests|bootstrap|scripts|layer|bench|examples)/[\w./-]*)`")
# Files of a project that the reader of a guide makes.
OTHERS = {"src/main.rs"}


def broken():
    """What the files show to be untrue."""
    sources = pages.files("*.rs")
    allowing = [name for name in sources if ALLOW.search((ROOT / name).read_text())]
    if not any(SYS.match(name) for name in allowing):
        yield "SECURITY.md: no module named sys allows unsafe code, so this test looks at nothing"
    for name in allowing:
        if not SYS.match(name) and not NOT_SHIPPED.match(name):
            yield f"{name}: unsafe code is allowed here, and SECURITY.md says that it is in the modules sys only"
    workspace = (ROOT / "Cargo.toml").read_text()
    for lint in ("unsafe_code", "undocumented_unsafe_blocks"):
        if f'{lint} = "deny"' not in workspace:
            yield f"Cargo.toml: {lint} is not denied, and SECURITY.md says that it is"
    for name in [*(ROOT / "examples").glob("[!.]*/Cargo.toml"), ROOT / "bootstrap/Cargo.toml", ROOT / "Cargo.toml"]:
        if "[lints]\nworkspace = true" not in name.read_text():
            yield f"{name.relative_to(ROOT)}: has not the lints of the workspace"
    security = (ROOT / "SECURITY.md").read_text()
    for name in sources:
        if name.startswith("src/sys/") and not name.endswith("/tests.rs") and f"`{name}`" not in security:
            if UNSAFE.search((ROOT / name).read_text()):
                yield f"SECURITY.md: {name} has unsafe code and is not in the table that says why"
    for page in pages.files("*.md"):
        for named in NAMED.findall((ROOT / page).read_text()):
            places = (ROOT / named, ROOT / Path(page).parent / named)
            if named not in OTHERS and not re.search(r"[A-Z]{3}", named) and not any(place.exists() for place in places):
                yield f"{page}: there is no {named}"
    yield from not_near(sources)


def not_near(names):
    """Rows of mutants' nearest tests whose files or tests are gone; `names` are the files that there are."""
    listed = (ROOT / "tests/mutants/nearest.txt").read_text().splitlines()
    rows = [line.split() for line in listed if line and not line.startswith("#")]
    taken = {}
    for name in names:
        first = next((row[0] for row in rows if fnmatch.fnmatch(name, row[0])), None)
        taken.setdefault(first, []).append(name)
    folder = {"coldspark": "tests", "coldspark-bootstrap": "bootstrap/tests", "coldspark-emulator": "tests/emulator/tests"}
    layer = [name for name in names if name.startswith(("bootstrap/tests/layer/", "bootstrap/src/"))]
    for pattern, package, *words in rows:
        if pattern not in taken:
            yield f"tests/mutants/nearest.txt: {pattern} is the row of no file; name where its code is now"
        behind = words.index("--") if "--" in words else len(words)
        for before, test in zip(words, words[1:behind]):
            place = ROOT / folder[package] / test
            if before == "--test" and not (place.with_suffix(".rs").is_file() or (place / "main.rs").is_file()):
                yield f"tests/mutants/nearest.txt: {pattern}: there is no test {test}"
        for word in words[behind + 1:]:
            if not any(word.rstrip(":") in name for name in layer):
                yield f"tests/mutants/nearest.txt: {pattern}: no file of the layer's tests is named like {word}"
