#!/usr/bin/env python3
"""Puts the figures of result files into the tables and the prose of the documents.

    tests/docs/figures.py                          print each table
    tests/docs/figures.py --write [RESULTS.json]   put the figures of this file into the tables (without
                                                   it, of the same as before), and into each page the
                                                   numbers that have a mark (prose.py)

A table stands between `<!-- figures: FILE -->` and `<!-- end of figures -->`: all programs and all
figures of FILE in bench/README.md, with `FILE short` a few of them in README.md. check.py compares it with
FILE, which scripts/bench has written, and each marked number with its source. Tables between `<!-- web: FILE -->`
and `<!-- end of web -->` are those of scripts/bench --web (web.py), and those with `calls` those of scripts/bench
--aws (calls.py).
"""

import json
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
import calls
import measured
import pages
import prose
import web

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/kernel"))
import report as kernel_report
PLACE = re.compile(r"<!-- figures: (\S+)( short)? -->\n(.*?)<!-- end of figures -->", re.DOTALL)
# The table of scripts/bench --kernel, in bench/README.md.
COUNTS = re.compile(r"<!-- counts: (\S+) -->\n(.*?)<!-- end of counts -->", re.DOTALL)
# How counts compare with times, on x86_64.
WORTH = re.compile(r"<!-- worth: (\S+) (\S+) -->\n(.*?)<!-- end of worth -->", re.DOTALL)
PAGES = [ROOT / "README.md", ROOT / "bench/README.md"]
# The column, and the name of its times or counts in the file.
COLUMNS = [
    ("init, warm", "init_warm_us"),
    ("init, cold", "init_cold_us"),
    ("first event", "first_event_us"),
    ("warm event", "warm_event_us"),
    ("first response", "first_response_us"),
    ("RSS, kB", "peak_rss_polling_kb"),
    ("page faults", "minor_faults_warm"),
    ("instructions to `next`", "instructions"),
    ("instructions of an event", "event_instructions"),
    ("bytes", "bytes"),
    ("zip", "zip_bytes"),
]
# The columns of the short table, and its rows with what each is. The README is one page, so they are few.
SHORT_COLUMNS = ["init_warm_us", "init_cold_us", "first_response_us", "zip_bytes"]
SHORT_ROWS = {
    "hello": "the library",
    "typed": "the library with typed JSON",
    "layer-worker": "the layer with a worker in C",
    "minlambda": "the smallest other runtime",
    "lambda_runtime": "AWS's for Rust, built like `hello`",
}


def cell(program, name, short):
    if timed := program["timed"].get(name):
        ratio = f"{timed['ratio']['median']:.2f}" if timed["ratio"] else "1.00"
        if short:
            return f"{measured.time(timed['us']['median'])} ({ratio})"
        return f"{ratio} ({timed['us']['median']:,.0f} us)" if program["name"] == "floor" else ratio
    count = program["counted"].get(name)
    if count is not None:
        return f"{count:,}"
    return "not measured"


def table(path, short):
    results = json.loads(path.read_text())
    columns = [pair for pair in COLUMNS if not short or pair[1] in SHORT_COLUMNS]
    lines = ["| program | " + " | ".join(title for title, _ in columns) + " |", "|---" * (len(columns) + 1) + "|"]
    named = {program["name"]: program for program in results["programs"]}
    for name in SHORT_ROWS if short else named:
        title = f"`{name}`, {SHORT_ROWS[name]}" if short else f"`{name}`"
        cells = [cell(named[name], column, short) for _, column in columns]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    machine = results["machine"]
    medians = f"medians of {results['rounds']['warm']} rounds warm and {results['rounds']['cold']} cold"
    if short:
        below = measured.brief_machine(results, medians)
    else:
        below = (
            f"{results['arch']}, {machine['cpu']}, {machine['cores']} cores, {machine['virtualised']}, Linux "
            f"{machine['kernel']}; {results['date']}, commit {results['commit']}, {medians}, load "
            f"{machine['load'][0]:.1f}{measured.repeated(results)}."
        )
    return "\n".join(lines) + f"\n\n{below}\n"


def refusal(path):
    """Why the figures of this file may not go into the tables, or None."""
    results = json.loads(path.read_text())
    if noise := results.get("noise"):
        return f"{path.name} is of a busy machine: {'; '.join(noise)}; measure again"
    for program in results["programs"]:
        for name, time in program["timed"].items():
            for spread in filter(None, (time["us"], time.get("ratio"))):
                if not spread.get("p10", float("inf")) <= spread["median"] <= spread.get("p90", 0):
                    return f"{path.name}: {name} of {program['name']} has no p10 and p90 around its median; measure again"
    return None


