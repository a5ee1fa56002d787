"""The tables of functions whose answer waits for a call of an AWS service, from a file of scripts/bench --aws."""

import re

import measured
from measured import time

PLACE = re.compile(r"(<!-- calls: (\S+)( short| brief)? -->\n).*?(<!-- end of calls -->)", re.DOTALL)
OWN = "aws"
DOCS = "lambda_runtime-sdk-docs"
# The column, its name in the file, and whether its ratio to our client stands there too.
COLUMNS = [
    ("init", "init_warm_us", False),
    ("spawn to first answer", "first_response_us", True),
    ("CPU time until then", "first_response_cpu_us", False),
    ("spawn to first answer, cold page cache", "first_response_cold_us", False),
    ("128 MB: init", "init_128mb_us", False),
    ("128 MB: first event", "first_event_128mb_us", False),
    ("128 MB: spawn to first answer", "first_response_128mb_us", True),
    ("1 ms away: init", "init_away_us", False),
    ("1 ms away: spawn to first answer", "first_response_away_us", True),
    ("warm event", "warm_event_us", False),
    ("warm event, 1 ms away", "warm_event_away_us", False),
]
SHORT_COLUMNS = ["first_response_us", "first_response_128mb_us", "first_response_away_us"]
COUNTS = [("peak RSS, kB", "peak_rss_call_kb"), ("bytes", "bytes"), ("zip", "zip_bytes")]
SHORT_COUNTS = ["zip_bytes"]
# The rows of the short table, and what each is.
TITLES = {
    OWN: "coldspark with its own client (feature `aws`)",
    "aws-sdk": "coldspark with the SDK, by our guide",
    "aws-sdk-defaults": "coldspark with the SDK's defaults",
    "lambda_runtime-sdk-expert": "`lambda_runtime`, an expert's build",
    "lambda_runtime-sdk-no-jitter": "`lambda_runtime`, the SDK's defaults without jitter entropy",
    "lambda_runtime-sdk": "`lambda_runtime`, the SDK's defaults, static",
    DOCS: "`lambda_runtime`, as documented",
}
# The rows of the brief table, which has the times only.
BRIEF = [OWN, "aws-sdk", "lambda_runtime-sdk-expert", "lambda_runtime-sdk-no-jitter", DOCS]
# How little of another program's time ours may take, and how many bytes it may have.
AIMS = [
    ("first answer / that of the documented build", DOCS, "first_response_us", 1 / 15),
    ("the same with 128 MB", DOCS, "first_response_128mb_us", 1 / 50),
    ("first answer / that without jitter entropy", "lambda_runtime-sdk-no-jitter", "first_response_us", 1 / 2),
    ("first answer / that of the expert's build", "lambda_runtime-sdk-expert", "first_response_us", 0.7),
]
MOST_BYTES = 1_350_000


def cell(program, name, with_ratio):
    timed = program["timed"].get(name)
    if not timed:
        return "skipped" if program["failed"].get(name, "").startswith("skipped") else "not measured"
    ratio = f" ({timed['ratio']['median']:.2f})" if with_ratio and timed["ratio"] else ""
    return time(timed["us"]["median"]) + ratio


def rows(results, form):
    columns = [column for column in COLUMNS if not form or column[1] in SHORT_COLUMNS]
    counts = {None: COUNTS, " short": [column for column in COUNTS if column[1] in SHORT_COUNTS], " brief": []}[form]
    shown = BRIEF if form == " brief" else TITLES
    titles = [title for title, *_ in columns + counts]
    lines = ["| program | " + " | ".join(titles) + " |", "|---" * (len(titles) + 1) + "|"]
    for program in results["calls"]:
        name = program["name"]
        if form and name not in shown:
            continue
        cells = [cell(program, column, with_ratio) for _, column, with_ratio in columns]
        for _, column in counts:
            count = program["counted"].get(column)
            cells.append("not measured" if count is None else f"{count:,}")
        lines.append(f"| {TITLES[name] if form else f'`{name}`'} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def aims(results):
    programs = {program["name"]: program for program in results["calls"]}
    lines = ["| aim for `aws` | measured | limit | |", "|---|---|---|---|"]

    def line(what, value, limit, fits):
        lines.append(f"| {what} | {value} | {limit} | {'holds' if fits else '**missed**'} |")

    for what, other, figure, limit in AIMS:
        timed = programs[other]["timed"].get(figure) if other in programs else None
        if timed:
            part = 1 / timed["ratio"]["median"]
            line(what, f"{part:.3f}", f"{limit:.3f}", part <= limit)
        else:
            lines.append(f"| {what} | not measured | {limit:.3f} | |")
    size = programs[OWN]["counted"]["bytes"]
    line("bytes", f"{size:,}", f"{MOST_BYTES:,}", size <= MOST_BYTES)
    return "\n".join(lines)


def table(path, form):
    """The table of a file, with the machine below it."""
    results = measured.read(path, "calls", "--aws")
    trip = results.get("away_round_trip_us")
    away = f", {trip / 1000:.2f} ms of round trip where it says 1 ms" if trip else ""
    medians = f"medians of up to {results['rounds']['warm']} rounds{away}"
    if form == " brief":
        return f"{rows(results, form)}\n\n{measured.brief_machine(results, 'medians')}\n"
    missing = "".join(f" `{one['name']}`: {one['reason']}." for one in results["missing"])
    body = rows(results, form) + ("" if form else "\n\n" + aims(results))
    return f"{body}\n\n{measured.machine(results, medians)}{missing}\n"


def refreshed(text, root):
    """The page with the tables of today."""
    return measured.refreshed(PLACE, text, root, table)
