#!/usr/bin/env python3
"""The README's table of figures is that of a file of results, and numbers in prose are too.

    tests/docs/figures.py                          print the table of the file that the README names
    tests/docs/figures.py --write [RESULTS.json]   put the table of this file into the README (without
                                                   it, of the same as before), and into each page the
                                                   numbers that have a mark (prose.py)

The table stands between `<!-- figures: FILE -->` and `<!-- end of figures -->`; check.py compares
it with FILE, which scripts/bench has written, and each marked number with its source.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
import prose

ROOT = Path(__file__).resolve().parents[2]
PLACE = re.compile(r"(<!-- figures: (\S+) -->\n)(.*?)(<!-- end of figures -->)", re.DOTALL)
# The column, and its name in the file: of what was timed, or of what was counted.
COLUMNS = [
    ("init, warm", "init_warm_us"),
    ("init, cold", "init_cold_us"),
    ("first event", "first_event_us"),
    ("warm event", "warm_event_us"),
    ("first response", "first_response_us"),
    ("RSS, kB", "peak_rss_polling_kb"),
    ("page faults", "minor_faults_warm"),
    ("instructions", "instructions"),
    ("of an event", "event_instructions"),
    ("bytes", "bytes"),
    ("zip", "zip_bytes"),
]


def cell(program, name):
    if timed := program["timed"].get(name):
        ratio = f"{timed['ratio']['median']:.2f}" if timed["ratio"] else "1.00"
        return f"{ratio} ({timed['us']['median']:,.0f} us)" if program["name"] == "floor" else ratio
    count = program["counted"].get(name)
    if count is not None:
        return f"{count:,}"
    return "not measured"


def table(path):
    results = json.loads(path.read_text())
    lines = ["| program | " + " | ".join(title for title, _ in COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for program in results["programs"]:
        cells = [cell(program, name) for _, name in COLUMNS]
        lines.append(f"| `{program['name']}` | " + " | ".join(cells) + " |")
    machine = results["machine"]
    return "\n".join(lines) + (
        f"\n\n{results['arch']}, {machine['cpu']}, {machine['cores']} cores, {machine['virtualised']}, Linux "
        f"{machine['kernel']}; {results['date']}, commit {results['commit']}, medians of {results['rounds']['warm']} "
        f"rounds warm and {results['rounds']['cold']} cold, load {machine['load'][0]:.1f}.\n"
    )


def differs(readme=ROOT / "README.md"):
    """What is wrong with the README's table, or nothing."""
    found = PLACE.search(readme.read_text())
    if not found:
        return "README.md has no table of figures between its marks"
    path = ROOT / found[2]
    if not path.is_file():
        return f"README.md: {found[2]}, the results of its figures, is not there"
    if found[3] != table(path):
        return f"README.md: its figures are not those of {found[2]}; see tests/docs/figures.py --write"
    return None


def pages():
    """The Markdown files of the checkout."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        capture_output=True, text=True, check=True,
    )
    return [ROOT / name for name in listed.stdout.split() if (ROOT / name).exists()]


def write(results):
    """Puts a file's table into the README, and today's numbers into all pages."""
    readme = ROOT / "README.md"
    text = readme.read_text()
    path = Path(results).resolve() if results else ROOT / PLACE.search(text)[2]
    marked = f"<!-- figures: {path.relative_to(ROOT)} -->\n{table(path)}<!-- end of figures -->"
    readme.write_text(PLACE.sub(lambda _: marked, text))
    for page in pages():
        text = page.read_text()
        try:
            fresh = prose.refreshed(text)
        except prose.Unknown as error:
            sys.exit(f"{page.relative_to(ROOT)}: {error}")
        if fresh != text:
            page.write_text(fresh)
            print(f"{page.relative_to(ROOT)}: numbers refreshed")


def main(arguments):
    if arguments[:1] == ["--write"] and len(arguments) <= 2:
        write(arguments[1] if arguments[1:] else None)
    elif arguments:
        return __doc__
    else:
        print(table(ROOT / PLACE.search((ROOT / "README.md").read_text())[2]))
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