def differs():
    """What is wrong with the tables, or None."""
    for page in PAGES:
        name = page.relative_to(ROOT)
        found = PLACE.search(page.read_text())
        if not found:
            return f"{name} has no table of figures between its marks"
        path = ROOT / found[1]
        if not path.is_file():
            return f"{name}: {found[1]}, the results of its figures, is not there"
        if reason := refusal(path):
            return reason
        if found[3] != table(path, found[2]):
            return f"{name}: its figures are not those of {found[1]}; see tests/docs/figures.py --write"
    text = (ROOT / "bench/README.md").read_text()
    if with_counts(text) != text:
        return "bench/README.md: its counts are not those of the file; see tests/docs/figures.py --write"
    for page in map(ROOT.joinpath, pages.files("*.md")):
        text = page.read_text()
        if calls.refreshed(text, ROOT) != text:
            return f"{page.relative_to(ROOT)}: its table of calls is not that of the file; see tests/docs/figures.py --write"
        if web.refreshed(text, ROOT) != text:
            return f"{page.relative_to(ROOT)}: its web table is not that of the file; see tests/docs/figures.py --write"
    return None


def with_counts(text):
    """The page with the counts of their file."""
    found = COUNTS.search(text)
    results = json.loads((ROOT / found[1]).read_text())
    runs = ". ".join(f"{arch}: Linux {one['kernel']}, qemu's {one['cpu']}, {one['date']}, commit {one['commit']}"
                     for arch, one in results.items())
    marked = f"<!-- counts: {found[1]} -->\n{kernel_report.table(results)}\n{runs}.\n<!-- end of counts -->"
    text = text[: found.start()] + marked + text[found.end() :]
    found = WORTH.search(text)
    marked = f"<!-- worth: {found[1]} {found[2]} -->\n{worth(ROOT / found[1], ROOT / found[2])}<!-- end of worth -->"
    return text[: found.start()] + marked + text[found.end() :]


def worth(counts, times):
    """Ratios to the floor: of counts with the kernel, and of times."""
    counted = json.loads(counts.read_text())["x86_64"]["programs"]
    timed = {program["name"]: program["timed"] for program in json.loads(times.read_text())["programs"]}
    lines = ["| program | start, instructions | start, time | warm event, instructions | warm event, time |", "|---|---|---|---|---|"]
    for name in counted:
        cells = []
        for figure, time in (("init", "init_warm_us"), ("warm_event", "warm_event_us")):
            own, floor = (counted[one][figure]["kernel"] + counted[one][figure]["user"] for one in (name, "floor"))
            ratio = timed.get(name, {}).get(time, {}).get("ratio")
            time_ratio = f"{ratio['median']:.2f}" if ratio else "1.00" if name == "floor" else "not measured"
            cells += [f"{own / floor:.2f}", time_ratio]
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def write(results):
    """Puts a file's figures into the tables, and today's numbers into all pages."""
    for page in PAGES:
        text = page.read_text()
        found = PLACE.search(text)
        path = Path(results).resolve() if results else ROOT / found[1]
        if reason := refusal(path):
            sys.exit(f"tests/docs/figures.py: nothing is written: {reason}")
        mark = f"<!-- figures: {path.relative_to(ROOT)}{found[2] or ''} -->"
        marked = f"{mark}\n{table(path, found[2])}<!-- end of figures -->"
        page.write_text(text[: found.start()] + marked + text[found.end() :])
    page = ROOT / "bench/README.md"
    page.write_text(with_counts(page.read_text()))
    for page in map(ROOT.joinpath, pages.files("*.md")):
        text = page.read_text()
        try:
            today = prose.refreshed(calls.refreshed(web.refreshed(text, ROOT), ROOT))
        except prose.Unknown as error:
            sys.exit(f"{page.relative_to(ROOT)}: {error}")
        if today != text:
            page.write_text(today)
            print(f"{page.relative_to(ROOT)}: numbers refreshed")


def main(arguments):
    if arguments[:1] == ["--write"] and len(arguments) <= 2:
        write(arguments[1] if arguments[1:] else None)
    elif arguments:
        return __doc__
    else:
        for page in PAGES:
            found = PLACE.search(page.read_text())
            print(f"{page.relative_to(ROOT)}\n\n{table(ROOT / found[1], found[2])}")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
