"""The table of src/guide/migration.md that compares how long functions are: its counts of tests/ported are
those of the files, and no function is longer than the one that it was written after."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = "src/guide/migration.md"
PROGRAMS = ROOT / "tests/ported/src/bin"
# | `http-cors` | 30 | 17 |
ROW = re.compile(r"^\| `([a-z-]+)` \| (\d+) \| (\d+) \|$", re.M)


def lines(source):
    """Lines that are neither empty nor only a comment."""
    stripped = (line.strip() for line in source.splitlines())
    return sum(1 for line in stripped if line and not line.startswith("//"))


def differs():
    """What the table says otherwise than the files."""
    rows = {name: (int(theirs), int(ours)) for name, theirs, ours in ROW.findall((ROOT / PAGE).read_text())}
    counted = {file.stem: lines(file.read_text()) for file in PROGRAMS.glob("*.rs")}
    if rows.keys() != counted.keys() or not rows:
        yield f"{PAGE}: its table of lines has {sorted(rows)}, and tests/ported has {sorted(counted)}"
        return
    for name, (theirs, ours) in rows.items():
        if ours != counted[name]:
            yield f"{PAGE}: {name} has {counted[name]} lines, and the table says {ours}"
        if ours > theirs:
            yield f"{PAGE}: {name} is longer than the peer's, {ours} lines to {theirs}"
